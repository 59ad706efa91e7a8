"""The way in and the way out."""

import datetime as dt
import threading

import pytest
from django.db import connection

from subscriptions import consent, suppression
from subscriptions.consent import SignUp
from subscriptions.mailboxes import AddressRefused
from subscriptions.models import Consent, Interest, Notice, Subscriber, Subscription, Suppression, Topic

from .conftest import token, unsubscribe_token

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_a_new_address_waits_for_its_confirmation(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(
        SignUp("Ada@Example.org", time_zone="America/New_York", topics=("koopman",), keywords=("transfer operators",)), now
    )
    assert asked.outcome == "confirmation"
    subscriber = Subscriber.objects.get()
    assert (subscriber.address, subscriber.status, subscriber.time_zone) == ("Ada@example.org", "pending", "America/New_York")
    assert not Subscription.objects.live().exists()
    assert sorted(Interest.objects.values_list("kind", "topic__slug", "value")) == [
        ("keyword", None, "transfer operators"),
        ("topic", "koopman", ""),
    ]
    record = Consent.objects.get()
    assert (record.event, record.method, record.wording, record.wording_version) == ("requested", "form", consent.WORDING, "1")
    notice = Notice.objects.get()
    assert (notice.kind, notice.expires_at - now) == ("confirmation", 7 * DAY)


def test_the_notice_carries_no_text_that_a_stranger_typed(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(SignUp("ada@example.org", name="BUY NOW", keywords=("visit evil.example",)), now)
    assert asked.notice
    assert all(isinstance(value, int) for value in asked.notice.context.values())


def test_confirming_starts_the_digest_at_its_next_hour(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(SignUp("ada@example.org"), now)
    assert asked.notice
    confirmed = consent.confirm(token(asked.notice), now + DAY)
    assert confirmed.outcome == "confirmed"
    assert confirmed.subscription
    assert confirmed.subscription.next_issue_at == dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
    assert Subscriber.objects.get().confirmed_at == now + DAY
    assert list(Consent.objects.order_by("id").values_list("event", flat=True)) == ["requested", "confirmed"]


def test_looking_at_the_link_confirms_nothing(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(SignUp("ada@example.org"), now)
    assert asked.notice
    assert consent.confirmation(token(asked.notice), now).outcome == "confirmed"
    assert Subscriber.objects.get().status == "pending"


def test_confirming_twice_says_so(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(SignUp("ada@example.org"), now)
    assert asked.notice
    consent.confirm(token(asked.notice), now)
    assert consent.confirm(token(asked.notice), now + 30 * DAY).outcome == "already"
    assert Consent.objects.filter(event="confirmed").count() == 1


def test_an_old_link_confirms_nothing(topics: list[Topic], now: dt.datetime) -> None:
    asked = consent.subscribe(SignUp("ada@example.org"), now)
    assert asked.notice
    assert consent.confirm(token(asked.notice), now + 7 * DAY).outcome == "gone"


def test_revoked_links_are_gone_but_those_that_unsubscribe(ada: Subscription, now: dt.datetime) -> None:
    consent.subscribe(SignUp("ada@example.org"), now + DAY)
    link = Notice.objects.get(kind="magic-link")
    assert consent.noticed(Notice.Kind.MAGIC_LINK, token(link))
    Subscriber.objects.update(token_generation=1)
    assert consent.noticed(Notice.Kind.MAGIC_LINK, token(link)) is None
    assert consent.unsubscribe(unsubscribe_token(ada), now, "link").outcome == "ended"


def test_asking_again_before_confirming_replaces_what_was_asked(topics: list[Topic], now: dt.datetime) -> None:
    consent.subscribe(SignUp("ada@example.org", topics=("koopman",)), now)
    again = consent.subscribe(SignUp("ADA@example.org", topics=("robot-learning",), cadence="daily"), now + DAY)
    assert again.outcome == "confirmation"
    subscription = Subscription.objects.get()
    assert (subscription.cadence, subscription.interests.get().topic.slug) == ("daily", "robot-learning")  # type: ignore[union-attr]  # a topic has one
    assert Notice.objects.filter(kind="confirmation").count() == 2


def test_a_known_address_changes_in_nothing_and_gets_a_link(ada: Subscription, now: dt.datetime) -> None:
    again = consent.subscribe(SignUp("ada@example.org", cadence="daily", topics=("koopman",)), now + DAY)
    assert again.outcome == "magic-link"
    ada.refresh_from_db()
    assert ada.cadence == "weekly"
    notice = Notice.objects.get(kind="magic-link")
    assert notice.expires_at - notice.created_at == dt.timedelta(minutes=30)


def test_a_suppressed_address_gets_nothing(topics: list[Topic], now: dt.datetime) -> None:
    suppression.suppress("ADA@example.org", Suppression.Reason.COMPLAINT, "asked the provider", now)
    assert consent.subscribe(SignUp("ada@example.org"), now).outcome == "suppressed"
    assert not Notice.objects.exists()


def test_an_unknown_topic_is_left_out_and_named(topics: list[Topic], now: dt.datetime) -> None:
    assert consent.subscribe(SignUp("ada@example.org", topics=("koopman", "alchemy")), now).unknown_topics == ("alchemy",)


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"cadence": "hourly"}])
def test_a_wrong_choice_is_named_and_nothing_is_written(wrong: dict[str, str], now: dt.datetime) -> None:
    with pytest.raises(ValueError, match=r"Mars/Olympus|hourly"):
        consent.subscribe(SignUp("ada@example.org", **wrong), now)  # type: ignore[arg-type]  # all of them are strings
    assert not Subscriber.objects.exists()


def test_a_wrong_address_is_refused(now: dt.datetime) -> None:
    with pytest.raises(AddressRefused):
        consent.subscribe(SignUp("ada"), now)


def test_unsubscribing_ends_the_digest_and_is_written_down(ada: Subscription, now: dt.datetime) -> None:
    done = consent.unsubscribe(unsubscribe_token(ada), now, "one-click")
    assert done.outcome == "ended"
    ada.refresh_from_db()
    assert (ada.ended_at, ada.ended_because, ada.next_issue_at) == (now, "unsubscribed by one-click", None)
    assert Consent.objects.filter(event="unsubscribed", method="one-click").count() == 1


def test_unsubscribing_twice_or_after_erasure_is_still_fine(ada: Subscription, now: dt.datetime) -> None:
    link = unsubscribe_token(ada)
    consent.unsubscribe(link, now, "link")
    assert consent.unsubscribe(link, now, "link").outcome == "already"
    Subscriber.objects.all().delete()
    assert consent.unsubscribe(link, now, "link").outcome == "already"
    assert Consent.objects.filter(event="unsubscribed").count() == 1


def test_unsubscribing_ends_one_digest_or_all_of_them(ada: Subscription, now: dt.datetime) -> None:
    second = Subscription.objects.create(subscriber=ada.subscriber, next_issue_at=now + DAY)
    assert consent.unsubscribe(unsubscribe_token(ada), now, "link").others == (second,)
    assert list(Subscription.objects.live()) == [second]
    assert consent.unsubscribe(unsubscribe_token(ada), now, "link", everything=True).others == ()
    assert not Subscription.objects.live().exists()


def test_rejoining_takes_a_new_confirmation(ada: Subscription, now: dt.datetime) -> None:
    consent.unsubscribe(unsubscribe_token(ada), now, "link")
    again = consent.subscribe(SignUp("ada@example.org", topics=("koopman",)), now + DAY)
    assert again.outcome == "confirmation"
    assert again.notice
    assert not Subscription.objects.live().exists()
    assert consent.confirm(token(again.notice), now + DAY).outcome == "confirmed"
    assert Subscription.objects.live().get().interests.get().topic.slug == "koopman"  # type: ignore[union-attr]  # a topic has one


def test_a_link_from_before_does_not_bring_an_ended_digest_back(ada: Subscription, now: dt.datetime) -> None:
    consent.unsubscribe(unsubscribe_token(ada), now, "link")
    assert consent.confirm(token(Notice.objects.get(kind="confirmation")), now).outcome == "gone"


def test_unconfirmed_sign_ups_vanish_after_seven_days(topics: list[Topic], now: dt.datetime) -> None:
    consent.subscribe(SignUp("ada@example.org"), now)
    consent.subscribe(SignUp("grace@example.org"), now)
    consent.subscribe(SignUp("grace@example.org"), now + 3 * DAY)
    assert consent.forget_unconfirmed(now + 7 * DAY - dt.timedelta(seconds=1)) == {"subscribers": 0, "subscriptions": 0}
    assert consent.forget_unconfirmed(now + 7 * DAY) == {"subscribers": 1, "subscriptions": 0}
    assert Subscriber.objects.get().address == "grace@example.org"
    assert Consent.objects.count() == 3


def test_someone_who_asked_to_come_back_and_did_not_confirm_stays_gone_but_known(ada: Subscription, now: dt.datetime) -> None:
    consent.unsubscribe(unsubscribe_token(ada), now, "link")
    consent.subscribe(SignUp("ada@example.org"), now)
    assert consent.forget_unconfirmed(now + 7 * DAY) == {"subscribers": 0, "subscriptions": 1}
    assert Subscription.objects.get() == ada


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_at_once_make_one_subscriber(topics: list[Topic], now: dt.datetime) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def sign_up(number: int) -> None:
        gate.wait()
        try:
            outcomes.append(consent.subscribe(SignUp("ada@example.org"), now + number * dt.timedelta(seconds=1)).outcome)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["confirmation"] * 4
    assert (Subscriber.objects.count(), Subscription.objects.count()) == (1, 1)
