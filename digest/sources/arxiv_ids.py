"""arXiv identifiers, of both styles, wherever they stand (https://info.arxiv.org/help/arxiv_identifier.html)."""

import datetime as dt
import re

_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z][a-z-]+(?:\.[A-Za-z-]{2,})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_ID = re.compile(rf"(?:arxiv:\s*|oai:arxiv\.org:)?({_NEW}|{_OLD})(?:v(\d{{1,3}}))?", re.IGNORECASE)


def split(text: str) -> tuple[str, int | None] | None:
    """`oai:arXiv.org:math.GT/0309136v2` -> (`math/0309136`, 2); None when the text is not one arXiv identifier.

    The subject class of an old identifier is no part of it, and its archive is lower case.
    """
    match = _ID.fullmatch(text.strip())
    if match is None:
        return None
    found = match[1]
    if "/" in found:
        archive, number = found.lower().split("/")
        found = f"{archive.partition('.')[0]}/{number}"
    return found, int(match[2]) if match[2] and int(match[2]) else None


def month(arxiv_id: str) -> dt.datetime:
    """The first instant (UTC) of the month in which the identifier was given; it is in its digits."""
    digits = arxiv_id.rpartition("/")[2]
    year = int(digits[:2])
    return dt.datetime(year + (1900 if year >= 91 else 2000), int(digits[2:4]), 1, tzinfo=dt.UTC)
