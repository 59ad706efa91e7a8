"""The verdict on what comes back."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from digest.bounces import classify
from tests.bounces.fixtures import FOLDER, refusals
from tests.bounces.reports import delivery_status, feedback, prose


@pytest.mark.parametrize(
    ("diagnostic", "status", "verdict"),
    [
        ("550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown", "5.1.1", "suppress"),
        ("550 5.1.1 The email account that you tried to reach does not exist", "5.0.0", "suppress"),
        ("550 No such user here", "", "suppress"),
        ("550 5.1.2 Host unknown", "5.1.2", "suppress"),
        ("556 5.1.10 Domain does not accept mail (null MX)", "5.1.10", "suppress"),
        ("551 5.1.6 The recipient has moved", "5.1.6", "suppress"),
        ("550 User unknown", "5.0.0", "soft"),
        ("552 5.2.2 Mailbox full", "5.2.2", "soft"),
        ("550 5.2.1 The user's account is disabled", "5.2.1", "soft"),
        ("550 5.1.1 Over quota", "5.1.1", "soft"),
        ("connect to mx.example.org: Connection timed out", "4.4.1", "soft"),
        ("delivery temporarily suspended", "4.0.0", "soft"),
        ("550 5.7.1 Message rejected due to SPF policy", "5.7.1", "sender-fault"),
        ("550 5.7.26 This message is unauthenticated", "5.7.26", "sender-fault"),
        ("554 Service unavailable; client host [192.0.2.1] blocked using dnsbl.example.net", "5.0.0", "sender-fault"),
        ("550 5.7.25 The IP address sending this message does not have a PTR record", "5.7.25", "sender-fault"),
        ("550 5.7.1 User unknown; your host is on a block list", "5.7.1", "sender-fault"),
        ("554 This message looks like spam", "5.0.0", "sender-fault"),
        ("552 5.3.4 Message too big", "5.3.4", "sender-fault"),
        ("421 4.7.0 Too many connections from your IP", "4.7.0", "sender-fault"),
        ("501 5.1.8 Sender address rejected: domain of sender does not exist", "5.1.8", "sender-fault"),
    ],
)
def test_it_judges_by_cause_and_not_by_the_first_digit(diagnostic: str, status: str, verdict: str) -> None:
    judgement = classify(delivery_status(diagnostic, status))
    assert judgement.verdict.value == verdict, judgement.why
    assert judgement.recipients == ("ada@example.org",)


REFUSALS = refusals(FOLDER / "known.tsv")


@pytest.mark.parametrize(("provider", "verdict", "status", "said"), REFUSALS)
def test_what_providers_are_known_to_say_is_understood(provider: str, verdict: str, status: str, said: str) -> None:
    judgement = classify(delivery_status(said, status))
    assert judgement.verdict.value == verdict, judgement.why


EXIM = (
    "A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\n"
    "  ada@example.org\n    SMTP error from remote mail server after RCPT TO:<ada@example.org>:\n    host mx.example.org: {}"
)
QMAIL = (
    "Hi. This is the qmail-send program at relay.example.net.\n\n<ada@example.org>:\n"
    "192.0.2.1 does not like recipient.\nRemote host said: {}\nGiving up on 192.0.2.1.\n"
)


@pytest.mark.parametrize("form", [EXIM, QMAIL], ids=["exim", "qmail"])
def test_the_same_words_mean_the_same_in_prose(form: str) -> None:
    replies = [(verdict, said) for _, verdict, _, said in REFUSALS if said[:3].isdigit()]
    wrong = [said for verdict, said in replies if classify(prose(form.format(said))).verdict.value != verdict]
    assert wrong == []


def test_a_refusal_of_the_connection_blames_the_sender() -> None:
    refused = prose("ada@example.org\n    SMTP error from remote mail server after initial connection:\n    554 mx.example.org")
    assert classify(refused).verdict.value == "sender-fault"


def test_a_full_disk_at_mail_from_is_no_fault_of_the_sender() -> None:
    full = prose(
        "ada@example.org\n>>> MAIL From:<b@papers.example.org>\n<<< 452 4.4.5 Insufficient disk space; try again later"
    )
    assert classify(full).verdict.value == "soft"


def test_a_number_in_a_letter_is_no_reply_code() -> None:
    letter = b"From: Ada <ada@example.org>\nSubject: Papers\n\nOf the 450 papers, user unknown 5.1.1 was the best.\n"
    assert classify(letter).verdict.value == "ignore"


def test_a_notification_may_have_a_footer() -> None:
    notification = {"notificationType": "Delivery", "delivery": {"recipients": ["ada@example.org"]}}
    mailed = prose(json.dumps(notification) + "\n\n--\nTo stop receiving notifications, visit spam blacklist\n")
    assert classify(mailed).verdict.value == "ignore"


def test_a_format_that_only_flufl_bounce_knows_is_kept_in_mind() -> None:
    judgement = classify(
        prose("Here is your list of failed recipients\n\n  ada@example.org\n\nHere is your returned mail", "A message")
    )
    assert (judgement.verdict.value, judgement.recipients) == ("soft", ("ada@example.org",))


@pytest.mark.parametrize(("action", "verdict"), [("delayed", "soft"), ("delivered", "ignore"), ("relayed", "ignore")])
def test_what_has_not_failed_suppresses_nobody(action: str, verdict: str) -> None:
    assert classify(delivery_status("550 5.1.1 User unknown", "5.1.1", action)).verdict.value == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (
            "ada@example.org\n  SMTP error from remote mail server after RCPT TO:<ada@example.org>:\n  550 User unknown",
            "suppress",
        ),
        (
            "ada@example.org\n  SMTP error from remote mail server after MAIL FROM:<b@x.example>:\n  550 No such domain",
            "sender-fault",
        ),
        ("ada@example.org\n  550 (in reply to end of DATA command) User unknown", "soft"),
        ("ada@example.org\n  mailbox is full: retry timeout exceeded", "soft"),
        ("ada@example.org could not be delivered, and nobody knows why", "soft"),
    ],
)
def test_prose_is_read_when_there_is_nothing_else(text: str, verdict: str) -> None:
    judgement = classify(prose(text))
    assert judgement.verdict.value == verdict, judgement.why


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("abuse", "complaint"), ("fraud", "complaint"), ("not-spam", "ignore"), ("auth-failure", "sender-fault")],
)
def test_complaints_are_told_from_other_feedback(kind: str, verdict: str) -> None:
    assert classify(feedback(kind)).verdict.value == verdict


@pytest.mark.parametrize("charset", ["rot13", "no-such-charset", "hex"])
def test_a_complaint_counts_whatever_charset_it_names(charset: str) -> None:
    named = f"Content-Type: text/plain; charset={charset}\nFeedback-Type:".encode()
    odd = feedback("abuse").replace(b"Feedback-Type:", named).replace(b"Version: 1\n\n", b"Version: 1\n\nr\xe9port\n")
    assert odd.count(b"\xe9") == odd.count(named) == 1
    assert classify(odd).verdict == "complaint"


def test_a_reader_who_is_away_is_left_alone() -> None:
    away = prose("I am away until Monday. 550 5.1.1 of my mails wait.", "Automatic reply: Papers", "Ada <ada@example.org>")
    assert classify(away).verdict.value == "ignore"


def test_a_letter_from_a_reader_is_no_bounce() -> None:
    letter = (
        b"From: Ada <ada@example.org>\nTo: bounces@papers.example.org\nSubject: Thanks\n\nI liked the paper on user unknown.\n"
    )
    assert classify(letter).verdict.value == "ignore"


def test_a_report_whose_parts_cannot_be_told_apart_is_read_all_the_same() -> None:
    broken = delivery_status("550 5.1.1 User unknown", "5.1.1").replace(b'boundary="b"', b'boundary="other"')
    assert classify(broken).verdict.value == "suppress"


@given(st.binary(max_size=3000) | st.text(max_size=2000).map(str.encode))
def test_anything_at_all_gets_a_verdict(octets: bytes) -> None:
    classify(octets)
    classify(delivery_status("550 5.1.1 User unknown") + octets)
    classify(b"Content-Type: multipart/report; boundary=b\nFrom: mailer-daemon\n\n--b\n" + octets)


def test_the_command_prints_an_object_for_each_file(tmp_path: Path) -> None:
    bounce, complaint = tmp_path / "bounce.eml", tmp_path / "complaint.eml"
    bounce.write_bytes(delivery_status("550 5.1.1 User unknown", "5.1.1"))
    complaint.write_bytes(feedback("abuse"))
    output = StringIO()
    call_command("classify_bounce", str(bounce), str(complaint), "--json", stdout=output)
    first, second = map(json.loads, output.getvalue().splitlines())
    assert first == {
        "file": str(bounce),
        "class": "suppress",
        "status": "5.1.1",
        "recipients": ["ada@example.org"],
        "why": "the mailbox does not exist",
    }
    assert second["class"] == "complaint"


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    bounce = tmp_path / "bounce.eml"
    bounce.write_bytes(delivery_status("550 5.1.1 User unknown", "5.1.1"))
    output, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match="could not be read"):
        call_command("classify_bounce", str(tmp_path / "none.eml"), str(bounce), "--json", stdout=output, stderr=errors)
    assert "none.eml: No such file" in errors.getvalue()
    assert json.loads(output.getvalue())["class"] == "suppress"
