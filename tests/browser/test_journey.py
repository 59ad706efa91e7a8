"""The whole way of a reader, out of the site and into it again; every link is taken from a message that was delivered."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from digest import issues
from digest.models import Feedback, Issue
from subscriptions.models import Consent, Request, Subscriber, Subscription
from tests.browser.conftest import NewContext
from tests.browser.world import World, link_to

pytestmark = pytest.mark.browser
ADA = "ada@example.org"


def _heading(page: Page) -> str:
    return page.locator("h1").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_reader_comes_reads_changes_pauses_leaves_and_returns(world: World, new_context: NewContext, scripts: bool) -> None:
    context = new_context(java_script_enabled=scripts, timezone_id="Europe/Paris", viewport={"width": 360, "height": 740})
    page = context.new_page()

    # Sign up: an address, two topics, some words, and a look at what would come.
    page.goto(f"{world.url}/")
    assert page.locator(".papers > li").count() == 30
    page.get_by_role("link", name="choose topics, day and hour first").click()
    page.locator("summary").filter(has_text="Topics").click()
    page.get_by_label("Find a topic").fill("reinforcement")
    if not scripts:
        page.get_by_role("button", name="Find").click()
    page.get_by_label("Reinforcement learning", exact=True).check()
    page.get_by_label("Find a topic").fill("koopman")
    if not scripts:
        page.get_by_role("button", name="Find").click()
        assert page.get_by_label("Reinforcement learning", exact=True).is_checked()
    page.get_by_label("Koopman operators", exact=True).check()
    page.get_by_label("What you work on").fill("skill discovery, world models")
    page.get_by_role("button", name="Show me this week’s digest").click()
    page.locator(".would-be").wait_for()
    assert 1 <= page.locator(".would-be > li").count() <= 12
    assert "skill discovery" in page.locator(".would-be .why").all_inner_texts()[0] + page.locator(".would-be").inner_text()
    assert not Request.objects.exists()
    page.get_by_label("Your email address").fill(ADA)
    page.get_by_role("button", name="Send me papers").click()
    assert _heading(page) == "Check your inbox"
    assert re.search(r"Monday \d+ \w+, 07:00 in Europe/Paris", page.locator("main").inner_text())
    assert not Subscriber.objects.exists()

    # The message asks; looking at its link does nothing, its button does.
    world.post()
    [asking] = world.messages(ADA)
    page.goto(world.url + link_to(asking, start="/confirm/"))
    assert Subscriber.objects.get().status == "pending"
    page.get_by_role("button", name="Confirm my subscription").click()
    assert _heading(page) == "Confirmed"
    assert Subscriber.objects.get().status == "confirmed"
    page.get_by_role("button", name="Send me a sample now").click()
    assert _heading(page) == "The sample is on its way"
    assert context.cookies() == []

    # The sample comes, then the digest at its hour, which repeats nothing; its links lead to papers and preferences.
    world.post()
    assert "sample" in str(world.messages(ADA)[-1].get_body(("plain",)))
    issues.publish([Subscription.objects.get().pk], timezone.now())
    world.post()
    digest = world.messages(ADA)[-1]
    shown = [paper for issue in Issue.objects.all() for paper in issue.paper_ids]
    assert Issue.objects.count() == 2
    assert len(shown) == len(set(shown)) > 12
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page.goto(world.url + link_to(digest, start="/papers/"))
    assert page.locator("article h1").count() == 1

    # An answer to the digest: looking changes nothing, the button votes, and it can be undone.
    vote = link_to(digest, start="/feedback/")
    page.goto(world.url + vote)
    assert not Feedback.objects.exists()
    page.locator("main form button").first.click()
    assert Feedback.objects.count() == 1
    page.get_by_role("button", name="Undo", exact=True).click()
    assert not Feedback.objects.exists()
    page.goto(world.url + link_to(digest, start="/issues/"))
    assert page.locator("a[href*='/feedback/']").count() > 12

    page.goto(world.url + link_to(digest, start="/preferences/"))
    page.get_by_label("Every day").check()
    page.get_by_label("Key terms").fill("world models")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").first.inner_text().startswith("Saved.")
    ada = Subscription.objects.get()
    assert ada.cadence == "daily"
    assert [interest.value for interest in ada.interests.filter(kind="keyword")] == ["world models"]

    # A pause, and its end.
    page.get_by_role("button", name="Pause for two weeks").click()
    assert page.get_by_role("status").first.inner_text().startswith("Paused.")
    page.get_by_role("button", name="Start it again now").click()
    assert Subscription.objects.get().paused_until is None

    # A session, by a mailed link that works once.
    page.goto(f"{world.url}/preferences/")
    page.get_by_label("Your email address").fill(ADA)
    page.get_by_role("button", name="Mail me a link").click()
    world.post()
    link = link_to(*world.messages(ADA), start="/session/")
    page.goto(world.url + link)
    page.get_by_role("button", name="Open my preferences").click()
    assert ADA in page.locator("main").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download everything as JSON").click()
    assert download.value.suggested_filename == "paper-round.json"
    page.goto(world.url + link)
    assert _heading(page) == "This link leads nowhere"

    # The way out, from the digest itself.
    page.goto(world.url + link_to(digest, start="/unsubscribe/"))
    assert not Subscription.objects.filter(ended_at__isnull=False).exists()
    page.get_by_role("button", name="Stop this digest").click()
    assert _heading(page) == "This digest has stopped"
    assert not Subscription.objects.live().exists()

    # And in again, by a new double opt-in.
    page.get_by_role("link", name="sign up again").click()
    page.get_by_label("Your email address").fill(ADA)
    page.get_by_role("button", name="Send me papers").click()
    world.post()
    again = world.messages(ADA)[-1]
    page.goto(world.url + link_to(again, start="/confirm/"))
    page.get_by_role("button", name="Confirm my subscription").click()
    assert Subscription.objects.live().get() != ada
    events = list(Consent.objects.order_by("id").values_list("event", flat=True))
    assert events == ["requested", "confirmed", "unsubscribed", "requested", "confirmed"]


def test_a_known_address_gets_a_link_instead_and_nothing_changes(world: World, new_context: NewContext) -> None:
    ada = world.person(ADA)
    page = new_context().new_page()
    page.goto(f"{world.url}/subscribe/")
    page.get_by_label("Your email address").fill(ADA)
    page.get_by_label("Every day").check()
    page.get_by_role("button", name="Send me papers").click()
    assert _heading(page) == "Check your inbox"
    world.post()
    page.goto(world.url + link_to(*world.messages(ADA), start="/session/"))
    page.get_by_role("button", name="Open my preferences").click()
    assert "Digest every week" in page.locator("main").inner_text()
    assert Subscription.objects.get() == ada


def test_a_new_address_is_confirmed_there_and_told_to_the_old(world: World, new_context: NewContext) -> None:
    page = new_context().new_page()
    page.goto(world.url + world.link(world.person(ADA)))
    page.get_by_role("button", name="Open my preferences").click()
    page.get_by_role("link", name="Use another address").click()
    page.get_by_label("The new address").fill("ada@example.net")
    page.get_by_role("button", name="Mail a link to the new address").click()
    world.post()
    page.goto(world.url + link_to(*world.messages("ada@example.net"), start="/address/"))
    page.get_by_role("button", name="Send my digests to this address").click()
    assert Subscriber.objects.get().address == "ada@example.net"
    world.post()
    assert "address" in str(world.messages(ADA)[-1]["Subject"]).lower()
