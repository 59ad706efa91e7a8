"""What mail clients make of our HTML, by the data of caniemail.com (npm caniemail, run by the Node of a wheel)."""

from tests import node
from tests.messages.test_golden import GOLDEN

# What some client of Apple, Gmail or Outlook lacks and we use all the same, and what its readers see instead.
ALLOWED = {
    "<body> element": "Some turn it into a <div>: its background then comes from the table within, which has the same class.",
    "<style> element": "Clients without it keep every inline style; only dark mode and the narrower phone margins go.",
    "@media": "As above: light colours and the wide layout, which reads well at any width.",
    "color-scheme meta tag": "A hint that dark mode is provided for; clients that do not know it pass over it.",
    "max-height property": "On the preheader alone, which is hidden by display: none and its colour as well.",
    "overflow": "On the preheader alone, as above.",
    "max-width": "Windows' Outlook gets a table of 600 pixels in a conditional comment instead.",
    "align attribute": "On tables, where the clients named take margin: 0 auto, which is there too.",
    "background": "Plain colours only, which every client takes; images are what some lack.",
    "border": "Solid lines on table cells, which Windows' Outlook draws.",
    "dir attribute": "Outlook takes it on blocks; where it is ignored, letters still carry their own direction (UAX #9).",
    "display": "Only none, on the preheader.",
    "display:none": "On the preheader, whose text then shows in the colour of the paper.",
    "font-size": "In pixels, which all take; other units are what some lack.",
    "font-weight": "Only bold, which all take.",
    "height property": "On spacer cells, which have a line height of the same size.",
    "letter-spacing": "In pixels; without it the masthead is set closer.",
    "line-height": "Windows' Outlook rounds it.",
    "margin": "No negative ones and none but auto and pixels; where auto is lacking, align does it.",
    "padding": "On table cells, where all take it; on the bar beside a reason, which stands closer in Windows' Outlook.",
    "text-align": "Only left and center, which all take.",
    "text-decoration": "Only none, on links; without it they are underlined.",
    "text-transform": "On the masthead; without it the name stands as it is written.",
    "width attribute": "On tables, where all take it.",
    "width property": "On tables, in per cent, where all take it.",
    "word-break": "On the copied link of notices; without it a narrow phone scrolls.",
    "border-radius": "On the button; without it the corners are square.",
}


def test_every_feature_that_a_client_lacks_is_used_for_a_reason() -> None:
    found: set[str] = set()
    for page in sorted(GOLDEN.glob("*.html")):
        found |= set(node.run("lint.mjs", page.read_bytes()))
    assert found <= set(ALLOWED), f"not in the list of reasons: {sorted(found - set(ALLOWED))}"
    assert set(ALLOWED) <= found, f"no longer used, so no reason is needed: {sorted(set(ALLOWED) - found)}"
