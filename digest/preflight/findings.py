"""What a check found."""

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """FATAL holds issues back; a WARNING is for the operator to weigh."""

    FINE = "fine"
    WARNING = "warning"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and how to mend it ("" when it is fine)."""

    check: str
    level: Level
    found: str
    mend: str = ""
