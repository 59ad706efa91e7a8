"""A Hugging Face Daily Papers page, saved as text: a few header lines, a date, then titles and abstracts in turn."""

import datetime as dt
import re

from digest.sources.entries import Entry, ParseError
from digest.sources.links import links_in

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thur?s?|Fri|Satu?r?|Sun)(?:day)?,? +)?"
    rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.? +(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? +(?P<year>\d{{4}}))?",
    re.IGNORECASE,
)
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)
_BETWEEN = re.compile(
    r"[\d,.]+k?|·?\s*\d+ authors?|submitted by\b.*|(?:previous|next|daily|weekly|monthly|trending)", re.IGNORECASE
)
_FINISHED = re.compile(r"[.!?。][\"'”’)\]]*$|https?://\S+$|\.\S{0,3}$")
_LONGEST_TITLE = 300


def parse(body: bytes, url: str = "", *, today: dt.date, date: dt.date | None = None) -> list[Entry]:
    """The page's papers in its order, announced at 00:00 UTC on `date`, or else on the page's own date.

    The page says "Mar 13" and no year: it is the latest Mar 13 that is not after `today`. Raises ParseError, naming what is
    wrong, for octets that are not such a page or that end before it does.
    """
    lines = [line.strip() for line in _decoded(body).splitlines()]
    at, printed = _date_line(lines, today)
    announced = dt.datetime.combine(date or printed, dt.time(), dt.UTC)
    blocks = [block for block in _blocks(lines[at + 1 :]) if not _BETWEEN.fullmatch(block)]
    if not blocks:
        raise ParseError("there is no paper after the date: the page looks truncated")
    if len(blocks) % 2:
        raise ParseError(f"it ends with a title and no abstract ({blocks[-1][:60]!r}): the page looks truncated")
    pairs = list(zip(blocks[::2], blocks[1::2], strict=True))
    for title, abstract in pairs:
        if len(title) > _LONGEST_TITLE or len(abstract) < len(title):
            raise ParseError(f"titles and abstracts do not take turns near {title[:60]!r}: a line is missing or too much")
    if not _FINISHED.search(pairs[-1][1]):
        raise ParseError(f"it ends in the middle of a sentence ({pairs[-1][1][-40:]!r}): the page looks truncated")
    return [
        Entry(title=title, abstract=abstract, announced_at=announced, links=links_in(abstract), trust=0)
        for title, abstract in pairs
    ]


def _decoded(body: bytes) -> str:
    if not body.strip():
        raise ParseError("it is empty")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ParseError("it is UTF-16; save the page as UTF-8 text")
    if b"\0" in body:
        raise ParseError("it is binary, not text")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(f"it is not UTF-8 text (octet 0x{body[error.start]:02x} at {error.start})") from error
    if sum(not (char.isprintable() or char in "\n\r\t") for char in text[:4000]) > len(text[:4000]) // 50:
        raise ParseError("it is binary, not text")
    if _HTML.match(text):
        raise ParseError("it is HTML; save the page as text")
    return text


def _date_line(lines: list[str], today: dt.date) -> tuple[int, dt.date]:
    """Which line holds the page's date, and that date."""
    for at, line in enumerate(lines):
        if match := _DATE.fullmatch(line):
            month, day = _MONTHS.index(match["month"][:3].lower()) + 1, int(match["day"])
            try:
                return at, dt.date(int(match["year"]), month, day) if match["year"] else _latest(month, day, today)
            except ValueError as error:
                raise ParseError(f"its date is not a day: {line!r}") from error
    raise ParseError('no line holds a date such as "Mar 13": this is not a saved Daily Papers page')


def _latest(month: int, day: int, today: dt.date) -> dt.date:
    """The latest such day that is not after `today`; Feb 29 may lie years back."""
    for year in range(today.year, today.year - 9, -1):
        try:
            found = dt.date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(f"no year has a day {month}-{day}")


def _blocks(lines: list[str]) -> list[str]:
    """Runs of lines between blank ones, each joined into one."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [" ".join(block) for block in blocks if block]
