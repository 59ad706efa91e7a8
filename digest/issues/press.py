"""Issues by the thousand: every block is rendered, inlined and transfer-encoded once a run, and filled for each reader.

    paper --blocks, markup, holes--> Printed (once for each paper and variant)
    contents + Printed             --> bytes of a message (once for each reader)

What a reader gets is octet for octet what `whole.render` and `messages.compose` make of the same contents, but for where the
transfer encoding breaks its lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup

from digest.issues import blocks, whole, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Choice, Contents, PaperText
from digest.issues.places import page_url
from digest.messages import Heading, assemble, markup, typeset
from digest.messages.holes import Pattern, filling, hole, number, pattern

# Gmail shows the first 102 KB of a message's HTML and hides the rest, the unsubscribe link among it.
HTML_LIMIT = 90_000
# Room for what is personal in the frame: subject, dateline, receipt and links, each clipped where it is worded.
_FRAME_ROOM = 6_000
_SHORTER = (320, 160)
_MOST_NOTES = 5
_MOST_NUMBERS = 999
_REMEMBERED = 20_000

_NUMBERS = [str(each).encode() for each in range(_MOST_NUMBERS + 1)]
_POSITIONS = [f"{each:2}".encode() for each in range(_MOST_NUMBERS + 1)]
_NOTE_NAMES = [f"n{each}" for each in range(_MOST_NOTES)]
_NOTES = [
    {name.encode(): _NUMBERS[min(first + offset, _MOST_NUMBERS)] for offset, name in enumerate(_NOTE_NAMES)}
    for first in range(_MOST_NUMBERS + 1)
]


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper's block, encoded; `notes` is how many footnotes it takes."""

    html: Pattern
    text: Pattern
    footnotes: Pattern
    notes: int


@dataclass(frozen=True, slots=True)
class Brief:
    """A one-line block, encoded."""

    html: Pattern
    text: Pattern
    footnote: Pattern


@dataclass(frozen=True, slots=True)
class _Frame:
    html: Pattern
    text: Pattern


@dataclass(frozen=True, slots=True)
class _Reason:
    html: bytes
    text: bytes
    size: int


_FRAME_HOLES = (
    "subject", "preheader", "dateline", "papers", "rest", "near", "links", "receipt", "next_issue", "preferences_url",
    "unsubscribe_url",
)  # fmt: skip
# Paper, revision, excerpt, slot, whether there is a reason, followed authors.
_Key = tuple[int, int, int, str, bool, frozenset[str]]
_K = TypeVar("_K")
_V = TypeVar("_V")


def _key(shape: Shape) -> _Key:
    return (shape.paper.id, shape.paper.revision, shape.excerpt, shape.slot, shape.has_reason, shape.followed)


def _trim(kept: dict[_K, _V]) -> None:
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


