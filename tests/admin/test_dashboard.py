"""The figures of the dashboard, on days that can be counted by hand."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from digest import counts, dashboard
from digest.models import Delivery, Poll, Source
from subscriptions.admin.base import list_path
from subscriptions.models import Interest, Notice, Subscriber, Subscription, Topic

NOW = dt.datetime(2026, 3, 16, 9, 30, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db


def day(number: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 3, number, hour, tzinfo=dt.UTC)


def someone(name: str, asked: dt.datetime, confirmed: dt.datetime | None = None, *ended: dt.datetime | None) -> Subscriber:
    subscriber = Subscriber.objects.create(
        address=f"{name}@example.org",
        mailbox_hash=name.encode(),
        time_zone="Europe/Paris",
        created_at=asked,
        status="confirmed" if confirmed else "pending",
        confirmed_at=confirmed,
    )
    for end in ended or (None,):
        live = bool(confirmed) and end is None
        Subscription.objects.create(subscriber=subscriber, ended_at=end, next_issue_at=NOW if live else None)
    return subscriber


def delivery(subscriber: Subscriber, state: str, at: dt.datetime) -> Delivery:
    key = f"{state}-{Notice.objects.count()}"
    notice = Notice.objects.create(subscriber=subscriber, kind="confirmation", key=key, expires_at=at)
    return Delivery.objects.create(
        notice=notice,
        subscriber=subscriber,
        domain="example.org",
        priority=0,
        state=state,
        reason="for the test" if state in {"deferred", "uncertain", "failed", "skipped"} else "",
        message_id=f"<{key}@papers.example.org>",
        next_attempt_at=at,
        created_at=at,
        finished_at=at if state in {"accepted", "failed", "skipped"} else None,
    )


def source(name: str, **fields: object) -> Source:
    return Source.objects.create(
        slug=name, name=name, format="syndication", **{"url": f"https://{name}.example.org/", "created_at": day(1), **fields}
    )


def counted(days: int) -> dashboard.Counted:
    """What the figures by day are made of, after the last days were counted."""
    for each in dashboard.last_days(NOW, days):
        counts.count(each)
    counts.count_everyone(dashboard.last_days(NOW, days), NOW)
    return dashboard.counted(NOW)


def test_subscribers_are_counted_where_they_stood_at_the_end_of_each_day() -> None:
    someone("ada", day(1), day(1))
    someone("emmy", day(13), day(14))
    someone("mary", day(15))
    someone("sofya", day(2), day(2), day(15))
    someone("grace", day(2), day(2), day(14), None)
    someone("dorothy", day(2), day(2), day(14), day(16, 1))
    figures = dashboard.subscribers_by_day(NOW, counted(4))
    assert [each.day for each in figures.days[-4:]] == [13, 14, 15, 16]
    assert figures.reading[-4:] == (4, 5, 4, 3)
    assert figures.waiting[-4:] == (1, 0, 1, 1)
    assert figures.left[-4:] == (0, 0, 1, 2)


def test_the_share_of_readers_that_ask_for_a_topic_is_a_line_by_day_and_a_person_counts_once() -> None:
    robots = Topic.objects.create(slug="robots", name="Robots", field="Science", description="-")
    graphs = Topic.objects.create(slug="graphs", name="Graphs", field="Science", description="-")
    for name, topics in (("ada", [robots, graphs]), ("emmy", [robots]), ("mary", []), ("sofya", [])):
        digest = someone(name, day(1), day(1)).subscriptions.get()
        for topic in topics:
            Interest.objects.create(subscription=digest, kind="topic", topic=topic)
    second = Subscription.objects.create(subscriber=Subscriber.objects.get(address="ada@example.org"), next_issue_at=NOW)
    Interest.objects.create(subscription=second, kind="topic", topic=robots)
    Interest.objects.create(subscription=second, kind="topic", topic=graphs, excluded=True)
    yesterday = NOW - dt.timedelta(days=1)
    counts.count_everyone(dashboard.last_days(yesterday, 1), yesterday)
    Interest.objects.filter(topic=graphs).delete()
    counts.count_everyone(dashboard.last_days(NOW, 1), NOW)
    _, charts = dashboard.trends(NOW, 30)
    lines = {each.label: each.values[-3:] for chart in charts if chart.key == "topics" for each in chart.series}
    assert lines == {"Robots": (None, 50.0, 50.0), "Graphs": (None, 25.0, 0.0)}


@pytest.mark.usefixtures("full")
def test_every_figure_of_a_chart_leads_to_as_many_rows(viewer: Client) -> None:
    counts.refresh(dt.datetime.now(dt.UTC))
    body = viewer.get(reverse("admin:desk-charts")).content.decode()
    told = re.findall(r'<td><a href="(/admin/[^"]+)">([\d,]+)</a></td>', body)
    assert len(told) > 50
    for path, number in told:
        response = viewer.get(path.replace("&amp;", "&"))
        assert response.status_code == 200, path
        rows = response.context["cl"].queryset
        found = sum(poll.entries_new for poll in rows) if "/poll/" in path else rows.count()
        assert found == int(number.replace(",", "")), path


@pytest.mark.usefixtures("full")
def test_what_a_source_brought_leads_to_the_polls_that_brought_it_and_to_its_missing_days(operator: Client) -> None:
    counts.refresh(dt.datetime.now(dt.UTC))
    body = operator.get(reverse("admin:desk-sources")).content.decode()
    brought = re.findall(r'<a href="(/admin/[^"]+)">([\d,]+) new in', body)
    missing = re.findall(r'<a href="(/admin/[^"]+)">([\d,]+) days? missing', body)
    assert (len(brought), len(missing)) == (Source.objects.count(), 1)
    for path, number in brought:
        polls = operator.get(path.replace("&amp;", "&")).context["cl"].queryset
        assert sum(poll.entries_new for poll in polls) == int(number.replace(",", "")), path
    for path, number in missing:
        assert operator.get(path.replace("&amp;", "&")).context["cl"].queryset.count() == int(number), path


@pytest.mark.usefixtures("full")
def test_the_share_of_a_topic_leads_to_those_who_read_about_it(viewer: Client) -> None:
    now = dt.datetime.now(dt.UTC)
    counts.refresh(now)
    body = viewer.get(reverse("admin:desk-charts")).content.decode()
    shares = dict(re.findall(r'<td><a href="(/admin/[^"]+[?]topic=[0-9]+)">([0-9.]+) %</a></td>', body))
    reading = viewer.get(list_path(Subscriber, state="reading")).context["cl"].queryset.count()
    assert shares
    for path, share in shares.items():
        assert round(100 * viewer.get(path).context["cl"].queryset.count() / reading, 2) == float(share), path


def test_days_end_at_midnight_utc() -> None:
    someone("ada", dt.datetime(2026, 3, 15, 23, 59, tzinfo=dt.UTC))
    someone("emmy", dt.datetime(2026, 3, 16, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))))
    assert dashboard.subscribers_by_day(NOW, counted(2)).waiting[-2:] == (2, 2)


def test_an_empty_service_has_figures_of_zero() -> None:
    known = dashboard.counted(NOW)
    assert set(dashboard.subscribers_by_day(NOW, known).reading) == {0}
    assert dashboard.papers_by_day(NOW, known).sources == ()
    assert sum(count.count for count in dashboard.deliveries_by_state(known)) == 0
    assert dashboard.next_run(NOW).at is None
    assert dashboard.sources_late(NOW) == ()


def test_papers_are_counted_by_source_and_day_with_the_richest_source_first() -> None:
    quiet, busy = source("quiet"), source("busy")
    source("gone", active=False)
    for at, new in ((day(14), 3), (day(14, 18), 4), (day(16, 1), 5), (day(1), 100)):
        Poll.objects.create(source=busy, started_at=at, entries_new=new)
    figures = dashboard.papers_by_day(NOW, counted(3), 3)
    assert [(intake.source, intake.counts, intake.total) for intake in figures.sources] == [
        (busy.pk, (7, 0, 5), 12),
        (quiet.pk, (0, 0, 0), 0),
    ]


def test_deliveries_are_counted_by_state_and_every_state_is_named() -> None:
    ada = someone("ada", day(1), day(1))
    for state, at in (
        ("accepted", day(15)),
        ("accepted", day(16, 1)),
        ("failed", day(10)),
        ("failed", day(9)),
        ("queued", day(1)),
    ):
        delivery(ada, state, at)
    counts = {count.state.value: count.count for count in dashboard.deliveries_by_state(counted(7), 7)}
    assert counts == {**dict.fromkeys(Delivery.State.values, 0), "accepted": 2, "failed": 1}
    now = dashboard.line(NOW)
    assert (now.queued.number, now.accepted.number, now.failed.number) == (1, 1, 0)


def test_the_next_run_counts_live_subscriptions_only() -> None:
    for name, at in (("ada", day(16, 8)), ("emmy", day(16, 20)), ("mary", day(17, 8)), ("sofya", day(19))):
        someone(name, day(1), day(1)).subscriptions.update(next_issue_at=at)
    someone("pending", day(1)).subscriptions.update(next_issue_at=day(16, 10))
    run = dashboard.next_run(NOW)
    assert (run.at, run.then.number, run.within_a_day.number, run.until) == (day(16, 20), 1, 2, None)
    assert dashboard.line(NOW).due.number == 1


def test_a_source_is_late_after_two_intervals_without_success() -> None:
    late, fresh, never = source("late"), source("fresh"), source("never")
    source("newborn", created_at=NOW - dt.timedelta(hours=1))
    source("file", url="")
    source("resting", active=False)
    source("put-off", next_poll_at=NOW + dt.timedelta(days=1))
    source("failing", next_poll_at=NOW + dt.timedelta(days=1), failures=4)
    source("stopped", active=False, stopped_because="the server says it is gone (410)")
    Poll.objects.create(source=late, started_at=NOW - dt.timedelta(hours=13))
    Poll.objects.create(source=late, started_at=NOW - dt.timedelta(hours=1), error="the server answered 503")
    Poll.objects.create(source=fresh, started_at=NOW - dt.timedelta(hours=11))
    found = dashboard.sources_late(NOW)
    assert [(row.name, row.succeeded_at, row.error) for row in found] == [
        ("failing", None, ""),
        ("never", None, ""),
        ("stopped", None, "the server says it is gone (410)"),
        ("late", NOW - dt.timedelta(hours=13), "the server answered 503"),
    ]
    assert found[1].source == never.pk


@pytest.mark.usefixtures("full")
def test_every_figure_leads_to_the_rows_it_counts(viewer: Client) -> None:
    counts.refresh(dt.datetime.now(dt.UTC))
    body = viewer.get(reverse("admin:index")).content.decode()
    counted = re.findall(r'<a class="pr-(?:number|count)[^"]*" href="(/admin/[^"]+)">(\d+)</a>', body)
    assert len(counted) > 8
    for path, number in counted:
        response = viewer.get(path.replace("&amp;", "&"))
        if "/poll/" in path:
            total = sum(poll.entries_new for poll in response.context["cl"].queryset)
        else:
            total = response.context["cl"].queryset.count()
        assert total == int(number), path


@pytest.mark.usefixtures("full")
def test_the_dashboard_takes_few_queries(viewer: Client, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        assert viewer.get(reverse("admin:index")).status_code == 200


@pytest.mark.usefixtures("full")
def test_the_dashboard_asks_nobody_else(viewer: Client) -> None:
    body = viewer.get(reverse("admin:index")).content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', body)
    assert "<script>" not in body
