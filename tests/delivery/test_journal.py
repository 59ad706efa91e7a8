"""The sender's journal: what it says reaches the ledger, whoever dies, and nobody takes a delivery away behind its back."""

import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.delivery import Told, claims, deliver, journal, outcomes, recover, settle
from digest.delivery.books import Books, Round
from digest.delivery.journal import Journal, Page
from digest.delivery.outcomes import Outcome
from digest.models import Attempt, Delivery, JournalPage
from digest.models import Journal as JournalRow
from digest.smtp import Reply, Stage
from subscriptions.models import Subscriber
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = dt.timedelta(minutes=2)
TAKEN = Reply(250, ("2.0.0 taken",))
LATER = Reply(450, ("4.2.1 later",))


def accepted(delivery: Delivery) -> Outcome:
    return outcomes.answered(delivery, 40_000, Stage.DOT, TAKEN, MONDAY, lambda: 0.5)


def deferred(delivery: Delivery) -> Outcome:
    return outcomes.answered(delivery, 40_000, Stage.DATA, LATER, MONDAY, lambda: 0.5)


class Worker:
    """A run of the sender, a step at a time, with a journal or without one."""

    def __init__(self, name: str = "host:1:ada", *, keeps_journal: bool = True) -> None:
        self.journal = Journal(name, time.monotonic)
        self.books = Books(self.journal if keeps_journal else None)
        self._name = name
        if keeps_journal:
            self.journal.open()

    def claim(self, lease: dt.timedelta = LEASE) -> Sequence[Delivery]:
        return claims.claim(MONDAY, 100, self._name, lease)

    def round(self, done: Sequence[Outcome], begun: Sequence[Delivery]) -> Round:
        self.books.begin(Page(done, begun, MONDAY), LEASE)
        return self.books.wait()

    def post(self) -> None:
        self.journal.close()

    def dies(self) -> None:
        """Its connections are gone, and its leases run out."""
        self.books.close()
        self.journal.hang_up()
        Delivery.objects.filter(claimed_by=self._name).update(lease_expires_at=MONDAY - dt.timedelta(days=365))


@pytest.fixture
def worker() -> Iterator[Worker]:
    running = Worker()
    yield running
    running.books.close()
    running.journal.hang_up()


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("subscriber__address", "state"))


def test_a_run_leaves_no_journal_behind_and_the_ledger_knows_all(relay: Relay) -> None:
    waiting("ada", "grace", "alan")
    assert deliver(MONDAY, 10, policy=policy(relay.url, connections=2), make=letters).by_state == {"accepted": 3}
    assert set(Delivery.objects.values_list("state", "attempts", "reply_code", "claimed_by")) == {("accepted", 1, 250, "")}
    assert not JournalRow.objects.exists()
    assert not JournalPage.objects.exists()


def test_what_a_dead_run_wrote_down_is_posted_before_anything_is_taken_away(worker: Worker) -> None:
    """Of three that it claimed one was accepted, one has its final dot out, and one was never begun."""
    waiting("ada", "grace", "alan")
    ada, grace, alan = worker.claim()
    worker.round([], [ada])
    worker.round([accepted(ada)], [grace])
    assert set(states().values()) == {"claimed"}
    worker.dies()
    recovered = recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
    assert (recovered.queued, recovered.uncertain) == (1, 1)
    assert states() == {"ada@example.org": "accepted", "grace@example.org": "uncertain", "alan@example.org": "queued"}
    attempt = Attempt.objects.get()
    assert (attempt.delivery_id, attempt.number, attempt.worker) == (grace.pk, 1, "host:1:ada")
    assert Delivery.objects.get(pk=alan.pk).attempts == 0
    assert not JournalPage.objects.exists()


def test_a_run_that_lives_keeps_what_it_holds(worker: Worker) -> None:
    waiting("ada")
    (ada,) = worker.claim()
    worker.round([], [ada])
    recovered = recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
    assert (recovered.queued, recovered.uncertain) == (0, 0)
    assert JournalRow.objects.exists()
    assert JournalPage.objects.get().begun == [ada.pk]


def test_a_run_whose_journal_was_removed_begins_nothing_that_was_taken_from_it(worker: Worker) -> None:
    waiting("ada", "grace")
    ada, grace = worker.claim()
    Delivery.objects.filter(pk=ada.pk).update(lease_expires_at=MONDAY - dt.timedelta(days=365))
    assert recover(MONDAY, policy=policy("smtp://127.0.0.1:9")).queued == 1
    assert worker.round([], [ada, grace]).begun == {grace.pk}
    assert Delivery.objects.get(pk=grace.pk).state == "sending"
    assert worker.round([accepted(grace)], []).recorded == {grace.pk}
    assert states() == {"ada@example.org": "queued", "grace@example.org": "accepted"}


