"""What goes wrong on the ways in: unreadable files, connections that end, many recipients. Nothing is lost or kept up by it."""

import os
import smtplib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from digest.intake import imap, lmtp
from digest.messages import return_path
from digest.models import Bounce, Delivery
from subscriptions.models import Suppression
from tests.bounces.reports import delivery_status
from tests.delivery.cast import MONDAY, waiting
from tests.delivery.relay import Relay
from tests.intake.mailbox_server import Box, serving
from tests.intake.test_taking import _listening

pytestmark = pytest.mark.django_db(transaction=True)


def unknown(delivery: Delivery) -> bytes:
    return delivery_status("550 5.1.1 User unknown", "5.1.1", to=return_path(delivery.pk))


def by_hand(delivery: Delivery) -> bytes:
    return (
        f"From: Ada <{delivery.subscriber.address}>\nTo: digest@papers.example.org\nSubject: Re: Papers\n"
        f"In-Reply-To: {delivery.message_id}\n\nA word by hand.\n"
    ).encode()


@pytest.fixture
def relay() -> Iterator[Relay]:
    running = Relay().start()
    yield running
    running.stop()


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def read(maildir: Path) -> str:
    output = StringIO()
    call_command("take_bounces", maildir=maildir, stdout=output)
    return output.getvalue()


def test_a_maildir_is_read_in_order_and_what_is_taken_is_marked_unchanged(maildir: Path) -> None:
    ada, grace = waiting("ada", "grace")
    (maildir / "new" / "2.M1.host").write_bytes(unknown(grace))
    (maildir / "new" / "1.M1.host").write_bytes(unknown(ada))
    assert read(maildir).count("suppress: ") == 2
    assert list(Bounce.objects.order_by("id").values_list("delivery", flat=True)) == [ada.pk, grace.pk]
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == ["1.M1.host:2,S", "2.M1.host:2,S"]
    assert (maildir / "cur" / "1.M1.host:2,S").read_bytes() == unknown(ada)
    assert read(maildir) == ""


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_taken(maildir: Path) -> None:
    ada, grace = waiting("ada", "grace")
    (maildir / "new" / "1.M1.host").write_bytes(unknown(ada))
    (maildir / "new" / "2.M1.host").symlink_to(maildir / "nowhere")
    (maildir / "new" / "3.M1.host").write_bytes(unknown(grace))
    (maildir / "new" / ".hidden").write_bytes(b"x")
    (maildir / "new" / "folder").mkdir()
    with pytest.raises(CommandError, match=r"1 stay where they are: 2\.M1\.host") as refused:
        read(maildir)
    assert refused.value.returncode == os.EX_TEMPFAIL
    assert Bounce.objects.count() == 2
    assert len(list((maildir / "cur").iterdir())) == 2


def test_an_answer_that_the_relay_does_not_pass_on_keeps_no_report_from_being_taken(maildir: Path, settings: Settings) -> None:
    ada, grace = waiting("ada", "grace")
    (maildir / "new" / "1.M1.host").write_bytes(by_hand(ada))
    (maildir / "new" / "2.M1.host").write_bytes(unknown(grace))
    relay = Relay(script=lambda step, _: "554 5.7.1 not this" if step == "dot" else None).start()
    settings.SMTP_URL = relay.url
    try:
        with pytest.raises(CommandError, match="554"):
            read(maildir)
    finally:
        relay.stop()
    assert Bounce.objects.get().delivery == grace
    assert [path.name for path in (maildir / "new").iterdir()] == ["1.M1.host"]


@pytest.fixture
def box() -> Iterator[Box]:
    with serving(Box()) as found:
        yield found


def visit(box: Box) -> list[str]:
    mailbox = imap.Mailbox.parse(f"imap://ada:secret@127.0.0.1:{box.port}/INBOX")
    return [taken.kind for taken in imap.visit(mailbox, MONDAY)]


def test_an_imap_server_that_hangs_up_costs_nothing_but_another_visit(box: Box) -> None:
    for delivery in waiting("ada", "grace", "emmy"):
        box.add(unknown(delivery))
    box.cut_after = 1
    with pytest.raises(OSError):  # noqa: PT011 - whichever way the connection ends
        visit(box)
    assert Bounce.objects.count() == 1
    box.cut_after = None
    assert visit(box) == ["suppress", "suppress"]
    assert Suppression.objects.count() == 3


def test_an_answer_that_cannot_be_passed_on_stays_in_the_mailbox_and_the_others_are_taken(box: Box, settings: Settings) -> None:
    ada, grace = waiting("ada", "grace")
    box.add(by_hand(ada))
    box.add(unknown(grace))
    settings.SMTP_URL = "smtp://127.0.0.1:9"
    for _ in range(2):
        with pytest.raises(OSError, match="refused"):
            visit(box)
    assert Bounce.objects.get().delivery == grace
    assert [uid for uid, flags in box.flags.items() if not flags] == [1]


def test_lmtp_takes_a_message_for_many_recipients_one_by_one(tmp_path: Path) -> None:
    """As a mail server does: whom it is told to bring later, it brings again with the same message."""
    deliveries = waiting("ada", "grace", "emmy")
    left = [return_path(each.pk) for each in deliveries]
    with _listening(lmtp.Place.parse(f"unix:{tmp_path}/lmtp")), smtplib.LMTP(f"{tmp_path}/lmtp") as client:
        for _ in range(3):
            report = unknown(deliveries[len(deliveries) - len(left)])
            refused = client.sendmail("", [*left, "eve@example.net"], report)
            assert refused.pop("eve@example.net")[0] == 550
            assert all(code == 452 for code, _ in refused.values())
            left = list(refused)
    assert left == []
    assert Bounce.objects.count() == 3


@pytest.mark.parametrize(
    "octets",
    [
        b"From: Ada <ada@\n\nexample.org>\nSubject: x\n\nunsubscribe\n",
        b"From: x\nTo: a:b;c:;\nSubject: x\n\nunsubscribe\n",
        b"From: Ada <ada@example.org>\nSubject: x\nIn-Reply-To: <issue\0@papers.example.org>\n\nunsubscribe\n",
        "From: Ada <ada@ex\N{GRINNING FACE}ample.org>\nSubject: x\n\nA word by hand.\n".encode(),
        (
            b"From: a@example.net\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n"
            b"Content-Type: message/feedback-report; charset=rot13\n\nFeedback-Type: abuse\n\n--b--\n"
        ),
    ],
    ids=["no end of an address", "groups", "NUL", "an address of no letters", "a charset that is none"],
)
def test_a_message_that_nobody_can_read_keeps_no_mailbox_from_being_read_on(
    box: Box, relay: Relay, settings: Settings, octets: bytes
) -> None:
    settings.SMTP_URL = relay.url
    (ada,) = waiting("ada")
    box.add(octets)
    box.add(unknown(ada))
    assert visit(box)[-1] == "suppress"
    assert visit(box) == []
