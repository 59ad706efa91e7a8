"""One door for what comes back: a pipe, a Maildir, LMTP, IMAP; taken once, however often it comes."""

import asyncio
import datetime as dt
import io
import os
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from digest import intake
from digest.intake import imap, lmtp
from digest.messages import bounce_address, return_path
from digest.models import Bounce, Delivery
from subscriptions.models import Subscription, Suppression
from tests.bounces.reports import delivery_status
from tests.delivery.cast import MONDAY, waiting
from tests.delivery.relay import Relay
from tests.intake.mailbox_server import Box, serving
from tests.sockets import free_port

pytestmark = pytest.mark.django_db

UNKNOWN = delivery_status("550 5.1.1 User unknown", "5.1.1")


def _stop(delivery: Delivery, words: str = "unsubscribe") -> bytes:
    return (
        f"From: Ada <{delivery.subscriber.address}>\nTo: digest@papers.example.org\nSubject: Re: Papers\n"
        f"In-Reply-To: {delivery.message_id}\n\n{words}\n"
    ).encode()


def test_the_same_report_by_two_ways_is_one_bounce() -> None:
    (ada,) = waiting("ada")
    first = intake.take(UNKNOWN, MONDAY, return_path(ada.pk))
    traced = b"Received: from elsewhere\r\nDelivered-To: someone@example.net\r\n" + UNKNOWN.replace(b"\n", b"\r\n")
    again = intake.take(traced, MONDAY, return_path(ada.pk))
    assert (first.kind, again.kind) == ("suppress", "suppress")
    assert again.done.endswith("nothing: it was recorded before")
    assert Bounce.objects.count() == Suppression.objects.count() == 1


def test_an_answer_that_says_unsubscribe_is_obeyed() -> None:
    (ada,) = waiting("ada")
    assert intake.take(_stop(ada), MONDAY, "digest@papers.example.org").kind == "reply"
    assert Subscription.objects.get().ended_at == MONDAY
    assert not Bounce.objects.exists()


def test_an_answer_by_hand_goes_to_the_operator(settings: object) -> None:
    (ada,) = waiting("ada")
    relay = Relay().start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{relay.port}"  # type: ignore[attr-defined]
    try:
        taken = intake.take(_stop(ada, "I liked the second of the 450 papers."), MONDAY, "digest@papers.example.org")
    finally:
        relay.stop()
    assert taken == intake.Taken("reply", "written by hand: passed on to the operator")
    assert [each.recipient for each in relay.taken] == ["hello@papers.example.org"]


def test_spam_to_a_return_path_bothers_nobody() -> None:
    spam = b"From: Eve <eve@example.net>\nTo: bounces@papers.example.org\nSubject: Buy this\n\nIt is cheap.\n"
    assert intake.take(spam, MONDAY, bounce_address()).kind == "ignore"


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("digest@papers.example.org", True),
        ("Bounces@Papers.example.org", True),
        ("bounces+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa@papers.example.org", False),
        ("eve@example.net", False),
    ],
)
def test_mail_for_others_is_not_welcome(address: str, ours: bool) -> None:
    assert intake.welcome(address) is ours
    assert intake.welcome(return_path(7))


def test_a_pipe_tells_its_server_to_try_again_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = waiting("ada")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UNKNOWN)))
    output = StringIO()
    call_command("take_bounces", "--pipe", recipient=return_path(ada.pk), stdout=output)
    assert output.getvalue() == "suppress: the mailbox does not exist: the address is suppressed\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UNKNOWN + b"again")))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE digest_bounce RENAME TO digest_elsewhere")
    with pytest.raises(CommandError, match="could not be taken now") as refused:
        call_command("take_bounces", recipient=return_path(ada.pk), stdout=output)
    assert refused.value.returncode == os.EX_TEMPFAIL


