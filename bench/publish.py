"""Publishing measured beside the obvious way: a loop over readers with the ORM.

    python bench/publish.py                          the two side by side: readers per second, median of paired ratios
    python bench/publish.py --scale 10000 100000     one run for each number of subscriptions: time and memory as they grow

Both sides publish whole issues on one scratch database with the same papers, readers and interests: choose, record the issue
with its reasons and its delivery, set the next hour. Exits with 1 when either has not published what it should have.
"""

import argparse
import datetime as dt
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench import own

own.set_up()

from django.db import connection, transaction  # noqa: E402 - models can be imported once Django is set up
from django.db.models import Q, Sum  # noqa: E402

from bench import _meter, scratch  # noqa: E402
from bench.scratch import MONDAY, SHOWN  # noqa: E402
from digest import corpus, issues, messages, ranking  # noqa: E402
from digest.issues import configurations  # noqa: E402
from digest.models import Delivery, Issue, Paper  # noqa: E402
from subscriptions.models import Interest, Subscription  # noqa: E402
from subscriptions.schedule import next_issue_at  # noqa: E402


def ours(batch: int) -> int:
    """Publish all that is due; the number of issues."""
    published = 0
    while (done := issues.publish_due(MONDAY, limit=batch)).claimed:
        published += done.published
    return published


def orm_loop(count: int) -> int:
    """The obvious way, for so many readers: a query for each reader's papers, rows saved one by one; the number of issues."""
    configuration = configurations.current().row_id
    start = MONDAY - dt.timedelta(days=7)
    published = 0
    for subscription in Subscription.objects.due(MONDAY).select_related("subscriber")[:count]:
        with transaction.atomic():
            interests = list(subscription.interests.select_related("topic"))
            topics = [each.topic_id for each in interests if each.kind == Interest.Kind.TOPIC]
            wanted = Q(paper_topics__topic__in=topics)
            for each in interests:
                if each.kind == Interest.Kind.KEYWORD:
                    wanted |= Q(title__icontains=each.value) | Q(abstract__icontains=each.value)
            seen = [paper for issue in Issue.objects.filter(subscription=subscription) for paper in issue.paper_ids]
            chosen = list(
                Paper.objects.filter(wanted, listed_at__gte=start, listed_at__lt=MONDAY, withdrawn_at=None, merged_into=None)
                .exclude(pk__in=seen)
                .annotate(score=Sum("paper_topics__score", filter=Q(paper_topics__topic__in=topics)))
                .order_by("-score", "-upvotes")[:SHOWN]
            )
            issue = Issue.objects.create(
                subscription=subscription,
                number=1,
                due_at=MONDAY,
                window_start=start,
                window_end=MONDAY,
                configuration_id=configuration,
                paper_ids=[paper.pk for paper in chosen],
                slate=[
                    {"paper": paper.pk, "reasons": [each.topic.name for each in interests if each.topic]} for paper in chosen
                ],
                published_at=MONDAY,
            )
            Delivery.objects.create(
                issue=issue,
                subscriber=subscription.subscriber,
                domain=subscription.subscriber.domain,
                priority=Delivery.Priority.ISSUE,
                message_id=messages.message_id("issue", issue.pk),
                next_attempt_at=MONDAY,
            )
            subscription.next_issue_at = next_issue_at(
                subscription.cadence, subscription.weekday, subscription.hour, subscription.subscriber.time_zone, MONDAY
            )
            subscription.save()
            published += 1
    return published


def slates_of_a_few() -> Callable[[ranking.Prepared, Sequence[ranking.Profile]], list[ranking.Slate]]:
    """A stand-in for the ranking that takes no time: the slates of the first readers, for everybody."""
    few: list[ranking.Slate] = []
    rank = ranking.Prepared.rank

    def stand_in(prepared: ranking.Prepared, profiles: Sequence[ranking.Profile]) -> list[ranking.Slate]:
        if not few:
            few.extend(rank(prepared, profiles[:50]))
        return [few[place % len(few)] for place in range(len(profiles))]

    return stand_in


