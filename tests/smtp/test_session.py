"""The protocol as a machine: what it says, in which order, and what it makes of the answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.smtp import Answered, BadReply, Broken, Letter, Opened, Ready, Relay, Replies, Session, Stage, Unsendable

PLAIN = Relay.parse("smtp://relay.example.org")
GREETING = b"220 relay.example.org\r\n"
PIPELINING = b"250-relay.example.org\r\n250-SIZE 1000\r\n250 PIPELINING\r\n"
LOCKSTEP = b"250 relay.example.org\r\n"


def letter(key: int = 1, recipient: str = "ada@example.org", content: bytes = b"Subject: x\r\n\r\nx\r\n") -> Letter:
    return Letter(key, "bounces@papers.example.org", recipient, content)


def said(session: Session) -> bytes:
    octets = b"".join(session.outgoing)
    session.outgoing.clear()
    return octets


def ready(ehlo: bytes = PIPELINING, relay: Relay = PLAIN) -> Session:
    session = Session(relay, "papers.example.org", secure=False)
    assert session.receive(GREETING) == []
    assert said(session) == b"EHLO papers.example.org\r\n"
    assert session.receive(ehlo) == [Ready()]
    return session


def test_an_envelope_is_one_write_where_the_server_pipelines() -> None:
    session = ready()
    first = letter()
    session.offer(first)
    assert said(session) == (b"MAIL FROM:<bounces@papers.example.org> SIZE=17\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n")
    assert session.receive(b"250 ok\r\n250 ok\r\n354 go\r\n") == [Opened(first)]
    assert said(session) == first.content
    session.seal(first)
    second = letter(2)
    session.offer(second)
    assert said(session).startswith(b".\r\nMAIL FROM:")
    events = session.receive(b"250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert [type(event) for event in events] == [Answered, Opened]


def test_it_waits_for_each_answer_where_the_server_does_not_pipeline() -> None:
    session = ready(LOCKSTEP)
    session.offer(letter())
    assert said(session) == b"MAIL FROM:<bounces@papers.example.org>\r\n"
    session.receive(b"250 ok\r\n")
    assert said(session) == b"RCPT TO:<ada@example.org>\r\n"
    session.receive(b"250 ok\r\n")
    assert said(session) == b"DATA\r\n"
    session.receive(b"354 go\r\n")
    first = session._opened
    assert first is not None
    session.seal(first)
    assert not session.free
    session.receive(b"250 taken\r\n")
    assert session.free


@given(st.integers(1, 5), st.booleans())
def test_how_the_answers_are_cut_into_packets_makes_no_difference(size: int, refuse: bool) -> None:
    session = ready()
    first = letter()
    session.offer(first)
    answers = b"250-ok\r\n250 ok\r\n" + (b"550 no\r\n503 no\r\n250 reset\r\n" if refuse else b"250 ok\r\n354 go\r\n")
    events = [event for at in range(0, len(answers), size) for event in session.receive(answers[at : at + size])]
    assert [type(event) for event in events] == [Answered if refuse else Opened]
    assert session.free is refuse


def test_a_refused_recipient_whose_data_was_under_way_gets_a_lone_dot() -> None:
    session = ready()
    session.offer(letter())
    said(session)
    events = session.receive(b"250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n")
    assert [(type(event), event.stage) for event in events if isinstance(event, Answered)] == [(Answered, Stage.DATA)]
    assert said(session) == b".\r\n"
    assert session.receive(b"554 no valid recipients\r\n") == []
    assert session.free


def test_a_transaction_that_failed_is_reset() -> None:
    session = ready()
    session.offer(letter())
    said(session)
    session.receive(b"250 ok\r\n550 5.1.1 nobody\r\n503 no recipients\r\n")
    assert said(session) == b"RSET\r\n"


def test_what_breaks_tells_how_far_each_letter_came() -> None:
    session = ready()
    first, second = letter(1), letter(2)
    session.offer(first)
    session.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    session.seal(first)
    session.offer(second)
    (broken,) = session.receive(b"")
    assert isinstance(broken, Broken)
    assert list(broken.letters) == [(first, Stage.DOT), (second, Stage.MAIL)]


def test_421_ends_the_session() -> None:
    session = ready()
    first = letter()
    session.offer(first)
    events = session.receive(b"250 ok\r\n421 4.3.2 shutting down\r\n")
    assert [type(event) for event in events] == [Answered, Broken]
    assert session.over
    assert not session.free


@pytest.mark.parametrize("babble", [b"hello\r\n", b"99 x\r\n", b"250x\r\n", b"2" * 9000])
def test_what_is_not_smtp_ends_the_session(babble: bytes) -> None:
    (event,) = Session(PLAIN, "papers.example.org", secure=False).receive(babble)
    assert isinstance(event, Broken)


def test_starttls_is_never_given_up() -> None:
    session = Session(Relay.parse("smtp+starttls://relay.example.org"), "papers.example.org", secure=False)
    session.receive(GREETING)
    (event,) = session.receive(PIPELINING)
    assert isinstance(event, Broken)
    assert event.refused
    assert "no STARTTLS" in event.why


def test_what_was_smuggled_in_behind_starttls_is_forgotten() -> None:
    session = Session(Relay.parse("smtp+starttls://relay.example.org"), "papers.example.org", secure=False)
    session.receive(GREETING)
    session.receive(b"250-relay.example.org\r\n250 STARTTLS\r\n")
    session.receive(b"220 go\r\n250-relay.example.org\r\n250 SIZE 1\r\n")
    said(session)
    session.secured()
    assert said(session) == b"EHLO papers.example.org\r\n"
    assert session.receive(PIPELINING) == [Ready()]
    assert session.extensions["SIZE"] == "1000"


def test_the_password_is_not_sent_when_no_known_way_is_offered() -> None:
    session = Session(Relay.parse("smtps://ada:secret@relay.example.org"), "papers.example.org", secure=True)
    session.receive(GREETING)
    (event,) = session.receive(b"250-relay.example.org\r\n250 AUTH CRAM-MD5\r\n")
    assert isinstance(event, Broken)
    assert "neither AUTH PLAIN nor LOGIN" in event.why


def test_what_the_server_does_not_offer_is_not_asked_of_it() -> None:
    session = ready()
    assert "SMTPUTF8" in session.unsuited(letter(recipient="zoë@example.org"))
    assert "8BITMIME" in session.unsuited(letter(content="Zoë\r\n".encode()))
    assert "takes 1000" in session.unsuited(letter(content=b"x" * 1001))
    assert session.unsuited(letter()) == ""
    able = ready(b"250-relay.example.org\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
    able.offer(letter(recipient="zoë@example.org", content="Zoë\r\n".encode()))
    assert said(able).startswith(b"MAIL FROM:<bounces@papers.example.org> BODY=8BITMIME SMTPUTF8\r\n")


@given(st.binary(max_size=40))
def test_no_content_can_end_a_message_early(content: bytes) -> None:
    octets = letter(content=b"Subject: x\r\n" + content).content
    assert b"\r\n.\r\n" not in octets
    assert octets.endswith(b"\r\n")


@pytest.mark.parametrize("address", ["", "ada", "ada@", "ada@example.org>\r\nRCPT TO:<bob@example.org", "a b@example.org"])
def test_no_address_can_carry_a_command(address: str) -> None:
    with pytest.raises(Unsendable, match="not an address"):
        letter(recipient=address)


def test_an_enhanced_status_counts_only_when_it_agrees_with_the_reply() -> None:
    (agreeing,) = Replies().feed(b"550 5.1.1 no such user\r\n")
    (contradicting,) = Replies().feed(b"450 5.1.1 no such user\r\n")
    assert (agreeing.status, contradicting.status) == ("5.1.1", "")


def test_a_reply_without_end_is_refused() -> None:
    with pytest.raises(BadReply, match="without end"):
        Replies().feed(b"250-more\r\n" * 10_000)