@contextmanager
def _listening(place: lmtp.Place) -> Iterator[None]:
    """The server in a thread with its own loop, stopped at the end."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    task = loop.create_task(lmtp.serve(place, lambda: MONDAY, ready.set, signals=()))

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(120)
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_lmtp_answers_once_the_report_is_committed(tmp_path: Path) -> None:
    (ada,) = waiting("ada")
    with _listening(lmtp.Place.parse(f"unix:{tmp_path}/lmtp")), smtplib.LMTP(f"{tmp_path}/lmtp") as client:
        client.ehlo()
        client.mail("")
        assert client.rcpt("eve@example.net")[0] == 550
        assert client.rcpt(return_path(ada.pk))[0] == 250
        assert client.rcpt(bounce_address())[0] == 452
        assert client.data(UNKNOWN) == (250, b"2.0.0 suppress")
        assert Bounce.objects.get().delivery == ada
        client.mail("")
        client.rcpt(return_path(ada.pk))
        assert client.data(UNKNOWN) == (250, b"2.0.0 suppress")
    assert Bounce.objects.count() == 1
    assert not (tmp_path / "lmtp").exists()


@pytest.mark.django_db(transaction=True)
def test_lmtp_on_a_port_asks_to_try_again_when_the_database_is_away() -> None:
    (ada,) = waiting("ada")
    port = free_port()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE digest_bounce RENAME TO digest_elsewhere")
    try:
        with _listening(lmtp.Place.parse(f"127.0.0.1:{port}")), smtplib.LMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.mail("")
            client.rcpt(return_path(ada.pk))
            assert client.data(UNKNOWN)[0] == 451
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE digest_elsewhere RENAME TO digest_bounce")


@pytest.mark.parametrize("where", ["0.0.0.0:24", "lmtp", "unix:relative", "127.0.0.1:port", "127.0.0.1:99999"])
def test_lmtp_listens_to_this_machine_only(where: str) -> None:
    with pytest.raises(CommandError, match=r"neither unix:/PATH nor 127\.0\.0\.1:PORT"):
        call_command("take_bounces", lmtp=where)


@pytest.fixture
def box() -> Iterator[Box]:
    with serving(Box()) as found:
        yield found


def _visit(box: Box, options: str = "") -> list[str]:
    mailbox = imap.Mailbox.parse(f"imap://ada:secret@127.0.0.1:{box.port}/INBOX{options}")
    return [taken.kind for taken in imap.visit(mailbox, MONDAY)]


@pytest.mark.parametrize("keywords", [True, False])
def test_a_mailbox_is_read_once_and_marked(box: Box, keywords: bool) -> None:
    ada, alan = waiting("ada", "alan")
    box.keywords = keywords
    box.add(delivery_status("550 5.1.1 User unknown", "5.1.1", to=return_path(ada.pk)))
    box.add(_stop(alan))
    assert _visit(box) == ["suppress", "reply"]
    box.renumber()
    assert _visit(box) == []
    assert Bounce.objects.count() == 1


def test_what_is_taken_may_be_moved_away(box: Box) -> None:
    (ada,) = waiting("ada")
    box.add(delivery_status("550 5.1.1 User unknown", "5.1.1", to=return_path(ada.pk)))
    assert _visit(box, "?move=Taken") == ["suppress"]
    assert (len(box.messages), len(box.moved)) == (0, 1)


def test_what_cannot_be_taken_stays_new(box: Box) -> None:
    (ada,) = waiting("ada")
    box.add(_stop(ada, "A word by hand, while the relay is away."))
    with pytest.raises(OSError, match="refused"):
        _visit(box)
    assert box.flags == {1: set()}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "does not begin with imaps://"),
        ("imap://ada:secret@imap.example.org/INBOX", "does not begin with imaps://"),
        ("imaps://imap.example.org/INBOX", "lacks a host, a name or a password"),
        ("imaps://ada:secret@imap.example.org:port/", "cannot be read"),
    ],
)
def test_a_mailbox_that_cannot_be_meant_is_refused_in_one_line(url: str, says: str, settings: object) -> None:
    settings.BOUNCES_IMAP_URL = url  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=says):
        call_command("take_bounces", "--imap")


def test_a_visit_is_counted_for_the_operator(box: Box, settings: object) -> None:
    from digest import tasks

    (ada,) = waiting("ada")
    box.add(delivery_status("552 5.2.2 Mailbox full", "5.2.2", to=return_path(ada.pk)))
    settings.BOUNCES_IMAP_URL = f"imap://ada:secret@127.0.0.1:{box.port}"  # type: ignore[attr-defined]
    assert tasks.take_returned() == {"soft": 1}
    assert Bounce.objects.get().received_at - MONDAY > dt.timedelta(days=1)
