"""One relay, spoken to in pipelined SMTP.

    Relay.parse(url) -> Connection(relay) -> offer(letter) .. Opened -> seal(letter, following) .. Answered

`replies` reads what a server says, `faults` says whose fault a refusal is, `session` is the protocol as a machine that takes
and gives octets and touches no socket, `connection` gives it a socket, TLS and deadlines. Nothing here knows the ledger.
"""

from digest.smtp.connection import Connection
from digest.smtp.faults import Fault, fault
from digest.smtp.letters import Letter, Unsendable
from digest.smtp.relay import Relay, RelayUnclear
from digest.smtp.replies import BadReply, Replies, Reply
from digest.smtp.session import Answered, Broken, Event, Opened, Ready, Session
from digest.smtp.stages import Stage, Timeouts

__all__ = [
    "Answered",
    "BadReply",
    "Broken",
    "Connection",
    "Event",
    "Fault",
    "Letter",
    "Opened",
    "Ready",
    "Relay",
    "RelayUnclear",
    "Replies",
    "Reply",
    "Session",
    "Stage",
    "Timeouts",
    "Unsendable",
    "fault",
]
