"""The admin under its policy: what Unfold needs works, and nothing more is allowed."""

import pytest
from django.contrib.auth.models import User

from tests.browser.conftest import NewContext
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_the_admin_works_without_a_complaint_of_the_browser(world: World, new_context: NewContext) -> None:
    User.objects.create_superuser("operator", password="a long password of the operator")
    world.person("ada@example.org")
    page = new_context(viewport={"width": 1280, "height": 800}).new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(f"{said.text} {said.location}") if said.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((world.url, "data:")) else complaints.append(asked.url))
    page.goto(f"{world.url}/admin/login/?next=/admin/")
    page.locator("input[name=username]").fill("operator")
    page.locator("input[name=password]").fill("a long password of the operator")
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    for path in ("/admin/", "/admin/subscriptions/subscriber/", "/admin/digest/paper/", "/admin/subscriptions/topic/"):
        page.goto(world.url + path)
        page.wait_for_load_state("networkidle")
    assert complaints == []
