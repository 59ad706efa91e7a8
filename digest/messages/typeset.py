"""Plain text set in 72 columns: wrapped, hanging, centred, with wide characters counted as two columns (UAX #11)."""

import re
import unicodedata

COLUMNS = 72
# A wide character may start a line by itself, except punctuation that closes; everything else breaks at spaces only.
_CLOSING = "、。，．）」』】》〉！？：；・ー々〕］｝"
_WIDE = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd"
)
# Visible characters that take one column each: Latin, Greek, Cyrillic, quotation marks and dashes, mathematics.
_NARROW = re.compile(
    "[ -~\u00a0-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u22ff\U0001d400-\U0001d7ff]*"
)
_UNIT = re.compile(rf"[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+[{_CLOSING}]*")


def width(text: str) -> int:
    """Columns that the text takes in a terminal or a mail client with a fixed pitch."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _wrapped_narrow(text: str, columns: int, first: str, rest: str) -> str:
    text = " ".join(text.split())
    lines: list[str] = []
    lead, start, end = first, 0, len(text)
    while end - start > (room := max(1, columns - width(lead))):
        cut = text.rfind(" ", start, start + room + 1)
        if cut < 0:
            cut = text.find(" ", start)
            if cut < 0:
                break
        lines.append(lead + text[start:cut])
        lead, start = rest, cut + 1
    lines.append((lead + text[start:]).rstrip())
    return "\n".join(lines)


def wrapped(text: str, columns: int = COLUMNS, first: str = "", rest: str = "") -> str:
    """The text in lines of at most `columns`, the first led by `first`, the others by `rest`; longer words stay whole."""
    if _NARROW.fullmatch(text):
        return _wrapped_narrow(text, columns, first, rest)
    lines: list[str] = []
    current, used, empty = first, width(first), True
    end = 0
    for unit in _UNIT.finditer(text):
        gap = " " if unit.start() > end and not empty else ""
        size = width(unit[0])
        if not empty and used + len(gap) + size > columns:
            lines.append(current.rstrip())
            current, used, gap = rest, width(rest), ""
        current, used, empty, end = f"{current}{gap}{unit[0]}", used + len(gap) + size, False, unit.end()
    return "\n".join([*lines, current.rstrip()])


def hang(text: str, indent: int, columns: int = COLUMNS) -> str:
    """The text to be placed at column `indent`, its further lines indented as far."""
    return wrapped(text, columns, first=" " * indent, rest=" " * indent)[indent:]


def centre(text: str) -> str:
    """The text in the middle of the page."""
    return " " * max(0, (COLUMNS - width(text)) // 2) + text
