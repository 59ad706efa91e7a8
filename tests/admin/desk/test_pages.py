"""The desk's pages of figures: they open on a service in full swing, in few queries, and lead to the rows behind."""

import datetime as dt
import email
import email.policy
import json
import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from digest import corpus, counts, issues
from digest.access import roles
from digest.models import (
    CandidateList,
    Delivery,
    Feedback,
    Issue,
    Paper,
    PaperState,
    PaperVersion,
    Poll,
    RankingConfiguration,
    Source,
)  # fmt: skip
from subscriptions import jobs
from subscriptions.models import AuditEntry, Job, Subscriber, Subscription
from tests.admin.conftest import signed_in
from tests.delivery.relay import Relay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full")]


@pytest.fixture
def owner() -> Client:
    user = User.objects.create_user("owners", email="owner@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.OWNER))
    counts.refresh(timezone.now())
    return signed_in(user)


def pages() -> list[str]:
    """Every page of the desk that shows figures or rows."""
    person, issue = Subscriber.objects.order_by("id")[0], Issue.objects.order_by("id")[0]
    return [
        reverse("admin:index"),
        *(
            reverse(f"admin:desk-{name}")
            for name in (
                "charts",
                "missed",
                "next",
                "sources",
                "try-source",
                "sending",
                "jobs",
                "import",
                "what-if",
                "preflight",
            )
        ),
        reverse("admin:desk-story", args=[person.pk]),
        reverse("admin:digest_issue_change", args=[issue.pk]),
        reverse("admin:subscriptions_subscriber_change", args=[person.pk]),
    ]


def test_every_page_takes_fewer_than_25_queries(owner: Client, django_assert_max_num_queries: object) -> None:
    for path in pages():
        with django_assert_max_num_queries(24, info=path):  # type: ignore[operator]
            assert owner.get(path).status_code == 200, path


def test_a_preview_and_the_next_publish_take_fewer_than_25_queries_with_votes_and_a_new_version_of_a_saved_paper(
    owner: Client, django_assert_max_num_queries: object
) -> None:
    subscription = Subscription.objects.live().order_by("next_issue_at")[0]
    saved, liked = Paper.objects.order_by("id")[:2]
    at = timezone.now() - dt.timedelta(days=2)
    for paper, vote in ((saved, "save"), (liked, "more")):
        Feedback.objects.get_or_create(subscription=subscription, paper=paper, vote=vote, defaults={"created_at": at})
    PaperVersion.objects.create(paper=saved, number=2, title_source=saved.title, announced_at=timezone.now())
    corpus.learn(timezone.now())
    written = (RankingConfiguration, CandidateList, PaperState, Issue)
    before = [model.objects.count() for model in written]
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        answer = owner.get(reverse("admin:desk-preview", args=[subscription.pk]))
    assert answer.context["explanation"].slate.choices
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        answer = owner.post(reverse("admin:desk-next"))
    assert any(draft["papers"] for draft in answer.context["drafts"])
    assert [model.objects.count() for model in written] == before


def test_the_next_publish_foresees_what_is_then_published(owner: Client) -> None:
    subscription = Subscription.objects.live().order_by("next_issue_at", "id")[0]
    (foreseen,) = issues.foresee(timezone.now(), 1).issues
    assert subscription.next_issue_at
    published = issues.publish_due(subscription.next_issue_at, 1)
    issue = Issue.objects.get(pk=published.issues[0])
    assert (issue.subscription_id, issue.number) == (subscription.pk, foreseen.number)
    assert issue.paper_ids == [paper.id for paper in foreseen.papers]


def test_charts_say_the_same_to_the_script_and_in_their_tables(owner: Client) -> None:
    body = owner.get(reverse("admin:desk-charts")).content.decode()
    data = json.loads(re.findall(r'<script id="data-subscribers" type="application/json">(.*?)</script>', body)[0])
    assert len(data["days"]) == len(data["series"][0]["values"]) == 90
    reading = next(each for each in data["series"] if each["label"] == "reading")
    table = body[body.index('aria-label="Subscribers by day"') :]
    first = re.findall(r"<td>(?:<a [^>]*>)?([^<]*)", table)[[each["label"] for each in data["series"]].index("reading")]
    assert first == str(reading["values"][-1])


def test_every_link_of_the_charts_leads_to_a_list(owner: Client) -> None:
    body = owner.get(reverse("admin:desk-charts")).content.decode()
    heads = re.findall(r'<th scope="col"><a href="([^"]+)"', body)
    assert len(heads) > 10
    for path in heads:
        answer = owner.get(path.replace("&amp;", "&"))
        assert answer.status_code == 200, path
        assert "e=1" not in path


def test_who_did_not_get_it_is_counted_by_reason_and_leads_to_those_deliveries(owner: Client) -> None:
    failed = Delivery.objects.filter(state="failed", priority=1).order_by("id")[0]
    path = f"{reverse('admin:desk-missed')}?day={failed.created_at.date()}"
    body = owner.get(path).content.decode()
    assert "the mailbox does not exist" in body
    for link, number in re.findall(r'<td class="pr-count"><a href="([^"]+)">(\d+)</a>', body):
        assert owner.get(link.replace("&amp;", "&")).context["cl"].queryset.count() == int(number)


def test_what_failed_is_sent_again_by_a_job_that_keeps_the_reason(owner: Client) -> None:
    failed = Delivery.objects.filter(state="failed", priority=1).order_by("id")[0]
    form = {"day": failed.created_at.date().isoformat(), "domain": "", "why": "the relay was misled"}
    assert "day=" in owner.post(reverse("admin:desk-resend"), {**form, "why": ""}).headers["Location"]
    assert not Job.objects.exists()
    owner.post(reverse("admin:desk-resend"), form)
    while jobs.advance(timezone.now, dt.timedelta(seconds=5)):
        pass
    failed.refresh_from_db()
    assert (failed.state, failed.finished_at) == ("deferred", None)
    assert failed.reason == "sent again by owners: the relay was misled"
    assert Job.objects.get().result["counts"]["queued again"] >= 1
    assert AuditEntry.objects.filter(action="start resend what failed").exists()


def test_a_story_tells_every_attempt_and_is_written_down(owner: Client) -> None:
    failed = Delivery.objects.filter(state="failed").order_by("id")[0]
    body = owner.get(reverse("admin:desk-story", args=[failed.subscriber_id])).content.decode()
    assert "the mailbox does not exist" in body
    assert failed.message_id.strip("<>") in body
    assert AuditEntry.objects.filter(action="story", target=f"subscriber {failed.subscriber_id}").exists()


def test_the_next_publish_is_shown_and_nothing_is_written(owner: Client) -> None:
    before = Issue.objects.count()
    body = owner.post(reverse("admin:desk-next")).content.decode()
    assert "Nothing is written" in body
    assert '<a href="/admin/desk/preview/' in body
    assert Issue.objects.count() == before


def test_sources_show_their_health_and_their_last_polls(owner: Client) -> None:
    body = owner.get(reverse("admin:desk-sources")).content.decode()
    assert "the server answered 503" in body
    assert body.count("Last polls") == Source.objects.count()


def test_days_that_cannot_be_read_are_refused_in_words(owner: Client) -> None:
    source = Source.objects.order_by("id")[0]
    answer = owner.post(
        reverse("admin:desk-backfill", args=[source.pk]), {"since": "2026-03-16", "until": "2026-03-01"}, follow=True
    )
    assert "Days go from the earlier to the later" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="backfill").exists()


