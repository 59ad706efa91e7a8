"""Every list, record and form of the admin, walked by its registry: Unfold's pages under our colours and templates."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page

from tests.admin.conftest import signed_in
from tests.browser.conftest import NewContext
from tests.browser.test_pages import KEPT, LOOKS
from tests.browser.world import World

pytestmark = pytest.mark.browser


def _paths(user: User) -> Iterator[tuple[str, str]]:
    """Each list, the newest record of each, and each form to add one, by name."""
    request = RequestFactory().get("/")
    request.user = user
    for model, register in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}-list", reverse(f"admin:{name}_changelist")
        newest = model._default_manager.order_by("-pk").first()
        assert newest is not None, f"there is no {model._meta.verbose_name} to look at"
        yield f"{name}-record", reverse(f"admin:{name}_change", args=[newest.pk])
        if register.has_add_permission(request):
            yield f"{name}-add", reverse(f"admin:{name}_add")


def _faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    faults = [f"axe: {each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > page.evaluate("window.innerWidth"):
        faults.append(f"{wide} px wide")
    return faults


@pytest.mark.long
@pytest.mark.parametrize(("scheme", "size"), LOOKS, ids=lambda value: str(value) if isinstance(value, str) else "")
def test_every_record_of_the_admin_is_accessible_and_fits_a_phone(
    desk: World, new_context: NewContext, scheme: str, size: dict[str, Any]
) -> None:
    user = User.objects.create_superuser("operator", email="operator@example.org")
    context = new_context(viewport=size, color_scheme=scheme)
    context.add_cookies([{"name": "sessionid", "value": signed_in(user).cookies["sessionid"].value, "url": desk.url}])
    page = context.new_page()
    faults: list[str] = []
    for name, path in _paths(user):
        answer = page.goto(desk.url + path)
        assert answer
        assert answer.status == 200, path
        if KEPT and (kept := KEPT / "records").is_dir():
            page.screenshot(path=kept / f"{name}-{scheme}-{size['width']}.png", full_page=True)
        faults += [f"{name}: {each}" for each in _faults(page)]
    assert not faults, "\n".join(faults)
