"""Every message in a browser: accessible, whole on a phone, with links large enough for a thumb, loading nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import NewContext
from tests.messages.test_golden import GOLDEN

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 360, "height": 740}, {"width": 680, "height": 900}
MESSAGES = sorted(GOLDEN.glob("*.html"))
# Links within a sentence are as high as its line (WCAG 2.2, success criterion 2.5.8, exception for inline targets).
SMALL_LINKS = """[...document.querySelectorAll("a")].filter(link => !link.closest(".lede"))
    .map(link => [link.textContent, link.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44).map(([words]) => words)"""
LEVELS = "[...document.querySelectorAll('h1, h2, h3')].map(each => each.tagName).join(' ')"
LINKS_WITHOUT_PLACE = """[...document.querySelectorAll(".actions a, .reason a")]
    .filter(link => !link.ariaLabel && !link.closest("[role=article][aria-label]")).length"""


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)])
def test_every_message_can_be_read_by_everyone(new_context: NewContext, scheme: str, size: dict[str, int]) -> None:
    page = new_context(viewport=size, color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    faults = []
    for message in MESSAGES:
        page.goto(message.as_uri())
        for violation in Axe().run(page).response["violations"]:
            faults += [f"{message.stem}: {violation['id']}: {node['html'][:120]}" for node in violation["nodes"]]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            faults.append(f"{message.stem}: wider than the screen")
        if not page.evaluate(LEVELS).startswith("H1") or page.evaluate(LEVELS).count("H1") != 1:
            faults.append(f"{message.stem}: headings {page.evaluate(LEVELS)}")
        if page.evaluate(LINKS_WITHOUT_PLACE):
            faults.append(f"{message.stem}: links that belong to no named paper")
        if page.locator("img").count():
            faults.append(f"{message.stem}: needs images")
        if size is PHONE and (small := page.evaluate(SMALL_LINKS)):
            faults.append(f"{message.stem}: too small for a thumb: {', '.join(small)}")
    assert faults == []
    assert [url for url in asked if not url.startswith("file:")] == []
