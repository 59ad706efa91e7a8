"""The client's side of SMTP as a machine: octets in, events and octets out. It touches no socket and no clock.

Up to three letters are on the way at once over one session: one whose final dot awaits its answer, one whose body has been
announced by 354 and waits to be sealed, and, with PIPELINING (RFC 2920), one whose envelope travels right behind a final dot:

    offer -> MAIL RCPT DATA -> Opened, the body flows -> seal -> the final dot, and the next envelope -> Answered

Nothing is handed over before `seal`: a server must not deliver what no dot has ended (RFC 5321, 4.1.1.4).
"""

import base64
import enum
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from digest.smtp.letters import Letter
from digest.smtp.relay import Relay
from digest.smtp.replies import BadReply, Replies, Reply
from digest.smtp.stages import Stage


@dataclass(frozen=True, slots=True)
class Ready:
    """The session may carry letters."""


@dataclass(frozen=True, slots=True)
class Secure:
    """The server awaits a TLS handshake; `Session.secured` goes on after it."""


class Opened(NamedTuple):
    """The server said 354 and the body is on its way; only the final dot is missing."""

    letter: Letter


class Answered(NamedTuple):
    """The server's last word on a letter: accepted if `reply.positive` (the stage is DOT then), else refused at `stage`."""

    letter: Letter
    stage: Stage
    reply: Reply


@dataclass(frozen=True, slots=True)
class Broken:
    """The session is over. `letters` were on the way, each with how far it had come; `reply` is the server's last word, if any.

    `refused`: the server turned us away (greeting, EHLO, STARTTLS, AUTH), as opposed to a connection that failed.
    `established`: the session had been ready before.
    """

    why: str
    reply: Reply | None
    refused: bool
    established: bool
    letters: Sequence[tuple[Letter, Stage]]


Event = Ready | Secure | Opened | Answered | Broken


class _Step(enum.Enum):
    GREETING = "the greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "the final dot"
    LONE_DOT = "a lone dot"
    RSET = "RSET"
    QUIT = "QUIT"


