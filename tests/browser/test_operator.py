"""The jobs of whoever runs the list, each done in a browser as an operator does it."""

import contextlib
import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from pytest_httpserver import HTTPServer

from digest import issues, search
from digest.access import roles
from digest.celery import app
from digest.environment import BASE
from digest.issues import reading, rendering
from digest.models import Brake, Delivery, Feedback, Issue, Paper, Pick, Poll, RankingConfiguration, Source, Submission
from subscriptions import jobs
from subscriptions.models import AuditEntry, Job, Notice, Subscriber, Subscription, Suppression
from tests.admin import world
from tests.admin.conftest import signed_in
from tests.browser.conftest import NewContext
from tests.delivery.relay import Relay

pytestmark = pytest.mark.browser
TASKS = {"digest.tasks.poll_source", "digest.tasks.check_preflight"}
FEEDS = BASE / "tests" / "data" / "feeds"


def work() -> None:
    """What the workers do: the tasks that pages left in the broker, and every open job to its end."""
    with app.connection_for_read() as broker:
        for name in ("ingest", "send"):
            with contextlib.closing(broker.SimpleQueue(name)) as queue, contextlib.suppress(queue.Empty):
                while True:
                    message = queue.get(block=False)
                    message.ack()
                    if message.headers["task"] in TASKS:
                        app.tasks[message.headers["task"]](*message.payload[0])
    while jobs.advance(timezone.now, dt.timedelta(seconds=20)):
        pass


@dataclass
class Desk:
    """The admin in a browser, for an account with a role."""

    url: str
    new_context: NewContext

    def open(self, path: str, role: str = roles.OWNER) -> Page:
        user, made = User.objects.get_or_create(
            username=f"the-{role}".lower().replace(" ", "-"), defaults={"is_staff": True, "email": "operator@example.org"}
        )
        if made:
            user.groups.add(Group.objects.get(name=role))
        context = self.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": signed_in(user).cookies["sessionid"].value, "url": self.url}])
        page = context.new_page()
        page.goto(f"{self.url}/admin/{path}")
        return page


@pytest.fixture
def desk(transactional_db: None, live_server: LiveServer, settings: Settings, new_context: NewContext) -> Iterator[Desk]:
    """A service in full swing. What pages leave to workers is done when a test says so."""
    settings.SITE_URL = live_server.url
    rendering.forget()
    roles.ensure()
    world.build(timezone.now(), people=16, papers=40)
    search.refresh_all()
    with app.connection_for_write() as broker:
        for queue in ("ingest", "send"):
            broker.SimpleQueue(queue).clear()
    yield Desk(live_server.url, new_context)
    rendering.forget()


def published(number: int = 4) -> list[Issue]:
    """The issues of some subscriptions, published a moment ago."""
    wanted = list(Subscription.objects.live().order_by("id").values_list("pk", flat=True)[:number])
    return list(Issue.objects.filter(pk__in=issues.publish(wanted, timezone.now()).issues).order_by("pk"))


def noted(action: str) -> AuditEntry:
    """The line that the audit log got for an act."""
    return AuditEntry.objects.filter(action=action).latest("id")


def text(page: Page) -> str:
    return page.locator("main, #content, body").first.inner_text()


def test_a_source_is_polled_now(desk: Desk, internet: HTTPServer) -> None:
    source = Source.objects.create(
        slug="arxiv", name="Machine learning", format="arxiv", url="http://rss.example.org/rss/cs.LG"
    )
    internet.expect_request("/rss/cs.LG").respond_with_data((FEEDS / "arxiv" / "weekday.rss").read_bytes())
    page = desk.open("desk/sources/", roles.OPERATOR)
    section = page.locator("section", has=page.get_by_role("heading", name=source.name))
    section.get_by_role("button", name="Poll now").click()
    page.get_by_text("A worker polls Machine learning now").wait_for()
    work()
    page.reload()
    poll = Poll.objects.get(source=source)
    assert (poll.status, poll.error, poll.entries_new) == (200, "", 4)
    section.get_by_text("Last polls").click()
    assert "4 new, 0 known" in section.inner_text()
    assert noted("poll").target == f"source {source.pk}"


