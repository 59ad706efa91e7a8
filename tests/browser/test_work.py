"""The proof of work in a browser: done by itself, under the site's policy, with nothing asked of anyone else."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from subscriptions.models import Request
from tests.browser.conftest import NewContext
from tests.browser.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _always(settings: Settings) -> None:
    settings.PROOF_OF_WORK = "always"


def _page(context: NewContext, world: World, complaints: list[str], asked: list[str], **options: object) -> Page:
    page = context(**options).new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{world.url}/subscribe/")
    return page


@pytest.mark.usefixtures("_always")
def test_a_browser_does_the_work_and_signs_up(world: World, new_context: NewContext) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page = _page(new_context, world, complaints, asked, viewport={"width": 360, "height": 800})
    expect(page.locator("input[name=altcha]")).not_to_have_value("", timeout=120_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Your email address").fill("grace@example.org")
    page.get_by_role("button", name="Send me papers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("inbox")
    assert Request.objects.count() == 1
    assert [each for each in asked if not each.startswith((world.url, "blob:", "data:"))] == []
    assert complaints == []


@pytest.mark.usefixtures("_always")
def test_without_scripts_the_form_says_what_happens_and_still_works(world: World, new_context: NewContext) -> None:
    page = _page(new_context, world, [], [], java_script_enabled=False)
    assert "your browser runs no scripts" in page.inner_text("form[data-signup]")
    page.get_by_label("Your email address").fill("grace@example.org")
    page.get_by_role("button", name="Send me papers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("inbox")
    assert Request.objects.count() == 1
