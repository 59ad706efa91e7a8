"""Contents are read while the messages before them are sent, and each reader gets what is theirs all the same."""

import datetime as dt
import email
import email.policy

import pytest
from django.db import connection

from digest.delivery import deliver
from digest.delivery.composing import Ahead, Batch, messages_for
from digest.issues import rendering
from digest.models import Delivery
from subscriptions.models import Interest, Notice
from tests.delivery.cast import notice_for, policy
from tests.delivery.relay import Relay
from tests.messages import people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _new_run() -> None:
    rendering.forget()


def _mailing() -> list[Delivery]:
    """Seven readers who differ in all that is read of them."""
    papers = [people.stored_paper(number) for number in range(1, 8)]
    names = ["Ada Lovelace", "Ève Curie", 'Quote " Slash \\', "", "名前", "N,U{L}L", "NULL"]
    made = []
    for number, name in enumerate(names):
        reader = people.subscriber(f"reader{number}", time_zone="Asia/Tokyo" if number % 2 else "Nowhere/Gone")
        reader.name = name
        reader.save()
        form = "text" if number == 2 else "html"
        made.append(people.delivery(reader, papers[number : number + 2], near=(papers[0],), subscription={"format": form}))
    Interest.objects.create(
        subscription=made[1].issue.subscription,  # type: ignore[union-attr]  # it is an issue's
        kind=Interest.Kind.AUTHOR,
        value=papers[1].authors[0],
    )
    return made


def _read_ahead(deliveries: list[Delivery]) -> Batch:
    ahead = Ahead(messages_for)
    ahead.begin(deliveries)
    try:
        while (batch := ahead.finished(people.NOW)) is None:
            assert ahead.channel is not None
            ahead.channel.await_answer()
        return batch
    finally:
        ahead.close()


def test_what_was_read_ahead_makes_the_same_message() -> None:
    mailing = _mailing()
    read_now = messages_for(mailing, people.NOW)
    batch = _read_ahead(mailing)
    for delivery in mailing:
        assert batch.letter(delivery).content == read_now[delivery.pk].content


def test_an_issue_from_before_gists_were_kept_is_read_ahead_too() -> None:
    mailing = _mailing()
    assert all(delivery.issue is not None and delivery.issue.gist == "" for delivery in mailing)
    assert b"Koopman3" in _read_ahead(mailing).letter(mailing[2]).content


def test_over_many_slices_everyone_gets_their_own_issue(relay: Relay) -> None:
    mailing = _mailing()
    assert deliver(people.NOW, 100, policy=policy(relay.url, connections=3, chunk=4, slice=2)).by_state == {"accepted": 7}
    own = {delivery.subscriber.address: delivery.message_id for delivery in mailing}
    taken = {each.recipient: email.message_from_bytes(each.content, policy=email.policy.default) for each in relay.taken}
    assert {recipient: message["Message-ID"] for recipient, message in taken.items()} == own


def test_notices_go_in_the_same_slice_as_issues(relay: Relay) -> None:
    reader = _mailing()[0].subscriber
    notice = notice_for(reader)
    Notice.objects.filter(pk=notice.pk).update(expires_at=people.NOW + dt.timedelta(hours=1))
    notice.refresh_from_db()
    Delivery.objects.create(
        notice=notice,
        subscriber=reader,
        domain=reader.domain,
        priority=Delivery.Priority.NOTICE,
        message_id=f"<notice-{notice.pk}@papers.example.org>",
        next_attempt_at=people.NOW,
    )
    assert deliver(people.NOW, 100, policy=policy(relay.url, slice=3)).by_state == {"accepted": 8}


def test_a_database_that_goes_away_while_it_is_read_costs_no_message(relay: Relay) -> None:
    mailing = _mailing()
    ahead = Ahead(messages_for)
    ahead.begin(mailing)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    ahead.close()
    assert not ahead.asked
    ahead.begin(mailing)
    while (batch := ahead.finished(people.NOW)) is None:
        assert ahead.channel is not None
        ahead.channel.await_answer()
    ahead.close()
    assert all(batch.letter(delivery).content for delivery in mailing)