def test_past_days_are_read_by_a_job_that_shows_its_progress_and_is_ended(desk: Desk, internet: HTTPServer) -> None:
    source = Source.objects.create(slug="hf", name="Daily", format="huggingface", url="http://hf.example.org/api/daily_papers")
    body = (FEEDS / "huggingface" / "day.json").read_bytes()
    internet.expect_request("/api/daily_papers").respond_with_data(body)
    page = desk.open("desk/sources/", roles.OPERATOR)
    section = page.locator("section", has=page.get_by_role("heading", name=source.name))
    section.get_by_text("Fill in past days").click()
    section.get_by_label("From").fill("2026-03-11")
    section.get_by_label("To").fill("2026-03-14")
    section.get_by_role("button", name="Read them from the archive").click()
    page.get_by_role("button", name="End this job").wait_for()
    begun = timezone.now()
    # A worker with time for one day of four.
    jobs.advance(
        itertools.chain([begun] * 3, itertools.repeat(begun + dt.timedelta(hours=1))).__next__, dt.timedelta(minutes=1)
    )
    page.reload()
    assert page.get_by_role("progressbar").get_attribute("value") == "25"
    assert "1 of 4 done" in text(page)
    page.get_by_role("button", name="End this job").click()
    page.get_by_text("it ends after this batch").wait_for()
    work()
    page.reload()
    said = text(page).lower()
    assert "cancelled" in said
    assert re.search(r"new papers\s+3", said)
    assert Job.objects.get().done == 1


def test_a_source_is_added_after_a_dry_run_that_shows_what_would_be_stored(desk: Desk, internet: HTTPServer) -> None:
    internet.expect_request("/feed").respond_with_data((FEEDS / "syndication" / "atom.xml").read_bytes())
    before = Paper.objects.count()
    page = desk.open("desk/sources/try/", roles.OPERATOR)
    page.get_by_label("Address of the feed").fill("http://journal.example.org/feed")
    page.get_by_label("Format").select_option("syndication")
    page.get_by_role("button", name="See what it would bring").click()
    page.get_by_role("heading", name="What it would bring").wait_for()
    assert re.search(r"\d+ entr(y|ies) of .*: \d+ new papers?", text(page))
    assert (Paper.objects.count(), Source.objects.filter(url__contains="journal").exists()) == (before, False)
    page.get_by_role("link", name="Add it as a source").click()
    assert page.locator("#id_url").input_value() == "http://journal.example.org/feed"
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/source/")
    assert Source.objects.get(url="http://journal.example.org/feed").format == "syndication"
    assert noted("try source").target == "http://journal.example.org/feed"


def test_people_are_imported_after_a_dry_run_and_nobody_is_mailed(desk: Desk) -> None:
    notices = Notice.objects.count()
    page = desk.open("desk/import/", roles.OPERATOR)
    page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Email,Name\nlise@example.org,Lise\nnobody,\n"}
    )
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("button", name="Show what would happen").click()
    page.get_by_role("heading", name="What would happen").wait_for()
    assert not Subscriber.objects.filter(address="lise@example.org").exists()
    page.get_by_label("How did these people agree").fill("At the library's desk in March, by signing its list.")
    page.get_by_role("button", name="Import 1 person").click()
    page.get_by_text("Started by").wait_for()
    work()
    page.reload()
    assert "done" in text(page).lower()
    lise = Subscriber.objects.get(address="lise@example.org")
    assert "by signing its list" in lise.consents.latest("id").wording
    assert Notice.objects.count() == notices


def test_subscribers_are_exported_with_formulas_made_harmless_and_the_log_says_so(desk: Desk, tmp_path: Path) -> None:
    Subscriber.objects.filter(pk=Subscriber.objects.order_by("id")[0].pk).update(name="=HYPERLINK(1)")
    page = desk.open("desk/import/", roles.OPERATOR)
    with page.expect_download() as given:
        page.get_by_role("button", name="Export all subscribers").click()
    saved = tmp_path / "subscribers.csv"
    given.value.save_as(saved)
    lines = saved.read_text().splitlines()
    assert len(lines) == Subscriber.objects.count() + 1
    assert "'=HYPERLINK(1)" in saved.read_text()
    assert noted("export").actor_name == "the-operators"


@pytest.mark.parametrize(
    "act", ["Erase everything about the chosen", "Never mail the chosen again", "Ask for confirmation again"]
)
def test_the_chosen_are_erased_suppressed_or_asked_again_for_a_reason(desk: Desk, act: str) -> None:
    waiting = Subscriber.objects.filter(status="pending").order_by("id")[0]
    Notice.objects.filter(subscriber=waiting).update(created_at=timezone.now() - dt.timedelta(days=3))
    notices, suppressions = Notice.objects.count(), Suppression.objects.standing().count()
    page = desk.open(f"subscriptions/subscriber/?q={waiting.address}", roles.OPERATOR)
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option(label=act)
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Why?").fill("asked by letter")
    page.locator("main form button[name=act]").click()
    page.get_by_text("Started by").wait_for()
    work()
    page.reload()
    job = Job.objects.get()
    assert (job.state, job.done) == ("done", 1), job.error
    if act.startswith("Erase"):
        assert not Subscriber.objects.filter(pk=waiting.pk).exists()
    elif act.startswith("Never"):
        assert Suppression.objects.standing().count() == suppressions + 1
        assert Suppression.objects.latest("id").note.endswith("asked by letter")
    else:
        assert Notice.objects.count() == notices + 1
        assert Notice.objects.latest("id").kind == "confirmation"
    assert AuditEntry.objects.filter(action=f"start {job.kind}").exists()


