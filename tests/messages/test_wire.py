"""What goes over the wire: quoted-printable, header fields, addresses, return paths."""

import datetime as dt
import email
import email.policy
import quopri
import re
from email.message import EmailMessage
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from digest.messages import (
    Heading,
    Mailbox,
    Rendered,
    compose,
    delivery_of,
    headers,
    inert,
    message_id,
    quoted,
    return_path,
    sender,
    transport,
)
from digest.messages.holes import filling, hole, number, pattern

NOW = dt.datetime(2026, 3, 16, 6, 1, tzinfo=dt.UTC)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300)
TEXTS = st.lists(LINES, max_size=8).map(lambda lines: "\n".join(lines) + "\n")


def _heading(**values: Any) -> Heading:
    known: dict[str, Any] = {
        "sender": Mailbox("Paper Round", "digest@papers.example.org"),
        "to": Mailbox("Ada", "ada@example.org"),
        "subject": "Papers",
        "date": NOW,
        "message_id": "<issue-1@papers.example.org>",
        "unsubscribe_url": "https://papers.example.org/unsubscribe/t/",
        "list_id": "Paper Round <digest.papers.example.org>",
        "feedback_id": "20260316:weekly:digest:paper-round",
    }
    return Heading(**{**known, **values})


def _read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _words(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def _fit_for_data(content: bytes) -> bool:
    """RFC 5321 and 5322: CRLF alone ends a line, none over 998 octets, none that starts with a dot."""
    lines = content.split(b"\r\n")
    return (
        content.endswith(b"\r\n")
        and all(len(line) <= 998 and not line.startswith(b".") for line in lines)
        and not re.search(rb"[\r\n\0]", content.replace(b"\r\n", b""))
    )


@hypothesis_settings(deadline=None)
@given(TEXTS)
@example("." * 200 + "\n")
@example("From the start\n.\n..\n" + "é." * 60 + "\n")
@example("x" * 71 + "\n." + "é" * 100 + " \n \n\t\n")
def test_quoted_printable_reads_back_and_no_line_starts_with_a_dot(text: str) -> None:
    encoded = quoted.encode(text)
    assert quopri.decodestring(encoded).replace(b"\r\n", b"\n").decode() == text
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))


@hypothesis_settings(deadline=None)
@given(TEXTS, LINES, st.integers(0, 999), TEXTS)
@example(".", ".", 7, ".\n")
@example("100%(value)b %s %%(n)b", "%(n)b", 7, "%\n")
@example("x", "Monday\n.for\nFrom you", 7, "\n")
@example("x", "Monday\n\nfor you and " + "you " * 30, 7, "\n")
def test_holes_filled_after_encoding_read_as_if_filled_before(before: str, value: str, digits: int, after: str) -> None:
    made = pattern(f"{before}{hole('value')}{before}[{number('n')}]{after}")
    start, middle, end = made.pieces
    encoded = start + filling(value) + middle + str(digits).encode() + end
    expected = f"{before}{value}{before}[{digits}]{after}"
    assert quopri.decodestring(encoded).replace(b"\r\n", b"\n").decode() == expected
    assert all(len(line) <= 76 and not line.startswith(b".") for line in encoded.split(b"\r\n"))


@hypothesis_settings(deadline=None)
@given(LINES.filter(lambda text: text.strip()), LINES, TEXTS, TEXTS)
@example("=?utf-8?q?hidden?=", "=?utf-8?q?hidden?=", "x\n", "<p>x</p>\n")
@example("𝒪(√n) 速い " * 20, 'Ada "Countess" \\ Lovelace', "x\n", "<p>x</p>\n")
@example("w" * 400, "a" * 300, "x\n", "<p>x</p>\n")
def test_a_message_reads_back_as_it_was_meant(subject: str, name: str, text: str, html: str) -> None:
    subject, name = inert.line(subject), inert.line(name)
    content = compose(Rendered(subject, text, html), _heading(subject=subject, to=Mailbox(name, "ada@example.org")))
    assert _fit_for_data(content)
    message = _read(content)
    assert not message.defects
    assert message["Subject"] == subject
    (to,) = message["To"].addresses
    # The stdlib reads the white space between two encoded words of a name as a space; RFC 2047 section 6.2 says to drop it.
    assert (to.display_name.replace(" ", ""), to.addr_spec) == (name.replace(" ", ""), "ada@example.org")
    first, second = (cast(EmailMessage, each) for each in message.iter_parts())
    assert (first.get_content_type(), second.get_content_type()) == ("text/plain", "text/html")
    assert (_words(first), _words(second)) == (text, html)


