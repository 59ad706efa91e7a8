"""How far an attempt came, and how long a server may take at each step."""

import enum
from dataclasses import dataclass


class Stage(enum.StrEnum):
    """The step an attempt had reached; the values are those of the ledger."""

    CONNECT = "connect"
    MAIL = "mail"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait at each step; the defaults are the least that RFC 5321, 4.5.3.2 asks of a client.

    The wait after the final dot is the one that matters: who gives up there too early sends the message twice.
    """

    connect: float = 30.0
    greeting: float = 300.0
    command: float = 300.0
    data: float = 120.0
    block: float = 180.0
    dot: float = 600.0

    @classmethod
    def at_most(cls, seconds: float) -> "Timeouts":
        """RFC 5321's waits, each cut to `seconds`, except the one after the final dot."""
        full = cls()
        return cls(
            connect=min(full.connect, seconds),
            greeting=min(full.greeting, seconds),
            command=min(full.command, seconds),
            data=min(full.data, seconds),
            block=min(full.block, seconds),
            dot=full.dot,
        )
