"""Every page: accessible, whole on a phone, in light and dark, loading nothing from elsewhere.

With SCREENS=directory in the environment the pages are also kept there as pictures; `make screens` does that.
"""

import datetime as dt
import io
import json
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, Response
from pytest_django import Settings

from digest import trending
from tests import node
from tests.browser.catalogue import screens
from tests.browser.conftest import NewContext
from tests.browser.screen import Screen
from tests.browser.world import World

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
KEPT = Path(os.environ["SCREENS"]) if os.environ.get("SCREENS") else None
ONLY = set(filter(None, os.environ.get("ONLY", "").split(",")))
"""Names of pages, when only some are to be looked at."""
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
        taken = page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]  # FloatRect
        # Pages have few colours: a palette of them looks the same and takes half the room.
        palette = Image.open(io.BytesIO(taken)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        palette.save(KEPT / f"{screen.name}-{scheme}-{width}.png", optimize=True)


Sources = dict[str, str]
"""HTML as it was sent, by the name of its page."""


def look(
    world: World, new_context: NewContext, screen: Screen, scheme: str, size: dict[str, int], sources: Sources | None = None
) -> list[str]:
    """What is wrong with a page under a look; its HTML goes into `sources`."""
    context = new_context(viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="Europe/Paris")
    page = context.new_page()
    seen: list[str] = []
    statuses = [0]
    page.on(
        "console", lambda said: seen.append(f"console: {said.text}") if "Failed to load resource" not in said.text else None
    )
    page.on("pageerror", lambda error: seen.append(f"script: {error}"))
    page.on("request", lambda asked: None if asked.url.startswith(world.url) else seen.append(f"elsewhere: {asked.url}"))

    answers: list[Response] = []

    def answered(response: Response) -> None:
        if response.request.is_navigation_request():
            statuses.append(response.status)
            answers.append(response)

    page.on("response", answered)
    screen.show(page, world)
    # A click returns when the answer has begun to arrive.
    page.wait_for_load_state()
    _keep(page, screen, scheme, size["width"])
    if sources is not None and answers[-1].headers.get("content-type", "").startswith("text/html"):
        sources[screen.name] = answers[-1].text()
    faults = seen + _faults(page, statuses[-1], screen)
    context.close()
    return faults


def invalid(sources: Sources) -> dict[str, list[str]]:
    """What of the pages' HTML is not as its standard asks (html-validate), by page."""
    found: dict[str, list[str]] = node.run("validate.mjs", json.dumps(sources).encode())
    return found


@pytest.mark.long
def test_every_page_is_accessible_fits_a_phone_and_loads_nothing_from_elsewhere(world: World, new_context: NewContext) -> None:
    faults, sources = {}, Sources()
    for screen in screens:
        if ONLY and screen.name not in ONLY:
            continue
        for scheme, size in LOOKS:
            if found := look(world, new_context, screen, scheme, size, sources):
                faults[f"{screen.name}, {scheme}, {size['width']} px"] = found
    assert faults == {}
    assert invalid(sources) == {}


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

    monkeypatch.setattr(trending, "latest", broken)

    def home(page: Page, world: World) -> None:
        page.goto(f"{world.url}/")

    pages = [Screen("failure", home, 500), Screen("too-many", too_many, 429)]
    faults = {
        (screen.name, scheme): found
        for screen in pages
        for scheme, size in LOOKS
        if (found := look(world, new_context, screen, scheme, size))
    }
    assert faults == {}


def _tab_until(page: Page, condition: str) -> None:
    """Press the tabulator until the condition holds of `each`, the element with the focus, which can be seen to have it."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate(f"((each) => {condition})(document.activeElement)"):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    raise AssertionError(f"the keyboard does not lead to where {condition}")


def _tab_to(page: Page, name: str) -> None:
    """To the link or button that is called so, by its label or its text."""
    _tab_until(page, f"(each.ariaLabel || each.textContent).trim().startsWith({json.dumps(name)})")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_reader_finds_a_paper_by_keyboard_alone(world: World, new_context: NewContext, scripts: bool) -> None:
    page = new_context(viewport=DESK, java_script_enabled=scripts).new_page()
    today = dt.datetime.now(dt.UTC).date()
    page.goto(f"{world.url}/")
    if not scripts:
        # Without scripts nothing can be asked of the focus either: the links lead where they say.
        page.locator(".calendar td a").last.press("Enter")
        page.wait_for_url(f"**/papers/{today}")
        page.get_by_label("Topic", exact=True).select_option("robotics")
        page.get_by_role("button", name="Show").press("Enter")
        page.wait_for_url(f"**/papers/{today}?topic=robotics")
        return
    _tab_to(page, "Day")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/papers/{today}")
    _tab_to(page, "Newest")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/papers/{today}?order=newest")
    _tab_to(page, f"{today.day} {today:%B %Y}, 64 papers")
    title = page.locator(".papers .title a").first.inner_text()
    _tab_to(page, title)
    page.keyboard.press("Enter")
    page.wait_for_url("**/papers/*/")
    assert page.locator("h1").inner_text() == title


def test_a_citation_is_copied_and_colours_are_kept(world: World, new_context: NewContext) -> None:
    context = new_context(viewport=DESK, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=world.url)
    page = context.new_page()
    page.goto(f"{world.url}/papers/{world.whole_paper()}/")
    page.get_by_role("button", name="Copy BibTeX").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@misc{")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Colours: as the system").click()
    page.get_by_role("button", name="Colours: light").click()
    dark = page.evaluate(colour)
    assert light != dark
    page.goto(f"{world.url}/topics/")
    assert page.evaluate(colour) == dark
    assert page.get_by_role("button", name="Colours: dark").is_visible()
    assert context.cookies() == []
