"""Several publishers at once, on the real database, each with a connection of its own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest
from django.db import connection, transaction

from digest import issues, papers
from digest.models import Delivery, Issue, Paper, Source
from digest.sources.entries import Entry
from subscriptions.models import Subscriber, Subscription
from tests.issues.cast import HOUR, MONDAY, WEEK, digest_for, paper, reader, topic
from tests.locks import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


def _at_once(*jobs: Callable[[], T]) -> list[T]:
    """Run the jobs in threads that start together; their results, or the first error."""
    together = threading.Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        try:
            together.wait(timeout=120)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result(timeout=120) for done in [pool.submit(run, job) for job in jobs]]


@contextmanager
def _held(lock: Callable[[], object]) -> Iterator[None]:
    """Another connection's transaction that has taken a lock, and keeps it meanwhile."""
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                lock()
                taken.set()
                assert release.wait(timeout=120)
        finally:
            taken.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert taken.wait(timeout=120)
        try:
            yield
        finally:
            release.set()
        holding.result(timeout=120)


def test_two_publishers_make_one_issue_of_each_subscription() -> None:
    robots = topic("robot-learning")
    for number in range(24):
        person = reader(f"reader{number}")
        for name in ("one", "two")[: 1 + number % 2]:
            digest_for(person, robots, name=name, size=3)
    for number in range(12):
        paper(f"Robot number {number}", robots)

    def publisher() -> int:
        made = 0
        while Subscription.objects.due(MONDAY).exists():
            made += issues.publish_due(MONDAY, limit=5).published
        return made

    made = _at_once(publisher, publisher)

    assert sum(made) == Issue.objects.count() == Delivery.objects.count() == 36
    assert set(Counter(Issue.objects.values_list("subscription_id", flat=True)).values()) == {1}
    assert set(Issue.objects.values_list("number", flat=True)) == {1}
    assert set(Subscription.objects.values_list("next_issue_at", flat=True)) == {MONDAY + WEEK}
    for person in Subscriber.objects.all():
        brought = Counter(each for issue in Issue.objects.filter(subscription__subscriber=person) for each in issue.paper_ids)
        assert set(brought.values()) == {1}


def test_two_requests_at_once_publish_one_issue() -> None:
    wanted = [digest_for(reader(f"reader{number}"), next_issue_at=MONDAY + WEEK).pk for number in range(6)]
    paper("Something")
    results = _at_once(
        lambda: issues.publish(wanted, MONDAY + HOUR),
        lambda: issues.publish(wanted[::-1], MONDAY + HOUR),
    )
    assert sorted((done.published, len(done.refused)) for done in results) == [(0, 6), (6, 0)]
    assert Issue.objects.count() == 6


def test_a_person_whose_other_digest_is_being_published_is_passed_over() -> None:
    ada, ben = reader("ada"), reader("ben")
    digest_for(ada, name="one")
    other = digest_for(ben)
    paper("Something")
    with _held(lambda: list(Subscriber.objects.select_for_update(no_key=True).filter(pk=ada.pk))):
        assert issues.publish_due(MONDAY, limit=10).claimed == 1
        assert Issue.objects.get().subscription == other
    assert issues.publish_due(MONDAY, limit=10).claimed == 1


def test_a_paper_that_comes_in_while_an_issue_is_published_falls_into_the_next_window() -> None:
    digest_for(reader())
    paper("Known in time")
    source = Source.objects.create(slug="page", name="Page", format=Source.Format.PAGE)
    entry = Entry(title="Came in meanwhile", abstract="It came.", announced_at=MONDAY - HOUR)
    with ThreadPoolExecutor(1) as pool, _held(lambda: issues.publish_due(MONDAY, limit=10)):

        def store() -> None:
            try:
                papers.store([entry], source, MONDAY - HOUR)
            finally:
                connection.close()

        storing = pool.submit(store)
        # The publisher has read its candidates and has yet to commit; whoever lists papers waits for it.
        until_somebody_waits(over=storing.done)
    storing.result(timeout=120)
    listed = Paper.objects.get(title="Came in meanwhile").listed_at
    assert listed >= Issue.objects.get().window_end == MONDAY
