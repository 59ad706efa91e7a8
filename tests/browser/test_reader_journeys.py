"""What readers do beyond receiving: by keyboard alone, with JavaScript and without, on a phone and at a desk."""

import datetime as dt
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from digest import submissions
from digest.models import Feedback, Submission, Upvote
from subscriptions import tokens
from subscriptions.models import Request, Subscription
from tests.browser.conftest import NewContext
from tests.browser.readers import a_paper, reader, served, sign_in, vote_path
from tests.browser.test_pages import DESK, PHONE
from tests.browser.world import World, link_to

pytestmark = pytest.mark.browser
WAYS = pytest.mark.parametrize(
    ("scripts", "size"), [(True, DESK), (False, PHONE)], ids=["a desk with JavaScript", "a phone without JavaScript"]
)


def _heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def _tab_to(page: Page, words: str, most: int = 60) -> None:
    """Press Tab until the element with these words (or this label) has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const e = document.activeElement;"
            " const own = e.matches('button, a, summary') ? e.innerText : '';"
            " return [own, e.getAttribute('aria-label'), e.labels && e.labels[0] && e.labels[0].innerText].join(' ') })()"
        )
        if words in focused:
            return
    pytest.fail(f"Tab never reached “{words}”")


def test_signing_up_takes_a_keyboard_alone(world: World, new_context: NewContext) -> None:
    page = new_context(viewport=DESK).new_page()
    page.goto(f"{world.url}/subscribe/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    _tab_to(page, "Your email address")
    page.keyboard.type("keyboard@example.org")
    _tab_to(page, "Topics")
    page.keyboard.press("Enter")
    _tab_to(page, "Find a topic")
    page.keyboard.type("koopman")
    _tab_to(page, "Koopman operators")
    page.keyboard.press("Space")
    assert page.locator("input[name=topics]:checked").get_attribute("value") == "koopman"
    assert page.locator("[data-words]:visible").count() < 10
    assert page.locator("[data-count]").text_content() == "1 chosen"
    _tab_to(page, "Show me this week")
    page.keyboard.press("Enter")
    page.locator(".would-be").wait_for()
    assert page.evaluate("document.activeElement.id") == "preview"
    page.get_by_label("Your email address").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/subscribe/")
    assert _heading(page) == "Check your inbox"
    assert urlsplit(page.url).query == ""
    assert Request.objects.get().wishes["topics"] == ["koopman"]


@WAYS
def test_a_vote_is_cast_by_keyboard_and_undone(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    ada, paper = reader(world), a_paper()
    page.goto(world.url + vote_path(ada, paper.pk, "mute"))
    assert not Feedback.objects.exists()
    button = page.get_by_role("button", name="Never show it again")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="It will not come again").wait_for()
    page.get_by_role("button", name="Never show ").first.click()
    assert ada.interests.filter(excluded=True).count() == 1
    page.get_by_role("button", name="Undo: show it again").click()
    assert not ada.interests.filter(excluded=True).exists()
    page.get_by_role("button", name="Undo", exact=True).click()
    assert _heading(page) == "Undone"
    assert not Feedback.objects.exists()


@WAYS
def test_a_reason_is_stopped_and_brought_back(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    ada = reader(world)
    interest = ada.interests.order_by("id")[0]
    page.goto(world.url + tokens.stop_interest_path(tokens.message_token(ada.pk, 0), interest.pk))
    page.get_by_role("button", name="Stop matching on it").click()
    assert not ada.interests.filter(pk=interest.pk).exists()
    page.get_by_role("button", name="Undo").click()
    assert ada.interests.filter(pk=interest.pk).exists()


@WAYS
def test_saved_papers_wait_and_leave_as_bibtex(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    ada, paper = reader(world), a_paper()
    page.goto(world.url + vote_path(ada, paper.pk, "save"))
    page.get_by_role("button", name="Save this paper").click()
    sign_in(page, world, ada, "/you/saved/")
    assert paper.title in page.locator("main").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="All as BibTeX").click()
    assert download.value.suggested_filename == "paper-round.bib"
    page.get_by_role("button", name="Take off the list").click()
    assert "Nothing is saved yet" in page.locator("main").inner_text()


@WAYS
def test_a_second_digest_is_added_paused_and_stopped(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    ada = reader(world)
    sign_in(page, world, ada)
    page.get_by_role("link", name="Add another digest").click()
    page.get_by_label("Name", exact=True).fill("Mathematics")
    page.get_by_label("Key terms").fill("wavelets")
    page.get_by_label("Minutes of reading").fill("15")
    page.get_by_role("button", name="Add this digest").click()
    added = Subscription.objects.get(name="Mathematics")
    assert (added.subscriber_id, added.minutes) == (ada.subscriber_id, 15)
    page.goto(f"{world.url}/you/digests/{added.pk}/")
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=40)).date()
    page.get_by_label("Or until a day").fill(until.isoformat())
    page.get_by_role("button", name="Pause until then").click()
    assert page.get_by_role("status").first.inner_text().startswith("Paused.")
    page.get_by_role("link", name="Stop this digest").click()
    page.get_by_role("button", name="Stop this digest").click()
    assert list(Subscription.objects.live()) == [ada]


@WAYS
def test_a_visitor_upvotes_by_way_of_a_mailed_link(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    context = new_context(java_script_enabled=scripts, viewport=size)
    page = context.new_page()
    ada, paper = reader(world), a_paper()
    page.goto(f"{world.url}/papers/{paper.pk}/")
    page.get_by_role("button", name="Upvote").first.click()
    assert _heading(page) == "Open a session"
    assert not context.cookies()
    page.get_by_label("Your email address").fill(ada.subscriber.address)
    page.get_by_role("button", name="Mail me a link").click()
    world.post()
    page.goto(world.url + link_to(*world.messages(ada.subscriber.address), start="/session/"))
    page.get_by_role("button", name="Open my preferences").click()
    assert _heading(page) == "Upvote this paper?"
    page.get_by_role("button", name="Upvote").click()
    assert _heading(page) == "Upvoted"
    assert Upvote.objects.get().subscriber_id == ada.subscriber_id
    # With the session open, the button of a public page is enough.
    page.goto(f"{world.url}/papers/{paper.pk}/")
    page.get_by_role("button", name="Upvote").first.click()
    assert _heading(page) == "Upvoted"
    page.get_by_role("button", name="Take it back").click()
    assert not Upvote.objects.exists()


@WAYS
def test_a_paper_is_brought_and_becomes_public_after_a_yes(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    sign_in(page, world, reader(world), "/submit/")
    page.get_by_label("arXiv id or link").fill("https://papers.example.net/lifting")
    page.get_by_role("button", name="Submit this paper").click()
    page.get_by_label("Title").fill("Lifting nonlinear dynamics")
    page.get_by_role("button", name="Submit this paper").click()
    assert "Only you see this" in page.locator("main").inner_text()
    submissions.approve(Submission.objects.get(), "AK", dt.datetime.now(dt.UTC))
    page.reload()
    page.get_by_role("link", name="Its page").click()
    assert _heading(page) == "Lifting nonlinear dynamics"


@WAYS
def test_an_issue_is_found_again_and_a_feed_gets_a_new_address(
    world: World, new_context: NewContext, scripts: bool, size: dict[str, int]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport=size).new_page()
    ada, issue = served(world)
    sign_in(page, world, ada, "/you/issues/")
    page.locator(".archive a").first.click()
    page.wait_for_load_state()
    assert urlsplit(page.url).path == tokens.issue_path(issue.pk, 0)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.goto(f"{world.url}/you/feeds/")
    old = page.locator("a.address").first.get_attribute("href")
    page.get_by_role("button", name="Make a new address").click()
    new = page.locator("a.address").first.get_attribute("href")
    assert old != new
    assert [page.request.get(str(address)).status for address in (old, new)] == [404, 200]
