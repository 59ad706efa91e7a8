"""The proof of work in a browser: done by itself, under the site's policy, with nothing asked of anyone else."""

import pytest
from axe_playwright_python.sync_playwright import Axe
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


@pytest.mark.usefixtures("_always")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_at_work_and_done_it_is_of_a_piece_with_the_site(
    world: World, new_context: NewContext, scheme: str, width: int
) -> None:
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.route("**/subscribe/challenge/", lambda route: None)
    page.goto(f"{world.url}/subscribe/")
    expect(page.locator("altcha-widget")).to_contain_text("Your browser is at work")
    assert _faults(page) == []
    page.unroute("**/subscribe/challenge/")
    page.reload()
    expect(page.locator("altcha-widget")).to_contain_text("Your browser has done its work", timeout=60_000)
    assert _faults(page) == []
    box = page.locator("altcha-widget .altcha-main")
    assert box.evaluate("each => getComputedStyle(each).backgroundColor") == page.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )


def _faults(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the window."""
    found = [f"{each['id']}: {node['html'][:120]}" for each in Axe().run(page).response["violations"] for node in each["nodes"]]
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [*found, *(["wider than the window"] if wide else [])]