def forget() -> None:
    """Back to the moment before anything was published."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE digest_issue, digest_delivery, digest_bounce, digest_attempt")
    Subscription.objects.update(next_issue_at=MONDAY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE subscriptions_subscription")


def check(published: int, expected: int) -> None:
    """Exit with 1 unless as many issues and deliveries stand as were published and expected."""
    stand = (published, Issue.objects.count(), Delivery.objects.filter(state="queued").count())
    if set(stand) != {expected}:
        sys.exit(f"expected {expected} issues; published, issues, deliveries are {stand}")


def side_by_side(arguments: argparse.Namespace) -> dict[str, object]:
    rates: dict[str, list[float]] = {"ours": [], "orm_loop": []}
    for turn in range(arguments.rounds):
        order = ["ours", "orm_loop"] if turn % 2 else ["orm_loop", "ours"]
        for side in order:
            forget()
            expected = arguments.readers if side == "ours" else arguments.loop
            started = time.perf_counter()
            published = ours(arguments.batch) if side == "ours" else orm_loop(arguments.loop)
            rates[side].append(published / (time.perf_counter() - started))
            check(published, expected)
    ratios = sorted(mine / theirs for mine, theirs in zip(rates["ours"], rates["orm_loop"], strict=True))
    return {
        "ratio": {"orm_loop": statistics.median(ratios)},
        "ratios": ratios,
        "readers_per_s": {side: statistics.median(each) for side, each in rates.items()},
    }


def scale(arguments: argparse.Namespace) -> list[dict[str, float]]:
    """One run for each size, the smallest first, over readers who are added to those before."""
    results = []
    have = 0
    for size in sorted(arguments.scale):
        scratch.readers(size - have, random.Random(size), first=have)
        have = size
        # What a process prepares once for all its batches (5,000 papers as vectors) is not counted to a reader.
        issues.publish_due(MONDAY, limit=arguments.batch)
        forget()
        before = database_mb()
        _meter.forget_the_peak()
        began_with = _meter.memory_mb()
        meter = _meter.Meter(backend())
        published = middle = 0
        while (done := issues.publish_due(MONDAY, limit=arguments.batch)).claimed:
            published += done.published
            if not middle and published >= size / 2:
                middle, first_half = published, meter.read()
        spent = meter.read()
        check(published, size)
        results.append(
            {
                "subscriptions": size,
                "seconds": spent.seconds,
                # An issue and a delivery written, a subscription updated.
                "rows_per_s": 3 * size / spent.seconds,
                "us_per_subscription": 1e6 * spent.seconds / size,
                "cpu_us_per_subscription": 1e6 * spent.cpu / size,
                "cpu_us_first_half": 1e6 * first_half.cpu / middle,
                "cpu_us_second_half": 1e6 * (spent.cpu - first_half.cpu) / (size - middle),
                "postgres_cpu_us_per_subscription": 1e6 * spent.server_cpu / size,
                "memory_before_mb": began_with,
                "peak_mb": _meter.peak_mb(),
                "database_kb_per_issue": 1024 * (database_mb() - before) / size,
            }
        )
        print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    return results


def backend() -> int:
    """The process that serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def database_mb() -> float:
    """What the database takes on the disk, in MiB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return float(cursor.fetchone()[0]) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=5000, help="candidates")
    parser.add_argument("--readers", type=int, default=2000, help="subscriptions that ours publishes in each round")
    parser.add_argument("--loop", type=int, default=60, help="subscriptions that the loop publishes in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=500, help="subscriptions per batch of ours")
    parser.add_argument(
        "--database-only",
        action="store_true",
        help="rank some readers once and give their slates to all: what is left is the rest",
    )
    parser.add_argument("--scale", type=int, nargs="+", metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.database_only:
        setattr(ranking.Prepared, "rank", slates_of_a_few())  # noqa: B010 - for this process alone
    with scratch.database():
        scratch.papers(arguments.papers, random.Random(1))
        corpus.learn(MONDAY)
        if arguments.scale:
            result: object = scale(arguments)
        else:
            scratch.readers(max(arguments.readers, arguments.loop), random.Random(2))
            result = side_by_side(arguments)
    print(json.dumps(result) if arguments.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