def test_whoever_removes_a_journal_waits_for_the_page_under_way(worker: Worker) -> None:
    """Its final dot may go out as soon as it is committed, so that it must not be missed."""
    waiting("ada")
    (ada,) = worker.claim(lease=dt.timedelta(minutes=-1))
    under_way = connection.copy()
    under_way.inc_thread_sharing()
    under_way.set_autocommit(False)
    with under_way.cursor() as cursor:
        cursor.execute("SELECT name FROM digest_journal FOR KEY SHARE")
        cursor.execute(
            "INSERT INTO digest_journalpage (journal, written_at, begun, begun_fences, accepted, accepted_fences, codes, "
            "replies, sizes) VALUES ('host:1:ada', now(), %s, %s, '{}', '{}', '{}', '{}', '{}')",
            [[ada.pk], [ada.fence]],
        )
    found: list[int] = []

    def recovering() -> None:
        found.append(recover(MONDAY, policy=policy("smtp://127.0.0.1:9")).uncertain)
        connection.close()

    thread = threading.Thread(target=recovering)
    thread.start()
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                break
    under_way.commit()
    under_way.close()
    thread.join()
    assert found == [1]
    assert states() == {"ada@example.org": "uncertain"}


def test_what_is_sent_once_more_goes_straight_into_the_ledger(worker: Worker) -> None:
    """A provider may settle such a doubt at any moment, and then no second copy goes out."""
    waiting("ada")
    Delivery.objects.update(doubts=1, attempts=1, state="deferred", reason="sent once more")
    (ada,) = worker.claim()
    assert settle(ada.pk, Told.ACCEPTED, MONDAY)
    assert worker.round([], [ada]).begun == set()
    assert not JournalPage.objects.exists()


def test_a_provider_settles_what_only_the_journal_knows_to_be_under_way(worker: Worker) -> None:
    waiting("ada", "grace")
    ada, grace = worker.claim()
    worker.round([], [ada])
    assert settle(ada.pk, Told.ACCEPTED, MONDAY)
    assert not settle(grace.pk, Told.ACCEPTED, MONDAY)
    worker.dies()
    recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
    assert states() == {"ada@example.org": "accepted", "grace@example.org": "queued"}


def test_journals_of_a_restored_database_are_posted_whether_or_not_leases_run(worker: Worker) -> None:
    waiting("ada", "grace")
    ada, grace = worker.claim()
    worker.round([], [ada])
    worker.round([accepted(ada)], [grace])
    assert journal.post_all() == 2
    assert states() == {"ada@example.org": "accepted", "grace@example.org": "sending"}
    assert not JournalRow.objects.exists()


def test_a_journal_that_was_left_behind_is_removed() -> None:
    JournalRow.objects.create(name="host:1:gone")
    journal.post_the_dead()
    assert JournalRow.objects.exists(), "it may have been opened a moment ago"
    JournalRow.objects.update(opened_at=MONDAY)
    journal.post_the_dead()
    assert not JournalRow.objects.exists()


def test_posting_waits_until_there_is_enough_to_post(worker: Worker) -> None:
    waiting("ada")
    (ada,) = worker.claim()
    due = []
    for page in (Page([], [ada], MONDAY), Page([accepted(ada)] * 500, [], MONDAY)):
        worker.round(page.outcomes, page.begun)
        due.append(worker.journal.due)
    assert due == [False, True]
    seen = []
    for may_post in (False, True):
        worker.journal.turn(may_post=may_post)
        seen.append(worker.journal.posting)
    assert seen == [False, True], "nothing is posted while a round changes rows of the ledger"
    worker.post()
    assert states() == {"ada@example.org": "accepted"}


_FATES = st.lists(st.tuples(st.sampled_from(["accepted", "deferred", "lost"]), st.integers(0, 2)), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(fates=_FATES)
def test_a_journal_and_the_ledger_alone_end_in_the_same_rows(fates: list[tuple[str, int]]) -> None:
    """Each delivery begins, and a few rounds later is accepted, deferred or never heard of; the run then dies or posts."""
    ends = []
    for keeps_journal in (True, False):
        Delivery.objects.all().delete()
        JournalRow.objects.all().delete()
        for number, _ in enumerate(fates):
            _renewed(number)
        worker = Worker(keeps_journal=keeps_journal)
        claimed = worker.claim()
        waits: list[tuple[int, Outcome]] = []
        for turn, (delivery, (fate, later)) in enumerate(zip(claimed, fates, strict=True)):
            done = [outcome for at, outcome in waits if at == turn]
            worker.round(done, [delivery])
            if fate != "lost":
                waits.append((turn + 1 + later, accepted(delivery) if fate == "accepted" else deferred(delivery)))
        rest = [outcome for at, outcome in waits if at >= len(fates)]
        if rest:
            worker.round(rest, [])
        worker.dies()
        recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
        rows = Delivery.objects.order_by("subscriber__address").values_list(
            "state", "reason", "stage", "reply_code", "reply", "size", "attempts", "doubts", "claimed_by", "finished_at"
        )
        ends.append(list(rows))
    assert ends[0] == ends[1]


def _renewed(number: int) -> None:
    """A queued delivery for reader `number`, whether or not an earlier example made the reader."""
    Subscriber.objects.filter(address=f"reader{number}@example.org").delete()
    waiting(f"reader{number}")
