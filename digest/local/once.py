"""`make run ARGS=--once`: the whole job for three demonstration subscribers, from sign-up to inbox.

    subscribe -> (worker) confirmation delivered -> confirm -> (worker) publish -> (worker) deliver -> read back from the inbox

A second run finds what the first one did, delivers nothing again, and says why.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from digest import issues, tasks
from digest.environment import VAR
from digest.local.kept import Inbox
from digest.local.tasks import send_now
from digest.models import Delivery, Issue, Paper
from subscriptions import consent, schedule, tokens
from subscriptions.models import Notice, Subscriber, Subscription

_PATIENCE_SECONDS = 180.0
# From this many columns on there is room for a Message-ID on one line.
_WIDE = 130
_FINAL = frozenset({Delivery.State.ACCEPTED, Delivery.State.FAILED, Delivery.State.SKIPPED})


class NotDone(RuntimeError):
    """The job did not come to its end; the text says where it stands."""


READERS = (
    consent.SignUp(
        address="ada@example.org",
        name="Ada",
        topics=("reinforcement-learning", "robotics"),
        method="command",
    ),
    consent.SignUp(
        address="bernard@example.org",
        name="Bernard",
        topics=("dynamical-systems",),
        keywords=("Koopman operator", "AGB stars"),
        method="command",
    ),
    consent.SignUp(address="chandra@example.org", name="Chandra", method="command"),
)


@dataclass(frozen=True)
class Job:
    """What a run works with: where it speaks, how it learns that a process ended, and where messages arrive."""

    console: Console
    check: Callable[[], None]
    inbox: Inbox


def perform(console: Console, check: Callable[[], None]) -> int:
    """Do the job; returns the exit status. `check` raises when one of the run's processes has ended."""
    job = Job(console, check, Inbox(Path(settings.LOCAL_INBOX)))
    try:
        subscriptions = _subscribe(job)
        _publish(job, subscriptions)
    except NotDone as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        return 1
    return 0


def _subscribe(job: Job) -> list[Subscription]:
    """The readers' live subscriptions, signed up and confirmed as far as they are not yet."""
    waiting = []
    for signup in READERS:
        subscriber = Subscriber.objects.filter(address=signup.address).first()
        if subscriber is not None and subscriber.subscriptions.live().exists():
            job.console.print(f"{signup.address} has a digest already, from an earlier run.")
            continue
        if subscriber is not None and subscriber.subscriptions.filter(ended_at__isnull=False).exists():
            job.console.print(f"{signup.address} has unsubscribed since an earlier run, and is left alone.")
            continue
        subscribed = consent.subscribe(signup, timezone.now())
        if subscribed.notice is None:
            job.console.print(f"{signup.address} was not signed up: {subscribed.reason}.")
            continue
        if subscribed.unknown_topics:
            raise NotDone(f"The seeds hold no topic {', '.join(subscribed.unknown_topics)}, which {signup.address} asks for.")
        waiting.append(subscribed.notice)
    if waiting:
        tasks.deliver_waiting.delay()
        _until_final(job, Delivery.objects.filter(notice__in=waiting), len(waiting), "confirmation")
        for notice in waiting:
            _confirm(job, notice)
    addresses = [signup.address for signup in READERS]
    return list(
        Subscription.objects.live().filter(subscriber__address__in=addresses).select_related("subscriber").order_by("id")
    )


def _confirm(job: Job, notice: Notice) -> None:
    """Press the button behind the link that the message carries."""
    token = tokens.notice_path(notice).strip("/").rpartition("/")[2]
    confirmed = consent.confirm(token, timezone.now())
    if confirmed.outcome == "gone":
        raise NotDone(f"{notice.subscriber.address} could not be confirmed: {confirmed.reason}.")
    job.console.print(f"{notice.subscriber.address} signed up, got a confirmation and confirmed.")


