"""Every page: accessible, whole on a phone, in light and dark, loading nothing from elsewhere.

With SCREENS=directory in the environment the pages are also kept there as pictures; `make screens` does that.
"""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django import Settings

from digest.views import public
from tests.browser.catalogue import Screen, screens
from tests.browser.conftest import NewContext
from tests.browser.world import World

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
KEPT = Path(os.environ["SCREENS"]) if os.environ.get("SCREENS") else None
LOOKS = [("light", PHONE), ("dark", DESK)] + ([("dark", PHONE), ("light", DESK)] if KEPT else [])


def _faults(page: Page, status: int, screen: Screen) -> list[str]:
    """What is wrong with the page that is open."""
    faults = [] if status == screen.status else [f"status {status}"]
    for violation in Axe().run(page).response["violations"]:
        faults += [f"axe: {violation['id']}: {node['html'][:120]}" for node in violation["nodes"]]
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > page.evaluate("window.innerWidth"):
        faults.append(f"{wide} px wide")
    if page.locator("h1").count() != 1:
        faults.append("not one h1")
    return faults


def _keep(page: Page, screen: Screen, scheme: str, width: int) -> None:
    if KEPT:
        KEPT.mkdir(parents=True, exist_ok=True)
        tall = page.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": min(tall, 1600)}
        page.screenshot(path=KEPT / f"{screen.name}-{scheme}-{width}.png", full_page=True, clip=clip)  # type: ignore[arg-type]  # FloatRect


def _look(world: World, new_context: NewContext, screen: Screen, scheme: str, size: dict[str, int]) -> list[str]:
    context = new_context(viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="Europe/Paris")
    page = context.new_page()
    seen: list[str] = []
    statuses = [0]
    page.on(
        "console", lambda said: seen.append(f"console: {said.text}") if "Failed to load resource" not in said.text else None
    )
    page.on("pageerror", lambda error: seen.append(f"script: {error}"))
    page.on("request", lambda asked: None if asked.url.startswith(world.url) else seen.append(f"elsewhere: {asked.url}"))

    def answered(response: object) -> None:
        if getattr(response, "request").is_navigation_request():  # noqa: B009 - the handler takes any event
            statuses.append(getattr(response, "status"))  # noqa: B009 - as above

    page.on("response", answered)
    screen.show(page, world)
    # A click returns when the answer has begun to arrive.
    page.wait_for_load_state()
    _keep(page, screen, scheme, size["width"])
    return seen + _faults(page, statuses[-1], screen)


def test_every_page_is_accessible_fits_a_phone_and_loads_nothing_from_elsewhere(world: World, new_context: NewContext) -> None:
    faults = {}
    for screen in screens():
        for scheme, size in LOOKS:
            if found := _look(world, new_context, screen, scheme, size):
                faults[f"{screen.name}, {scheme}, {size['width']} px"] = found
    assert faults == {}


def test_a_failure_and_a_refusal_have_pages_too(
    world: World, new_context: NewContext, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    def too_many(page: Page, world: World) -> None:
        settings.REQUESTS_PER_NETWORK_AND_HOUR = 0
        page.goto(f"{world.url}/preferences/")
        page.get_by_label("Your email address").fill("ada@example.org")
        page.get_by_role("button", name="Mail me a link").click()

    monkeypatch.setattr(public, "trending", broken)

    def home(page: Page, world: World) -> None:
        page.goto(f"{world.url}/")

    pages = [Screen("failure", home, 500), Screen("too-many", too_many, 429)]
    faults = {
        (screen.name, scheme): found
        for screen in pages
        for scheme, size in LOOKS
        if (found := _look(world, new_context, screen, scheme, size))
    }
    assert faults == {}