def test_an_address_that_is_none_is_not_tried(owner: Client) -> None:
    answer = owner.post(reverse("admin:desk-try-source"), {"url": "ftp://example.org", "format": "syndication"})
    assert answer.status_code == 400
    assert not Poll.objects.filter(source__name="Dry run").exists()


def test_a_source_that_is_stopped_is_not_polled(owner: Client) -> None:
    source = Source.objects.order_by("id")[0]
    Source.objects.filter(pk=source.pk).update(active=False)
    answer = owner.post(reverse("admin:desk-poll", args=[source.pk]), follow=True)
    assert "cannot be polled: inactive" in answer.content.decode()


def test_an_issue_is_sent_to_whoever_asks_without_the_readers_links(owner: Client, settings: Settings) -> None:
    relay = Relay().start()
    settings.SMTP_URL = relay.url
    issue = Issue.objects.order_by("id")[0]
    before = list(Delivery.objects.order_by("id").values_list("state", "attempts"))
    owner.post(reverse("admin:desk-copy", args=[issue.pk]))
    relay.stop()
    (taken,) = relay.taken
    assert taken.recipient == "owner@example.org"
    message = email.message_from_bytes(taken.content, policy=email.policy.default)
    assert message["Subject"].startswith("Copy: ")
    assert "List-Unsubscribe" not in message
    for part in message.iter_parts():
        assert not re.search(re.escape(settings.SITE_URL) + r"/(?!papers/|topics/|trending/)\w", part.get_content())
    assert list(Delivery.objects.order_by("id").values_list("state", "attempts")) == before
    assert AuditEntry.objects.filter(action="send to me", target=f"issue {issue.pk}").exists()