def test_a_subscribers_page_has_their_consent_issues_deliveries_votes_and_revoked_links(desk: Desk) -> None:
    vote = Feedback.objects.order_by("id")[0]
    reader = vote.subscription.subscriber
    Subscriber.objects.filter(pk=reader.pk).update(token_generation=2)
    issue = Issue.objects.filter(subscription=vote.subscription).latest("id")
    page = desk.open(f"subscriptions/subscriber/?q={reader.address}", roles.OPERATOR)
    page.get_by_role("link", name=reader.address).first.click()
    page.get_by_text("Consent history").wait_for()
    said = text(page)
    assert re.search(r"links revoked\s+2 times", said, re.IGNORECASE)
    assert "asked for the digest" in said
    assert f"{vote.paper.title}: {vote.get_vote_display()}" in said
    assert f"issue {issue.number}: {issue.delivery.get_state_display()}" in said
    deliveries = page.locator("table#deliveries-data tbody")
    assert deliveries.count() >= 3
    page.get_by_role("link", name=f"issue {issue.number}").first.click()
    page.wait_for_url(f"**/issue/{issue.pk}/change/")


def test_what_failed_is_sent_again_by_a_job(desk: Desk) -> None:
    failed = Delivery.objects.filter(state="failed", priority=1).order_by("id")[0]
    page = desk.open(f"desk/missed/?day={failed.created_at.date()}", roles.OPERATOR)
    assert "the mailbox does not exist" in text(page)
    page.get_by_label("Why?").fill("the relay was misled")
    page.get_by_role("button", name="Send them once more").click()
    page.get_by_text("Started by").wait_for()
    work()
    page.reload()
    assert re.search(r"queued again\s+\d", text(page))
    failed.refresh_from_db()
    assert (failed.state, failed.reason) == ("deferred", "sent again by the-operators: the relay was misled")


def test_the_uncertain_is_held_and_then_released_one_by_one(desk: Desk) -> None:
    first = Delivery.objects.filter(state="uncertain").order_by("id")[0]
    issue = first.issue
    other = Delivery.objects.create(
        notice=Notice.objects.create(subscriber=first.subscriber, kind="magic-link", key="x", expires_at=timezone.now()),
        subscriber=first.subscriber, domain=first.domain, priority=0, state="uncertain", reason="broke",
        message_id="<x@example.org>", next_attempt_at=timezone.now(),
    )  # fmt: skip
    page = desk.open(f"digest/delivery/{first.pk}/change/", roles.OPERATOR)
    page.get_by_role("button", name="Hold it").click()
    page.get_by_text("Held until you release it.").wait_for()
    first.refresh_from_db()
    assert (first.state, first.held) == ("uncertain", True)
    page.get_by_role("button", name="Send it once more").click()
    page.get_by_text("It is sent once more.").wait_for()
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.state, first.held, other.state, other.held) == ("deferred", False, "uncertain", False)
    assert first.issue == issue
    assert (noted("hold").target, noted("release").target) == (f"delivery {first.pk}",) * 2


def test_a_message_is_shown_in_a_frame_in_which_no_script_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (issue, *_) = published()
    as_mailed = reading.page
    ran = "document.title='ran'; parent.document.title='ran'"
    ran = f'<script>{ran}</script><img src="x" onerror="{ran}"><p id="end">end</p>'
    monkeypatch.setattr(reading, "page", lambda issue: as_mailed(issue).replace("</body>", f"{ran}</body>"))
    page = desk.open(f"digest/issue/{issue.pk}/change/", roles.OPERATOR)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.get_by_text("The message as it was mailed").first.click()
    frame = page.frame_locator("iframe.pr-frame")
    frame.locator("#end").wait_for()
    inside = page.frames[1]
    assert Paper.objects.get(pk=issue.paper_ids[0]).title in frame.locator("body").inner_text()
    assert (inside.title() == "ran", page.title() == "ran") == (False, False)
    assert any("Blocked script execution" in each and "sandboxed" in each for each in said), said
    alone = desk.open(f"desk/issues/{issue.pk}/message/", roles.OPERATOR)
    alone.locator("#end").wait_for()
    assert alone.title() != "ran"


def test_an_issue_is_sent_to_whoever_asks(desk: Desk, settings: Settings) -> None:
    relay = Relay().start()
    settings.SMTP_URL = relay.url
    (issue, *_) = published()
    page = desk.open(f"digest/issue/{issue.pk}/change/", roles.OPERATOR)
    page.get_by_role("button", name="Send this issue to me").click()
    page.get_by_text("A copy is on its way to operator@example.org").wait_for()
    relay.stop()
    assert [taken.recipient for taken in relay.taken] == ["operator@example.org"]
    assert noted("send to me").target == f"issue {issue.pk}"