def test_the_header_says_what_lists_and_receivers_need() -> None:
    message = _read(compose(Rendered("Papers", "x\n", "<p>x</p>"), _heading()))
    assert message.keys() == [
        "From", "Date", "MIME-Version", "To", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
        "Feedback-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Type",
    ]  # fmt: skip
    assert message["Date"].datetime == NOW
    assert message["List-Unsubscribe"] == "<https://papers.example.org/unsubscribe/t/>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_notice_is_no_list_message() -> None:
    message = _read(compose(Rendered("Confirm", "x\n", None), _heading(unsubscribe_url="", feedback_id="")))
    assert "List-Unsubscribe" not in message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert _words(message) == "x\n"


@hypothesis_settings(deadline=None)
@given(st.text(max_size=40))
def test_no_subject_starts_another_header_field(text: str) -> None:
    content = compose(Rendered("", "x\n", None), _heading(subject=f"Papers\r\nBcc: eve@example.net\n{text}"))
    assert "Bcc" not in _read(content)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ada", "ada@example.org\r\nBcc: eve@example.net"),
        ("Ada\nBcc: eve@example.net", "ada@example.org"),
        ("Ada", "ada@example.org>, <eve@example.net"),
        ("Ada\u202e", "ada@example.org"),
        ("", "nobody"),
    ],
)
def test_a_mailbox_that_could_break_out_of_its_field_is_refused(name: str, address: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        Mailbox(name, address)


def test_a_domain_in_another_script_travels_in_ascii() -> None:
    assert transport("ada@bücher.example.org") == "ada@xn--bcher-kva.example.org"
    assert transport("ädä@bücher.example.org") == "ädä@xn--bcher-kva.example.org"


def test_a_sender_that_is_no_address_is_named_with_its_variable() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"DIGEST_FROM is 'Paper Round'.*for example DIGEST_FROM="):
        sender("Paper Round", "DIGEST_FROM")


def test_the_message_id_is_the_same_on_every_try_and_reveals_nothing() -> None:
    made = message_id("issue", 41)
    assert made == message_id("issue", 41)
    assert re.fullmatch(r"<issue-[a-z2-7]{32}@papers\.example\.org>", made)
    assert len({message_id(kind, key) for kind in ("issue", "notice") for key in (1, 2, "1x")}) == 6


@hypothesis_settings(deadline=None)
@given(st.integers(1, 2**63 - 1), st.booleans())
def test_a_return_path_names_its_delivery_whatever_its_case(number: int, shout: bool) -> None:
    path = return_path(number)
    local = path.partition("@")[0]
    assert len(local) <= 64
    assert re.fullmatch(r"bounces\+[0-9a-f]+", local)
    assert delivery_of(path.upper() if shout else path) == number


@hypothesis_settings(deadline=None)
@given(st.integers(1, 2**40), st.integers(0, 200), st.sampled_from("0123456789abcdefg"))
def test_a_return_path_that_we_did_not_sign_names_nothing(number: int, place: int, letter: str) -> None:
    path = return_path(number)
    token = path.partition("+")[2].partition("@")[0]
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert delivery_of(f"bounces+{changed}@papers.example.org") == (number if changed == token else None)


@pytest.mark.parametrize("address", ["", "bounces@papers.example.org", "bounces+@x", "bounces+aa@x", "a+é@x", "bounces+11@x"])
def test_an_address_without_a_token_names_nothing(address: str) -> None:
    assert delivery_of(address) is None


def test_keys_rotate_and_old_return_paths_still_work(settings: Settings) -> None:
    path = return_path(7)
    settings.TOKEN_KEYS = ["n" * 64, *settings.TOKEN_KEYS]
    assert return_path(7) != path
    assert delivery_of(path) == delivery_of(return_path(7)) == 7


def test_long_ascii_fields_fold_at_spaces() -> None:
    folded = headers.unstructured("Subject", "word " * 40 + "end")
    assert all(len(line) <= 78 for line in folded.split("\r\n"))
    assert folded.replace("\r\n", "") == "Subject: " + "word " * 40 + "end"
