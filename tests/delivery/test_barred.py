"""What must not be sent: asked at the claim, while the body flows, and before the final dot."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from digest.delivery import deliver, queue_notices
from digest.models import Delivery, Issue, JournalPage
from subscriptions import suppression
from subscriptions.models import Notice, Subscriber, Subscription, Suppression
from tests.delivery.cast import HOUR, MONDAY, Clock, issue_for, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay
from tests.locks import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_must_not_be_sent_is_skipped_with_a_reason(relay: Relay) -> None:
    suppressed, ended, pending, paused, late = (issue_for(reader(name)) for name in ("ada", "grace", "alan", "emmy", "kurt"))
    suppression.suppress("ADA@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    Subscription.objects.filter(subscriber=ended.subscriber).update(ended_at=MONDAY)
    Subscriber.objects.filter(pk=pending.subscriber_id).update(status="pending", confirmed_at=None)
    Subscription.objects.filter(subscriber=paused.subscriber).update(paused_until=MONDAY + HOUR)
    Issue.objects.filter(delivery=late).update(due_at=MONDAY - dt.timedelta(days=8))
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 5}
    assert relay.taken == []
    assert dict(Delivery.objects.values_list("pk", "reason")) == {
        suppressed.pk: "the address is suppressed",
        ended.pk: "the subscription has ended",
        pending.pk: "the subscriber has not confirmed",
        paused.pk: "the subscription is paused",
        late.pk: "too late to be useful",
    }


def test_a_confirmation_goes_to_those_who_have_not_confirmed(relay: Relay) -> None:
    ada = reader("ada")
    Subscriber.objects.update(status="pending", confirmed_at=None)
    notice_for(ada, Notice.Kind.CONFIRMATION)
    queue_notices(MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_an_expired_notice_is_skipped(relay: Relay) -> None:
    notice_for(reader("ada"))
    assert queue_notices(MONDAY) == 1
    late = MONDAY + 2 * HOUR
    assert deliver(late, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 1}
    notice_for(reader("grace"))
    assert queue_notices(late) == 1
    assert set(Delivery.objects.values_list("state", "reason")) == {("skipped", "expired before it could be sent")}


def test_a_notice_to_another_address_asks_about_that_address(relay: Relay) -> None:
    notice_for(reader("ada"), Notice.Kind.ADDRESS_CONFIRMATION, recipient="countess@example.net")
    suppression.suppress("countess@example.net", Suppression.Reason.HARD_BOUNCE, "", MONDAY)
    queue_notices(MONDAY)
    assert Delivery.objects.get().domain == "example.net"
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 1}


def test_an_unsubscription_while_the_body_flows_stops_the_final_dot(relay: Relay) -> None:
    """The relay has said 354; the reader unsubscribes before the loop comes round to the commit."""
    waiting("ada")

    def unsubscribe(step: str, recipient: str) -> str | None:
        if step == "data":
            Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)
            connection.close()
        return None

    relay.script = unsubscribe
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, freshness=0.0), make=letters)
    assert (delivered.by_state, relay.taken) == ({"skipped": 1}, [])


def test_whoever_leaves_while_a_slow_commit_is_under_way_gets_nothing(relay: Relay) -> None:
    """The database holds the round up for ten seconds; the reader unsubscribes meanwhile, and their message has no dot yet."""
    (ada,) = waiting("ada")
    clock = Clock()
    blocker = connection.copy()
    blocker.inc_thread_sharing()

    def leave() -> None:
        until_somebody_waits()
        Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)
        connection.close()
        clock.ahead = 10.0
        blocker.rollback()

    def hold_up(step: str, recipient: str) -> str | None:
        if step == "data":
            blocker.set_autocommit(False)
            with blocker.cursor() as cursor:
                cursor.execute("SELECT name FROM digest_journal FOR UPDATE")
            leaving.start()
        return None

    leaving = threading.Thread(target=leave)
    relay.script = hold_up
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, clock=clock), make=letters)
    leaving.join()
    blocker.close()
    assert (delivered.by_state, relay.taken) == ({"skipped": 1}, [])
    ada.refresh_from_db()
    assert (ada.state, ada.reason) == ("skipped", "the subscription has ended")


def sleeping(clock: Clock, seconds: float, then: Callable[[], object]) -> Callable[..., object]:
    """The machine sleeps, once, right after the answer that precedes a final dot, and meanwhile something happens."""
    slept: list[float] = []

    def execute(run: Callable[..., object], sql: str, *arguments: object) -> object:
        answer = run(sql, *arguments)
        if "EXISTS" in sql and not slept and JournalPage.objects.exists():
            slept.append(seconds)
            clock.ahead += seconds
            then()
        return answer

    return execute


@pytest.mark.parametrize(("seconds", "state"), [(30.0, "skipped"), (3600.0, "deferred")])
def test_a_machine_that_sleeps_between_the_answer_and_the_dot_asks_again(relay: Relay, seconds: float, state: str) -> None:
    """Within the lease the reader who left meanwhile is skipped; beyond it nothing leaves, whoever they are."""
    (ada,) = waiting("ada")
    clock = Clock()

    def leave() -> None:
        Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)

    with connection.execute_wrapper(sleeping(clock, seconds, leave)):
        # Every answer is stale at once, so that each final dot is preceded by a question.
        sender = policy(relay.url, clock=clock, freshness=0.0, books=1, seconds=10_000.0)
        delivered = deliver(MONDAY, 10, policy=sender, make=letters)
    assert (delivered.by_state, relay.taken) == ({state: 1}, [])
    ada.refresh_from_db()
    assert ada.state == state


def test_an_erased_delivery_is_not_sent(relay: Relay) -> None:
    waiting("ada")

    def erase(step: str, recipient: str) -> str | None:
        if step == "data":
            Subscriber.objects.all().delete()
            connection.close()
        return None

    relay.script = erase
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, freshness=0.0), make=letters)
    assert (delivered.by_state, relay.taken) == ({"superseded": 1}, [])