def test_a_digest_is_previewed_at_a_past_time_with_terms_near_misses_and_what_was_excluded(desk: Desk) -> None:
    subscription = Subscription.objects.live().order_by("id")[0]
    page = desk.open(f"desk/preview/{subscription.pk}/", roles.OPERATOR)
    page.get_by_label("As if published at (UTC)").fill(f"{timezone.now() - dt.timedelta(days=3):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**at=**")
    said = text(page)
    assert re.search(r"\d+ considered, \d+ shown", said)
    assert page.locator(".pr-term").count() > 0
    assert noted("preview").detail["at"][:10] == f"{timezone.now() - dt.timedelta(days=3):%Y-%m-%d}"


def test_the_next_publish_is_tried_and_nothing_is_written(desk: Desk) -> None:
    before = Issue.objects.count()
    page = desk.open("desk/next/", roles.OPERATOR)
    page.get_by_role("button", name="See what it would do").click()
    page.get_by_text("Nothing is written").first.wait_for()
    assert page.locator("table tbody tr").count() >= 1
    assert Issue.objects.count() == before


def test_other_weights_are_tried_adopted_with_a_note_and_rolled_back(desk: Desk) -> None:
    published()
    page = desk.open("desk/what-if/", roles.OPERATOR)
    page.locator("#topic").fill("0.1")
    page.get_by_role("button", name="Try these weights").click()
    page.get_by_role("heading", name="What they would have done").wait_for()
    said = text(page)
    assert "rank-biased overlap" in said
    assert not any(each.address in said for each in Subscriber.objects.all())
    first = RankingConfiguration.objects.order_by("-version")[0]
    page.get_by_label("Why adopt these?").fill("fresher topics")
    page.get_by_role("button", name="Adopt these weights").click()
    page.get_by_text("is in force from the next issue on").wait_for()
    newest = RankingConfiguration.objects.order_by("-version")[0]
    assert (newest.version, newest.note, newest.weights["topic"]) == (first.version + 1, "fresher topics", 0.1)
    page.get_by_role("button", name=f"Put version {first.version} in force again").click()
    page.get_by_text(f"Version {newest.version + 1} is in force").wait_for()
    back = RankingConfiguration.objects.order_by("-version")[0]
    assert back.weights["topic"] == first.weights["topic"]


def test_a_pause_shows_on_every_page_with_its_reason_until_sending_is_resumed(desk: Desk) -> None:
    page = desk.open("desk/sending/", roles.OPERATOR)
    page.get_by_label("Why should all sending stop?").fill("the subject is wrong")
    page.get_by_role("button", name="Pause all sending").click()
    page.wait_for_load_state()
    everywhere = ("", "desk/charts/", "desk/jobs/", "digest/delivery/", "subscriptions/subscriber/", "digest/paper/")
    for path in everywhere:
        page.goto(f"{desk.url}/admin/{path}")
        assert "the subject is wrong" in page.locator("body").inner_text(), path
    page.goto(f"{desk.url}/admin/desk/sending/")
    page.get_by_role("button", name="Resume all sending").click()
    page.wait_for_load_state()
    page.goto(f"{desk.url}/admin/digest/delivery/")
    assert "the subject is wrong" not in page.locator("body").inner_text()
    assert not Brake.objects.standing().exists()
    assert {noted("pause").actor_name, noted("resume").actor_name} == {"the-operators"}


def test_an_editor_picks_a_paper_annotates_it_and_decides_on_what_readers_brought(desk: Desk) -> None:
    pick = Pick.objects.order_by("id")[0]
    page = desk.open(f"digest/pick/{pick.pk}/change/", roles.EDITOR)
    page.locator("#id_note").fill("Read the proof in the appendix.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/pick/")
    pick.refresh_from_db()
    assert pick.note == "Read the proof in the appendix."
    fresh = Paper.objects.filter(picks=None).order_by("id")[0]
    page.goto(f"{desk.url}/admin/digest/pick/add/?paper={fresh.pk}")
    page.locator("#id_note").fill("A short proof.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/pick/")
    assert Pick.objects.get(paper=fresh).editor.username == "the-editors"
    brought = Submission.objects.get()
    page.goto(f"{desk.url}/admin/digest/submission/{brought.pk}/change/")
    page.locator("select[name=decision]").select_option("decline")
    page.locator("[name=why]").fill("It is no paper.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/submission/")
    brought.refresh_from_db()
    assert (brought.state, brought.reason, brought.decided_by) == ("declined", "It is no paper.", "the-editors")
