"""A session on a real socket: its waits, and what happens when they have lasted too long."""

import select
import socket
from collections.abc import Iterator

import pytest

from digest.smtp import Answered, Broken, Connection, Event, Letter, Opened, Ready, Relay, Stage, Timeouts

LETTER = Letter(1, "bounces@papers.example.org", "ada@example.org", b"Subject: Papers\r\n\r\nA paper.\r\n")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Says what it is told to, and nothing else."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.channel: socket.socket | None = None

    def say(self, text: str) -> None:
        if self.channel is None:
            self.channel, _ = self._listener.accept()
        self.channel.sendall(text.encode())

    def close(self) -> None:
        self._listener.close()
        if self.channel is not None:
            self.channel.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def heard(link: Connection) -> list[Event]:
    """What happens next on the connection."""
    poll = select.poll()
    poll.register(link.fileno(), link.interest)
    ((_, mask),) = poll.poll()
    return link.handle(mask)


def until(link: Connection, kind: type[Event]) -> None:
    while not any(isinstance(event, kind) for event in heard(link)):
        pass


def dialled(server: Server, clock: Clock) -> Connection:
    link = Connection(Relay.parse(f"smtp://127.0.0.1:{server.port}"), "papers.example.org", Timeouts(), clock)
    link.open()
    while link.interest == select.EPOLLOUT:
        heard(link)
    return link


def test_each_wait_is_as_long_as_rfc_5321_asks(server: Server) -> None:
    clock = Clock()
    link = dialled(server, clock)
    waits = {}

    def note(name: str) -> None:
        assert link.deadline is not None
        waits[name] = link.deadline - clock.now

    note("greeting")
    server.say("220 relay\r\n")
    heard(link)
    note("EHLO")
    server.say("250 relay\r\n")
    until(link, Ready)
    assert link.deadline is None
    link.offer(LETTER)
    note("MAIL")
    server.say("250 ok\r\n")
    heard(link)
    note("RCPT")
    server.say("250 ok\r\n")
    heard(link)
    note("DATA")
    server.say("354 go on\r\n")
    until(link, Opened)
    assert link.deadline is None
    link.seal(LETTER)
    note("the final dot")
    assert waits == {"greeting": 300, "EHLO": 300, "MAIL": 300, "RCPT": 300, "DATA": 120, "the final dot": 600}
    server.say("250 taken\r\n")
    until(link, Answered)
    link.close()


def test_a_server_that_takes_no_more_of_a_body_is_given_three_minutes(server: Server) -> None:
    clock = Clock()
    link = dialled(server, clock)
    server.say("220 relay\r\n")
    heard(link)
    server.say("250-relay\r\n250 PIPELINING\r\n")
    until(link, Ready)
    link.offer(Letter(2, "bounces@papers.example.org", "ada@example.org", b"paper\r\n" * 4_000_000))
    server.say("250 ok\r\n250 ok\r\n354 go on\r\n")
    until(link, Opened)
    assert link.deadline == clock.now + 180
    (broken,) = link.expire()
    assert isinstance(broken, Broken)
    assert [(letter.key, stage) for letter, stage in broken.letters] == [(2, Stage.BODY)]
    assert link.closed


def test_a_wait_that_the_operator_shortens_never_shortens_the_one_after_the_final_dot() -> None:
    assert Timeouts.at_most(20) == Timeouts(connect=20, greeting=20, command=20, data=20, block=20, dot=600)