def test_without_an_address_of_ones_own_nothing_is_sent(owner: Client) -> None:
    User.objects.filter(username="owners").update(email="")
    issue = Issue.objects.order_by("id")[0]
    answer = owner.post(reverse("admin:desk-copy", args=[issue.pk]), follow=True)
    assert "your account has no address" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="send to me").exists()


def test_each_look_at_a_person_and_each_act_leaves_a_line_in_the_audit_log(owner: Client, settings: Settings) -> None:
    relay = Relay().start()
    settings.SMTP_URL = relay.url
    person, issue = Subscriber.objects.order_by("id")[0], Issue.objects.order_by("id")[0]
    subscription = Subscription.objects.live().order_by("id")[0]
    delivery = Delivery.objects.filter(state="uncertain").order_by("id")[0]
    failed = Delivery.objects.filter(state="failed", priority=1).order_by("id")[0]
    acts: list[tuple[str, str, str, dict[str, object] | None]] = [
        ("preview", "desk-preview", str(subscription.pk), None),
        ("message", "desk-message", str(issue.pk), None),
        ("story", "desk-story", str(person.pk), None),
        ("export", "desk-export", "", {}),
        ("next publish", "desk-next", "", {}),
        ("adopt weights", "desk-adopt", "", {"topic": "0.4", "note": "fresher"}),
        ("pause", "desk-sending", "", {"act": "pause", "why": "the subject is wrong"}),
        ("resume", "desk-sending", "", {"act": "resume"}),
        ("hold", "desk-decide", str(delivery.pk), {"act": "hold"}),
        ("release", "desk-decide", str(delivery.pk), {"act": "release"}),
        ("send to me", "desk-copy", str(issue.pk), {}),
        ("start erase subscribers", "desk-many", "", {"kind": "erase", "id": [person.pk], "why": "by letter", "act": "start"}),
        ("start resend what failed", "desk-resend", "", {"day": f"{failed.created_at:%Y-%m-%d}", "why": "misled"}),
    ]
    for action, name, key, form in acts:
        path = reverse(f"admin:{name}", args=[int(key)] if key else [])
        known = AuditEntry.objects.count()
        answer = owner.get(path) if form is None else owner.post(path, form)
        assert answer.status_code < 400, action
        lines = list(AuditEntry.objects.order_by("id")[known:].values_list("action", "actor_name"))
        assert lines == [(action, "owners")], action
    relay.stop()