class Session:
    """One conversation with a relay.

    `outgoing` is what to write, in order; whoever writes it takes it away. `secure` says that the transport is TLS already.
    """

    def __init__(self, relay: Relay, hostname: str, *, secure: bool) -> None:
        self.outgoing: deque[bytes] = deque()
        self.extensions: dict[str, str] = {}
        self.ready = False
        self.over = False
        # Set by whoever writes `outgoing`: the last final dot has certainly not left this machine.
        self.dot_held_back = False
        self._relay = relay
        self._hostname = hostname
        self._secure = secure
        self._replies = Replies()
        self._expected: deque[tuple[_Step, Letter | None]] = deque([(_Step.GREETING, None)])
        self._answers: deque[bytes] = deque()
        self._unanswered: Letter | None = None
        self._opened: Letter | None = None
        self._pending: Letter | None = None
        self._pending_stage = Stage.MAIL
        self._pending_refused = False

    # What the caller may ask

    @property
    def pipelines(self) -> bool:
        return "PIPELINING" in self.extensions

    @property
    def free(self) -> bool:
        """Whether `offer` may be called."""
        if not self.ready or self.over or self._pending or self._opened:
            return False
        return self.pipelines or not self._expected

    @property
    def idle(self) -> bool:
        """Whether nothing is on the way."""
        return self.ready and not self._expected and not self._pending and not self._opened

    @property
    def awaited(self) -> str:
        """What the server has not answered yet, "" when it owes nothing."""
        return self._expected[0][0].value if self._expected else ""

    @property
    def awaited_stage(self) -> Stage | None:
        """Which of the waits of RFC 5321, 4.5.3.2 applies; None when the server owes nothing."""
        if not self._expected:
            return None
        step = self._expected[0][0]
        if step is _Step.GREETING:
            return Stage.CONNECT
        if step in {_Step.DOT, _Step.LONE_DOT}:
            return Stage.DOT
        return Stage.DATA if step is _Step.DATA else Stage.MAIL

    @property
    def uncertain(self) -> Letter | None:
        """The letter whose final dot is out and unanswered."""
        return self._unanswered

    def unsuited(self, letter: Letter) -> str:
        """Why this server cannot take the letter, "" when it can."""
        if letter.international and "SMTPUTF8" not in self.extensions:
            return "the address needs SMTPUTF8, which the relay does not offer"
        if "8BITMIME" not in self.extensions and not letter.content.isascii():
            return "the message needs 8BITMIME, which the relay does not offer"
        largest = self.extensions.get("SIZE", "")
        if largest.isdecimal() and 0 < int(largest) < len(letter.content):
            return f"the message has {len(letter.content)} octets, and the relay takes {largest}"
        return ""

    # What the caller may do

    def offer(self, letter: Letter) -> None:
        """Begin a letter; only when `free` and not `unsuited`."""
        if not self.free:
            raise RuntimeError("offer() while another letter is on the way")
        self._pending, self._pending_stage, self._pending_refused = letter, Stage.MAIL, False
        parameters = ""
        if "SIZE" in self.extensions:
            parameters += f" SIZE={len(letter.content)}"
        if "8BITMIME" in self.extensions and not letter.content.isascii():
            parameters += " BODY=8BITMIME"
        if letter.international:
            parameters += " SMTPUTF8"
        mail = f"MAIL FROM:<{letter.sender}>{parameters}\r\n"
        if not self.pipelines:
            self._say(mail.encode(), _Step.MAIL, letter)
            return
        self.outgoing.append(f"{mail}RCPT TO:<{letter.recipient}>\r\nDATA\r\n".encode())
        self._expected.extend(((_Step.MAIL, letter), (_Step.RCPT, letter), (_Step.DATA, letter)))

    def seal(self, letter: Letter) -> None:
        """Hand the opened letter over with its final dot; where the server pipelines, another may be offered behind it."""
        if self._opened is not letter:
            raise RuntimeError("seal() of a letter that is not open")
        self._opened, self._unanswered = None, letter
        self._say(b".\r\n", _Step.DOT, letter)

    def secured(self) -> list[Event]:
        """Go on after the TLS handshake: everything the server said in the clear is forgotten (RFC 3207, 4.2)."""
        self._secure = True
        self.extensions = {}
        self._say(f"EHLO {self._hostname}\r\n".encode(), _Step.EHLO)
        return []

    def quit(self) -> None:
        """Say goodbye; only when `idle`."""
        self.over = True
        self._say(b"QUIT\r\n", _Step.QUIT)

    def broke(self, why: str, *, reply: Reply | None = None, refused: bool = False) -> Broken:
        """End the session: what was on the way, and how far each letter had come."""
        established = self.ready
        self.over, self.ready = True, False
        letters: list[tuple[Letter, Stage]] = []
        if self._unanswered is not None:
            letters.append((self._unanswered, Stage.BODY if self.dot_held_back else Stage.DOT))
        if self._opened is not None:
            letters.append((self._opened, Stage.BODY))
        if self._pending is not None and not self._pending_refused:
            letters.append((self._pending, self._pending_stage))
        self._unanswered = self._opened = self._pending = None
        self._expected.clear()
        self.outgoing.clear()
        return Broken(why, reply, refused, established, letters)

    # What the server says

    def receive(self, octets: bytes) -> list[Event]:
        """Take what the server said; b"" means that it closed the connection."""
        if self.over:
            return []
        if not octets:
            awaited = f" instead of answering {self.awaited}" if self.awaited else ""
            return [self.broke(f"the relay closed the connection{awaited}")]
        try:
            replies = self._replies.feed(octets)
        except BadReply as error:
            return [self.broke(f"the relay said something that is not SMTP: {error}")]
        events: list[Event] = []
        for reply in replies:
            if not self._expected:
                events.append(self.broke(f"the relay closes the connection: {reply}", reply=reply))
            else:
                step, letter = self._expected.popleft()
                events.extend(self._on_letter(step, letter, reply) if letter else self._on_session(step, reply))
            if events and isinstance(events[-1], Broken | Secure):
                break
        return events

    def _say(self, octets: bytes, step: _Step, letter: Letter | None = None) -> None:
        self.outgoing.append(octets)
        self._expected.append((step, letter))

    def _on_session(self, step: _Step, reply: Reply) -> list[Event]:
        """A reply that concerns no letter."""
        if step is _Step.RSET:
            return [] if reply.positive else [self.broke(f"the relay refused RSET: {reply}", reply=reply)]
        if step is _Step.LONE_DOT:
            return [self.broke(f"the relay closes the connection: {reply}", reply=reply)] if reply.code == 421 else []
        if step is _Step.AUTH and reply.code == 334 and self._answers:
            self._say(self._answers.popleft(), _Step.AUTH)
            return []
        if not reply.positive:
            return [self.broke(f"the relay refused {step.value}: {reply}", reply=reply, refused=True)]
        if step is _Step.GREETING:
            self._say(f"EHLO {self._hostname}\r\n".encode(), _Step.EHLO)
            return []
        if step is _Step.STARTTLS:
            # Whatever was smuggled in behind the answer was said in the clear, perhaps by someone else.
            self._replies = Replies()
            return [Secure()]
        if step is _Step.EHLO:
            keywords = (line.partition(" ")[::2] for line in reply.lines[1:])
            self.extensions = {keyword.upper(): values for keyword, values in keywords}
            if self._relay.security == "starttls" and not self._secure:
                return self._start_tls()
            if self._relay.username:
                return self._authenticate()
        self.ready = True
        return [Ready()]

    def _start_tls(self) -> list[Event]:
        if "STARTTLS" not in self.extensions:
            return [self.broke("the relay offers no STARTTLS, and SMTP_URL asks for it", refused=True)]
        self._say(b"STARTTLS\r\n", _Step.STARTTLS)
        return []

    def _authenticate(self) -> list[Event]:
        """AUTH PLAIN (RFC 4616), else LOGIN, which is older than its description and as widely offered."""
        offered = self.extensions.get("AUTH", "").upper().split()
        name, password = self._relay.username.encode(), self._relay.password.encode()
        if "PLAIN" in offered:
            self._say(b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + password) + b"\r\n", _Step.AUTH)
        elif "LOGIN" in offered:
            self._answers.extend(base64.b64encode(each) + b"\r\n" for each in (name, password))
            self._say(b"AUTH LOGIN\r\n", _Step.AUTH)
        else:
            return [self.broke("the relay offers neither AUTH PLAIN nor LOGIN, and SMTP_URL gives a password", refused=True)]
        return []

    def _on_letter(self, step: _Step, letter: Letter, reply: Reply) -> list[Event]:
        if step is _Step.DOT:
            self._unanswered = None
            return [Answered(letter, Stage.DOT, reply), *self._unless_closing(reply)]
        if step is _Step.DATA:
            return self._on_data(letter, reply)
        if self._pending_refused:
            return []
        if not reply.positive:
            stage = Stage.MAIL if step is _Step.MAIL else Stage.DATA
            self._pending_refused = True
            if not self.pipelines:
                self._give_up_pending()
            return [Answered(letter, stage, reply), *self._unless_closing(reply)]
        if step is _Step.MAIL:
            self._pending_stage = Stage.DATA
        if not self.pipelines:
            if step is _Step.MAIL:
                self._say(f"RCPT TO:<{letter.recipient}>\r\n".encode(), _Step.RCPT, letter)
            else:
                self._say(b"DATA\r\n", _Step.DATA, letter)
        return []

    def _on_data(self, letter: Letter, reply: Reply) -> list[Event]:
        refused = self._pending_refused
        if reply.code == 354:
            self._pending = None
            if refused:
                # RFC 2920, 3.1: DATA was under way when RCPT was refused, and the server opened an empty transaction.
                self._say(b".\r\n", _Step.LONE_DOT)
                return []
            self._opened = letter
            self.outgoing.append(letter.content)
            return [Opened(letter)]
        self._give_up_pending()
        answered: list[Event] = [] if refused else [Answered(letter, Stage.DATA, reply)]
        return [*answered, *self._unless_closing(reply)]

    def _give_up_pending(self) -> None:
        """End the transaction that MAIL may have begun."""
        self._pending = None
        self._say(b"RSET\r\n", _Step.RSET)

    def _unless_closing(self, reply: Reply) -> list[Event]:
        """RFC 5321, 3.8: after 421 the server closes the connection, whatever it was answering."""
        if reply.code != 421:
            return []
        return [self.broke(f"the relay closes the connection: {reply}", reply=reply)]