class Press:
    """What has been printed in a run, at most some ten thousands of blocks, the oldest going first."""

    def __init__(self) -> None:
        self._papers: dict[_Key, Printed] = {}
        self._briefs: dict[tuple[int, int], Brief] = {}
        self._frames: dict[FrameShape, _Frame] = {}
        self._reasons: dict[tuple[str, ...], _Reason] = {}
        self._word = ""

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        shapes = {_key(shape): shape for each in batch for shape in (whole.shape_of(each, choice) for choice in each.choices)}
        self._print([shape for key, shape in shapes.items() if key not in self._papers])

    def _print(self, shapes: Sequence[Shape]) -> None:
        if not shapes:
            return
        reason = Markup(hole("reason"))  # noqa: S704 - a mark of ours
        html = [blocks.paper("html", shape, {"reason": reason}) for shape in shapes]
        notes = [number(name) for name in _NOTE_NAMES]
        for shape, block in zip(shapes, markup.inlined_blocks(html, blocks.style()), strict=True):
            values = {"number": number("number"), "reason": hole("reason"), "notes": notes}
            self._papers[_key(shape)] = Printed(
                html=pattern(block),
                text=pattern(blocks.paper("txt", shape, values) + whole.BLOCK_END),
                footnotes=pattern(blocks.notes(shape.paper, notes)),
                notes=1 + len(shape.paper.links),
            )
        _trim(self._papers)

    def _printed(self, shape: Shape) -> Printed:
        key = _key(shape)
        if key not in self._papers:
            self._print([shape])
        return self._papers[key]

    def _brief(self, paper: PaperText) -> Brief:
        key = (paper.id, paper.revision)
        found = self._briefs.get(key)
        if found is None:
            url, note = page_url(paper.id), number(_NOTE_NAMES[0])
            (html,) = markup.inlined_blocks([blocks.brief("html", paper, url)], blocks.style())
            found = self._briefs[key] = Brief(
                html=pattern(html),
                text=pattern(blocks.brief("txt", paper, url, [note]) + "\n"),
                footnote=pattern(f"[{note}] {url}\n"),
            )
            _trim(self._briefs)
        return found

    def _frame(self, shape: FrameShape) -> _Frame:
        found = self._frames.get(shape)
        if found is None:
            marks = {name: hole(name) for name in _FRAME_HOLES}
            html = {name: Markup(mark) for name, mark in marks.items()}  # noqa: S704 - marks of ours
            found = self._frames[shape] = _Frame(
                html=pattern(markup.inlined(blocks.frame("html", shape, html))),
                text=pattern(blocks.frame("txt", shape, marks) + "\n"),
            )
        return found

    def _reason(self, choice: Choice) -> _Reason:
        found = self._reasons.get(choice.reasons)
        if found is None:
            sentence = wording.reason(choice)
            if not self._word:
                (inlined,) = markup.inlined_blocks([f"{blocks.WORD}</em>"], blocks.style())
                self._word = inlined.removesuffix("</em>")
            html = str(blocks.reason_html(sentence, self._word))
            found = self._reasons[choice.reasons] = _Reason(
                filling(html), filling(blocks.reason_text(sentence)), len(html.encode())
            )
            _trim(self._reasons)
        return found

    def fitted(self, contents: Contents) -> Contents:
        """The issue with its HTML below `HTML_LIMIT`: shorter excerpts first, then fewer papers and the rest by title."""
        if self._size(contents) <= HTML_LIMIT:
            return contents
        every = len(contents.choices)
        for excerpt in _SHORTER:
            shorter = contents.shortened(excerpt, every)
            if self._size(shorter) <= HTML_LIMIT:
                return shorter
        return next(
            (
                fewer
                for shown in range(every - 1, 0, -1)
                if self._size(fewer := contents.shortened(_SHORTER[-1], shown)) <= HTML_LIMIT
            ),
            contents.shortened(0, 1),
        )

    def _size(self, contents: Contents) -> int:
        """Octets of the HTML at most."""
        size = _FRAME_ROOM + self._frame(FrameShape.of(contents)).html.size
        size += sum(self._brief(each).html.size for each in (*contents.rest, *contents.near))
        for choice in contents.choices:
            size += self._printed(whole.shape_of(contents, choice)).html.size + self._reason(choice).size
        return size

    def message(self, contents: Contents, heading: Heading, *, text_only: bool) -> bytes:
        """The message of an issue that has been `fitted`."""
        html: list[bytes] = []
        text: list[bytes] = []
        footnotes: list[bytes] = []
        first = 1
        for position, choice in enumerate(contents.choices, start=1):
            printed = self._printed(whole.shape_of(contents, choice))
            reason = self._reason(choice)
            values = {**_NOTES[first], b"number": _POSITIONS[position], b"reason": reason.text}
            text.append(printed.text.template % values)
            footnotes.append(printed.footnotes.template % values)
            if not text_only:
                html.append(printed.html.template % {b"reason": reason.html})
            first += printed.notes
        briefs: dict[bytes, tuple[bytes, bytes]] = {}
        for name, papers in ((b"rest", contents.rest), (b"near", contents.near)):
            found = [self._brief(each) for each in papers]
            lines = b"".join(each.text.template % _NOTES[first + offset] for offset, each in enumerate(found))
            footnotes += (each.footnote.template % _NOTES[first + offset] for offset, each in enumerate(found))
            briefs[name] = (lines, b"".join(each.html.template % {} for each in found))
            first += len(found)
        frame = self._frame(FrameShape.of(contents))
        words = whole.words(contents)
        set_text = {name.encode(): filling(typeset.wrapped(value)) for name, value in words.items()}
        links = {b"preferences_url": filling(contents.preferences_url), b"unsubscribe_url": filling(contents.unsubscribe_url)}
        body = frame.text.template % {
            **set_text,
            **links,
            b"papers": b"".join(text),
            b"rest": briefs[b"rest"][0],
            b"near": briefs[b"near"][0],
            b"links": b"".join(footnotes),
        }
        if text_only:
            return assemble(heading, [body], None)
        page = frame.html.template % {
            **{name.encode(): filling(markup.text(value)) for name, value in words.items()},
            **links,
            b"subject": filling(markup.text(heading.subject)),
            b"papers": b"".join(html),
            b"rest": briefs[b"rest"][1],
            b"near": briefs[b"near"][1],
        }
        return assemble(heading, [body], [page])
