"""Names shortened for a subject line, and lists of them as a sentence has them. Pure."""

import re
from collections.abc import Sequence

# Mail clients show some 60 characters of a subject on a wide screen and 40 on a phone: two names, and how many more.
_NAME_ROOM = 44
_LEAD = re.compile(r"([^:?]{2,32}): \S")


def clipped(text: str, room: int) -> str:
    """The text, or its first words and an ellipsis, in at most `room` characters."""
    if len(text) <= room:
        return text
    words = text[: room - 1]
    if " " in words and text[room - 1] != " ":
        words = words.rpartition(" ")[0]
    return words.rstrip(" ,;:.-–—([{") + "…"


def short_name(title: str) -> str:
    """What people will call the paper: the name before its colon, or its title's first words."""
    lead = _LEAD.match(title)
    return lead[1] if lead else clipped(title, _NAME_ROOM)


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
