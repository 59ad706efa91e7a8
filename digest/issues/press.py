"""Issues by the thousand: every block is rendered, inlined and transfer-encoded once a run, and filled for each reader.

    paper --blocks, markup, holes--> Printed (once for each paper and variant)
    contents + Printed             --> bytes of a message (once for each reader)

What a reader gets is octet for octet what `whole.render` and `messages.compose` make of the same contents, but for where the
transfer encoding breaks its lines.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeVar

from markupsafe import Markup

from digest.issues import blocks, whole, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Choice, Contents, PaperText
from digest.issues.places import page_url
from digest.messages import Heading, assemble, markup, typeset
from digest.messages.holes import filling, hole, number, pattern

# Gmail shows the first 102 KB of a message's HTML and hides the rest, the unsubscribe link among it.
HTML_LIMIT = 90_000
# Room for what is personal in the frame: subject, dateline, receipt and links, each clipped where it is worded.
_FRAME_ROOM = 6_000
_SHORTER = (320, 160)
_MOST_NOTES = 5
_MOST_NUMBERS = 999
_REMEMBERED = 20_000

_NUMBERS = tuple(str(each).encode() for each in range(_MOST_NUMBERS + 1))
_POSITIONS = tuple(f"{each:2}".encode() for each in range(_MOST_NUMBERS + 1))
_NOTE_NAMES = tuple(f"n{each}" for each in range(_MOST_NOTES))
# In which order the values of a paper's text are offered; a template takes them in its own.
_TEXT_VALUES = ("number", "reason", *_NOTE_NAMES)


class Printed(NamedTuple):
    """A paper's block, encoded.

    `html` are the pieces around its reason. `text` is a format that takes what `plan` picks from `_TEXT_VALUES`; `footnotes` is
    one that takes its numbers, and `notes` is how many.
    """

    html: tuple[bytes, ...]
    size: int
    text: bytes
    plan: Callable[[tuple[bytes, ...]], Sequence[bytes]]
    footnotes: bytes
    notes: int


class Brief(NamedTuple):
    """A one-line block, encoded; `text` and `footnote` are formats that take its number."""

    html: bytes
    size: int
    text: bytes
    footnote: bytes


class _Frame(NamedTuple):
    """What stands before and after the papers: formats with a mapping."""

    html: tuple[bytes, bytes]
    size: int
    text: tuple[bytes, bytes]


class _Reason(NamedTuple):
    html: bytes
    text: bytes
    size: int


class Layout(NamedTuple):
    """An issue made to fit: what is shown of it, its frame, and its blocks in order.

    `papers` are filled; `text` are formats that take `values`, `footnotes` formats that take the numbers from 1 to
    `notes`. `size` is the octets of the HTML at most.
    """

    contents: Contents
    frame: _Frame
    papers: list[bytes]
    text: list[bytes]
    values: list[bytes]
    footnotes: list[bytes]
    notes: int
    briefs: list[Brief]
    size: int


_FRAME_HOLES = (
    "subject", "preheader", "dateline", "papers", "rest", "near", "links", "receipt", "next_issue", "away",
    "preferences_url", "unsubscribe_url",
)  # fmt: skip
_SUBJECT_MARKS = (hole("first"), hole("second"), hole("more"))
# Paper, revision, excerpt, slot, whether there is a reason, followed authors.
_Key = tuple[int, int, int, str, bool, frozenset[str]]
_K = TypeVar("_K")
_V = TypeVar("_V")


def _key(contents: Contents, choice: Choice) -> _Key:
    paper = choice.paper
    return (paper.id, paper.revision, contents.excerpt, choice.slot, bool(choice.reasons), choice.followed)


# Receipts and dates of the next issue come back from reader to reader.
@functools.lru_cache(maxsize=2_000)
def _in_text(sentence: str) -> bytes:
    return filling(typeset.wrapped(sentence))


@functools.lru_cache(maxsize=2_000)
def _in_html(sentence: str) -> bytes:
    return filling(markup.text(sentence))


@functools.cache
def _picker(order: tuple[int, ...]) -> Callable[[tuple[bytes, ...]], Sequence[bytes]]:
    """Picks the values at these places."""
    if len(order) > 1:
        return itemgetter(*order)
    return itemgetter(slice(order[0], order[0] + 1) if order else slice(0))


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
        self._subjects: dict[tuple[str, bool, bool, bool], str] = {}
        self._word = ""

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        missing: dict[_Key, Shape] = {}
        for contents in batch:
            for choice in contents.choices:
                key = _key(contents, choice)
                if key not in self._papers and key not in missing:
                    missing[key] = whole.shape_of(contents, choice)
        self._print(missing)

    def _print(self, shapes: Mapping[_Key, Shape]) -> None:
        if not shapes:
            return
        reason = Markup(hole("reason"))  # noqa: S704 - a mark of ours
        html = [blocks.paper("html", shape, {"reason": reason}) for shape in shapes.values()]
        notes = [number(name) for name in _NOTE_NAMES]
        values = {"number": number("number"), "reason": hole("reason"), "notes": notes}
        inlined = markup.inlined_blocks(html, blocks.style())
        for (key, shape), block in zip(shapes.items(), inlined, strict=True):
            made = pattern(block)
            text = pattern(blocks.paper("txt", shape, values) + whole.BLOCK_END)
            self._papers[key] = Printed(
                html=made.pieces,
                size=made.size,
                text=text.in_order(),
                plan=_picker(tuple(_TEXT_VALUES.index(name) for name in text.names)),
                footnotes=pattern("".join(whole.footnotes(shape.paper, notes))).in_order(),
                notes=1 + len(shape.paper.links),
            )
        _trim(self._papers)

    def _printed(self, contents: Contents, choice: Choice) -> Printed:
        key = _key(contents, choice)
        found = self._papers.get(key)
        if found is None:
            self._print({key: whole.shape_of(contents, choice)})
            found = self._papers[key]
        return found

    def _brief(self, paper: PaperText) -> Brief:
        key = (paper.id, paper.revision)
        found = self._briefs.get(key)
        if found is None:
            url, note = page_url(paper.id), number(_NOTE_NAMES[0])
            (html,) = markup.inlined_blocks([blocks.brief("html", paper, url)], blocks.style())
            made = pattern(html)
            found = self._briefs[key] = Brief(
                html=b"".join(made.pieces),
                size=made.size,
                text=pattern(blocks.brief("txt", paper, url, [note]) + "\n").in_order(),
                footnote=pattern(whole.footnote(note, url)).in_order(),
            )
            _trim(self._briefs)
        return found

    def _frame(self, shape: FrameShape) -> _Frame:
        found = self._frames.get(shape)
        if found is None:
            marks = {name: hole(name) for name in _FRAME_HOLES}
            html = {name: Markup(mark) for name, mark in marks.items()}  # noqa: S704 - marks of ours
            above, below = map(pattern, markup.inlined(blocks.frame("html", shape, html)).split(marks["papers"]))
            text_above, text_below = map(pattern, f"{blocks.frame('txt', shape, marks)}\n".split(marks["papers"]))
            found = self._frames[shape] = _Frame(
                html=(above.by_name(), below.by_name()),
                size=above.size + below.size,
                text=(text_above.by_name(), text_below.by_name()),
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

    def subject(self, contents: Contents) -> str:
        """The subject line."""
        first, second, more = whole.subject_values(contents)
        shape = (blocks.folder(contents), bool(first), bool(second), bool(more))
        template = self._subjects.get(shape)
        if template is None:
            marks = [mark if present else "" for mark, present in zip(_SUBJECT_MARKS, shape[1:], strict=True)]
            template = blocks.subject(shape[0], *marks).replace("%", "%%")
            for mark, name in zip(_SUBJECT_MARKS, ("first", "second", "more"), strict=True):
                template = template.replace(mark, f"%({name})s")
            self._subjects[shape] = template
        return template % {"first": first, "second": second, "more": more}

    def _layout(self, contents: Contents) -> Layout:
        frame = self._frame(FrameShape.of(contents))
        known, known_reasons, excerpt = self._papers, self._reasons, contents.excerpt
        papers: list[bytes] = []
        text: list[bytes] = []
        values: list[bytes] = []
        footnotes: list[bytes] = []
        size, first, position = _FRAME_ROOM + frame.size, 1, 1
        for choice in contents.choices:
            paper, words, slot, followed = choice
            printed = known.get((paper.id, paper.revision, excerpt, slot, bool(words), followed))
            if printed is None:
                printed = self._printed(contents, choice)
            reason = known_reasons.get(words)
            if reason is None:
                reason = self._reason(choice)
            html, html_size, template, plan, lines, count = printed
            papers.append(reason.html.join(html))
            text.append(template)
            values += plan((_POSITIONS[position], reason.text, *_NUMBERS[first : first + _MOST_NOTES]))
            footnotes.append(lines)
            size += html_size + reason.size
            first += count
            position += 1
        briefs = [self._brief(each) for each in (*contents.rest, *contents.near)]
        size += sum([each.size for each in briefs])
        return Layout(contents, frame, papers, text, values, footnotes, first - 1, briefs, size)

    def layout(self, contents: Contents) -> Layout:
        """The issue with its HTML below `HTML_LIMIT`: shorter excerpts first, then fewer papers and the rest by title."""
        layout = self._layout(contents)
        if layout.size <= HTML_LIMIT:
            return layout
        every = len(contents.choices)
        tries = [(excerpt, every) for excerpt in _SHORTER] + [(_SHORTER[-1], shown) for shown in range(every - 1, 0, -1)]
        for excerpt, shown in tries:
            layout = self._layout(contents.shortened(excerpt, shown))
            if layout.size <= HTML_LIMIT:
                return layout
        return self._layout(contents.shortened(0, 1))

    def message(self, layout: Layout, heading: Heading, *, text_only: bool) -> bytes:
        """The message of an issue."""
        contents, frame, papers, text, values, footnotes, notes, briefs, _ = layout
        last, rest = notes + 1 + len(briefs), len(contents.rest)
        lines = [each.text % (mark,) for each, mark in zip(briefs, _NUMBERS[notes + 1 : last], strict=True)]
        links = b"".join([*footnotes, *[each.footnote for each in briefs]])
        preferences, unsubscribe = filling(contents.preferences_url), filling(contents.unsubscribe_url)
        dateline, receipt, next_issue = wording.dateline(contents), wording.receipt(contents), wording.next_issue(contents)
        in_text = {
            b"preferences_url": preferences,
            b"unsubscribe_url": unsubscribe,
            b"dateline": filling(typeset.wrapped(dateline)),
            b"receipt": _in_text(receipt),
            b"next_issue": _in_text(next_issue),
            b"away": _in_text(wording.away(contents)),
            b"rest": b"".join(lines[:rest]),
            b"near": b"".join(lines[rest:]),
            b"links": links % _NUMBERS[1:last],
        }
        above, below = frame.text
        body = (above % in_text, b"".join(text) % tuple(values), below % in_text)
        if text_only:
            return assemble(heading, body, None)
        in_html = {
            b"preferences_url": preferences,
            b"unsubscribe_url": unsubscribe,
            b"subject": filling(markup.text(heading.subject)),
            b"preheader": filling(markup.text(wording.preheader(contents))),
            b"dateline": filling(markup.text(dateline)),
            b"receipt": _in_html(receipt),
            b"next_issue": _in_html(next_issue),
            b"away": in_text[b"away"],
            b"rest": b"".join([each.html for each in briefs[:rest]]),
            b"near": b"".join([each.html for each in briefs[rest:]]),
        }
        above, below = frame.html
        return assemble(heading, body, (above % in_html, *papers, below % in_html))