def _publish(job: Job, subscriptions: Sequence[Subscription]) -> None:
    """Publish and deliver this week's issues through the queue, and show what arrived."""
    if not subscriptions:
        job.console.print("Nobody is left to write to: all three digests have ended.")
        return
    earlier = {issue.subscription_id for issue in _current(subscriptions)}
    send_now.delay([subscription.pk for subscription in subscriptions])
    _until(
        job,
        lambda: len(_current(subscriptions)) == len(subscriptions),
        lambda: f"The worker published nothing in {_PATIENCE_SECONDS:.0f} s. Look into {VAR / 'log' / 'worker.log'}.",
    )
    current = _current(subscriptions)
    deliveries = Delivery.objects.filter(issue__in=current)
    _until_final(job, deliveries, len(current), "digest")
    refused = issues.publish(sorted(earlier), timezone.now()).refused if earlier else {}
    arrived = job.inbox.by_message_id()
    job.console.print(_table(current, arrived, job.console.width), soft_wrap=False)
    for issue in current:
        if issue.subscription_id in earlier:
            why = refused.get(issue.subscription_id, "its issue exists")
            job.console.print(f"Nothing new for {issue.subscription.subscriber.address}: {why}.", markup=False)
    _compare(job, deliveries, arrived, sum(issue.subscription_id not in earlier for issue in current))


def _compare(job: Job, deliveries: QuerySet[Delivery], arrived: dict[str, list[str]], published: int) -> None:
    """Hold the ledger against the inbox; raises NotDone when they differ or a delivery failed."""
    for delivery in deliveries.select_related("subscriber"):
        address, copies = delivery.subscriber.address, len(arrived.get(delivery.message_id, []))
        if delivery.state == Delivery.State.FAILED:
            raise NotDone(f"The digest for {address} failed: {delivery.reason or delivery.reply}.")
        expected = int(delivery.state == Delivery.State.ACCEPTED)
        if copies != expected:
            raise NotDone(f"The ledger says {delivery.state} for {address}, and the inbox holds {copies} copies.")
    job.console.print(f"{published} of {deliveries.count()} digests published in this run; each is in the inbox once.")


def _current(subscriptions: Iterable[Subscription]) -> list[Issue]:
    """The issue of each subscription for its latest hour, where it exists."""
    now = timezone.now()
    found: list[Issue] = []
    for each in subscriptions:
        due = schedule.previous_issue_at(each.cadence, each.weekday, each.hour, each.subscriber.time_zone, now)
        found += Issue.objects.filter(subscription=each, due_at=due).select_related("subscription__subscriber")
    return found


def _until_final(job: Job, deliveries: QuerySet[Delivery], expected: int, what: str) -> None:
    """Wait until as many deliveries as expected are final; raises NotDone with where they stand."""

    def final() -> bool:
        return deliveries.filter(state__in=_FINAL).count() == expected

    def where() -> str:
        rows = [
            f"{each.subscriber.address}: {each.state} {each.reason or each.reply}".rstrip()
            for each in deliveries.select_related("subscriber").exclude(state__in=_FINAL)
        ]
        return f"Not every {what} was delivered in {_PATIENCE_SECONDS:.0f} s. {'; '.join(rows) or 'None was queued'}."

    _until(job, final, where)


def _until(job: Job, condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        job.check()
        if time.monotonic() > deadline:
            raise NotDone(complaint())
        time.sleep(0.1)


def _table(current: Sequence[Issue], arrived: dict[str, list[str]], width: int) -> Table:
    table = Table(title="This week's digests", title_justify="left", show_lines=True)
    table.add_column("Subscriber", no_wrap=True)
    table.add_column("Papers", justify="right", no_wrap=True)
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Message-ID", overflow="fold", no_wrap=width >= _WIDE)
    table.add_column("First titles", overflow="fold", ratio=1)
    papers = Paper.objects.in_bulk([paper for issue in current for paper in issue.paper_ids[:3]])
    for issue in current:
        delivery = issue.delivery
        titles = "\n".join(f"- {papers[paper].title}" for paper in issue.paper_ids[:3] if paper in papers)
        size = f"{delivery.size / 1024:.1f} KB" if delivery.size else "-"
        table.add_row(
            escape(issue.subscription.subscriber.address),
            str(len(issue.paper_ids)),
            size if delivery.message_id in arrived else "not sent",
            escape(delivery.message_id),
            escape(titles or delivery.reason),
        )
    return table
