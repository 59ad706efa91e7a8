"""Issues by the thousand: every block is rendered, inlined and transfer-encoded once a run, and filled for each reader.

    paper --blocks, markup, holes--> Printed (once for each paper and variant)
    contents + Printed             --> bytes of a message (once for each reader)

What a reader gets is octet for octet what `whole.render` and `messages.compose` make of the same contents, but for where the
transfer encoding breaks its lines. A printed block is a bytes format and a plan, which picks from the values at hand what the
format takes: the blocks of a message are joined first and filled in one go.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeVar

from django.conf import settings
from markupsafe import Markup

from digest.issues import blocks, places, whole, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Choice, Contents, PaperText
from digest.messages import Heading, assemble, markup, typeset
from digest.messages.holes import Pattern, filling, hole, number, pattern, plain_filling

# Gmail shows the first 102 KB of a message's HTML and hides the rest, the unsubscribe link among it.
HTML_LIMIT = 90_000
# Room for what is personal in the frame: subject, dateline, receipt and links, each clipped where it is worded.
_FRAME_ROOM = 6_000
# Room for a token or a number in a link: two numbers of 64 bits in base 36, 22 characters of signature, dots.
_LINK_ROOM = 52
# Sizes are counted in so many octets, rounded up, so that they are small numbers, which Python keeps at hand.
_UNIT = 64
_SHORTER = (320, 160)
_MOST_NOTES = 6
_MOST_NUMBERS = 999
_REMEMBERED = 20_000

_NUMBERS = tuple(str(each).encode() for each in range(_MOST_NUMBERS + 1))
_POSITIONS = tuple(f"{each:2}".encode() for each in range(_MOST_NUMBERS + 1))
_NOTES = tuple(_NUMBERS[first : first + _MOST_NOTES] for first in range(_MOST_NUMBERS - _MOST_NOTES))
_NOTE_NAMES = tuple(f"n{each}" for each in range(_MOST_NOTES))
# In which order the values of a block are offered; a template takes them in its own.
_PAPER_VALUES = ("number", "reason_html", "reason_text", "token", "interest", *_NOTE_NAMES)
_FRAME_VALUES = (
    "message_token", "unsubscribe_token", "issue_token", "away",
    "dateline", "receipt", "next_issue", "learned", "rest", "near", "stops", "links",
    "subject", "preheader",
)  # fmt: skip
_SUBJECT_VALUES = ("first", "second", "more")
_LINK_NAMES = frozenset({"token", "interest", *blocks.TOKENS})

# The id of an interest, encoded, and the reasons of the first paper that it brought.
Stop = tuple[bytes, tuple[str, ...]]
_Plan = Callable[[tuple[bytes, ...]], Sequence[bytes]]


class Filled(NamedTuple):
    """Encoded text with holes: a bytes format, and what it takes of the values that are offered."""

    form: bytes
    plan: _Plan


class Printed(NamedTuple):
    """A paper's block, encoded: its HTML of at most `units` times `_UNIT` octets but for the reason, its text and footnotes."""

    html: bytes
    html_plan: _Plan
    units: int
    text: bytes
    text_plan: _Plan
    footnotes: bytes
    footnotes_plan: _Plan
    notes: int


class Brief(NamedTuple):
    """A one-line block, encoded; `text` and `footnote` are formats that take its number."""

    html: bytes
    size: int
    text: bytes
    footnote: bytes


class _Frame(NamedTuple):
    """What stands before and after the papers."""

    html: tuple[Filled, Filled]
    size: int
    text: tuple[Filled, Filled]


class _Reason(NamedTuple):
    html: bytes
    text: bytes
    units: int


class Layout(NamedTuple):
    """An issue made to fit: what is shown of it, its frame, and its blocks in order, as formats and what they take.

    `notes` is how many footnotes the papers have; `stops` are the interests that can be stopped. `size` is the octets of the
    HTML at most.
    """

    contents: Contents
    frame: _Frame
    token: bytes
    html: list[bytes]
    html_values: list[bytes]
    text: list[bytes]
    text_values: list[bytes]
    footnotes: list[bytes]
    footnote_values: list[bytes]
    notes: int
    stops: Mapping[int, Stop]
    briefs: list[Brief]
    size: int


# Excerpt, slot, followed authors, whether there is a reason, whether it can be stopped.
_Variant = tuple[int, str, frozenset[str], bool, bool]
_K = TypeVar("_K")
_V = TypeVar("_V")


# Receipts, topics and dates of the next issue come back from reader to reader.
@functools.lru_cache(maxsize=2_000)
def _in_text(sentence: str) -> bytes:
    return filling(typeset.wrapped(sentence))


@functools.lru_cache(maxsize=20_000)
def _in_html(sentence: str) -> bytes:
    return filling(markup.text(sentence))


@functools.lru_cache(maxsize=5_000)
def _stop_in_text(sentence: str) -> bytes:
    """A format that takes the number of the footnote."""
    return pattern(blocks.stop_text(sentence, number("note"))).in_order()


@functools.cache
def _stop_footnote(site: str) -> Filled:
    """The footnote where an interest is stopped, on this site."""
    line = whole.footnote(number(_NOTE_NAMES[0]), places.stop_url(hole("token"), hole("interest")))
    return _filled(pattern(line), _PAPER_VALUES)


@functools.cache
def _picker(order: tuple[int, ...]) -> _Plan:
    """Picks the values at these places."""
    if len(order) > 1:
        return itemgetter(*order)
    return itemgetter(slice(order[0], order[0] + 1) if order else slice(0))


def _filled(made: Pattern, offered: Sequence[str]) -> Filled:
    return Filled(made.in_order(), _picker(tuple(offered.index(name) for name in made.names)))


def _room(made: Pattern) -> int:
    """Octets of the text before encoding, its links filled."""
    return made.size + _LINK_ROOM * sum(name in _LINK_NAMES for name in made.names)


def _units(octets: int) -> int:
    return -(-octets // _UNIT)


def _trim(kept: dict[_K, _V]) -> None:
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


class Press:
    """What has been printed in a run, at most some ten thousands of blocks, the oldest going first."""

    def __init__(self) -> None:
        self._papers: dict[_Variant, dict[PaperText, Printed]] = defaultdict(dict)
        self._briefs: dict[tuple[int, int], Brief] = {}
        self._frames: dict[FrameShape, _Frame] = {}
        self._reasons: dict[tuple[str, ...], _Reason] = {}
        self._subjects: dict[tuple[str, bool, bool, bool], tuple[str, Filled]] = {}
        self._preheaders: dict[int, bytes] = {}
        self._word = ""

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        missing: dict[tuple[_Variant, PaperText], Shape] = {}
        for contents in batch:
            for choice in contents.choices:
                paper, words, slot, followed, interest = choice
                variant = (contents.excerpt, slot, followed, bool(words), interest > 0)
                if paper not in self._papers[variant]:
                    missing[variant, paper] = whole.shape_of(contents, choice)
        self._print(missing)

    def _print(self, shapes: Mapping[tuple[_Variant, PaperText], Shape]) -> None:
        if not shapes:
            return
        links = {"token": hole("token"), "interest": hole("interest")}
        reason = Markup(hole("reason_html"))  # noqa: S704 - a mark of ours
        html = [blocks.paper("html", shape, {"reason": reason, **links}) for shape in shapes.values()]
        notes = [number(name) for name in _NOTE_NAMES]
        values = {"number": number("number"), "reason": hole("reason_text"), "notes": notes, **links}
        inlined = markup.inlined_blocks(html, blocks.style())
        for ((variant, paper), shape), block in zip(shapes.items(), inlined, strict=True):
            made = pattern(block)
            footnotes = whole.footnotes(paper, notes, links["token"])
            self._papers[variant][paper] = Printed(
                *_filled(made, _PAPER_VALUES),
                _units(_room(made)),
                *_filled(pattern(blocks.paper("txt", shape, values) + whole.BLOCK_END), _PAPER_VALUES),
                *_filled(pattern("".join(footnotes)), _PAPER_VALUES),
                len(footnotes),
            )
        for kept in self._papers.values():
            _trim(kept)

    def _brief(self, paper: PaperText) -> Brief:
        key = (paper.id, paper.revision)
        found = self._briefs.get(key)
        if found is None:
            url, note = places.page_url(paper.id), number(_NOTE_NAMES[0])
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
            marks = {name: hole(name) for name in ("papers", *_FRAME_VALUES)}
            html = {name: mark if name in blocks.TOKENS else Markup(mark) for name, mark in marks.items()}  # noqa: S704 - ours
            above, below = map(pattern, markup.inlined(blocks.frame("html", shape, html)).split(marks["papers"]))
            text_above, text_below = map(pattern, f"{blocks.frame('txt', shape, marks)}\n".split(marks["papers"]))
            found = self._frames[shape] = _Frame(
                html=(_filled(above, _FRAME_VALUES), _filled(below, _FRAME_VALUES)),
                size=_room(above) + _room(below),
                text=(_filled(text_above, _FRAME_VALUES), _filled(text_below, _FRAME_VALUES)),
            )
        return found

    def _reason(self, choice: Choice) -> _Reason:
        sentence = wording.reason(choice)
        if not self._word:
            (inlined,) = markup.inlined_blocks([f"{blocks.WORD}</em>"], blocks.style())
            self._word = inlined.removesuffix("</em>")
        html = str(blocks.reason_html(sentence, self._word))
        found = self._reasons[choice.reasons] = _Reason(
            filling(html), filling(blocks.reason_text(sentence)), _units(len(html.encode()))
        )
        _trim(self._reasons)
        return found

    def subject(self, contents: Contents) -> str:
        """The subject line."""
        values = whole.subject_values(contents)
        return self._subject(contents, values)[0] % dict(zip(_SUBJECT_VALUES, values, strict=True))

    def _subject(self, contents: Contents, values: tuple[str, str, str]) -> tuple[str, Filled]:
        """The subject as a format that takes its values by name, and as encoded HTML."""
        shape = (blocks.folder(contents), bool(values[0]), bool(values[1]), bool(values[2]))
        found = self._subjects.get(shape)
        if found is None:
            marks = [hole(name) if there else "" for name, there in zip(_SUBJECT_VALUES, shape[1:], strict=True)]
            line = blocks.subject(shape[0], *marks)
            form = line.replace("%", "%%")
            for name in _SUBJECT_VALUES:
                form = form.replace(hole(name), f"%({name})s")
            found = self._subjects[shape] = (form, _filled(pattern(markup.text(line)), _SUBJECT_VALUES))
        return found

    def _preheader(self, contents: Contents) -> bytes:
        """Made of names that are encoded already, as long as it need not be clipped."""
        names = wording.names_below(contents)
        if not names or sum(map(len, names)) > wording.NAMES_ROOM:
            return filling(markup.text(wording.preheader(contents)))
        encoded = list(map(_in_html, names))
        form = self._preheaders.get(len(names))
        if form is None:
            mark = hole("name")
            made = pattern(markup.text(wording.also([mark] * len(names))))
            form = self._preheaders[len(names)] = made.in_order()
        return form % tuple(encoded)

    def _layout(self, contents: Contents, batch: Iterable[Contents]) -> Layout:
        variants, reasons, excerpt = self._papers, self._reasons, contents.excerpt
        token = plain_filling(contents.message_token)
        html: list[bytes] = []
        text: list[bytes] = []
        footnotes: list[bytes] = []
        html_values: list[bytes] = []
        text_values: list[bytes] = []
        footnote_values: list[bytes] = []
        stops: dict[int, Stop] = {}
        units, first, position = 0, 1, 1
        for choice in contents.choices:
            paper, words, slot, followed, interest = choice
            known = variants[excerpt, slot, followed, words != (), interest > 0]
            printed = known.get(paper)
            if printed is None:
                self.prepare(batch)
                # What so many others needed may have pushed it out again.
                self.prepare([contents])
                printed = known[paper]
            reason = reasons.get(words)
            in_html, in_text, reason_units = self._reason(choice) if reason is None else reason
            stop = stops.get(interest)
            if stop is None:
                stop = stops[interest] = (plain_filling(str(interest)), words)
            html_form, html_plan, html_units, text_form, text_plan, notes_form, notes_plan, count = printed
            values = (_POSITIONS[position], in_html, in_text, token, stop[0], *_NOTES[first])
            html.append(html_form)
            html_values += html_plan(values)
            text.append(text_form)
            text_values += text_plan(values)
            footnotes.append(notes_form)
            footnote_values += notes_plan(values)
            units += html_units + reason_units
            first += count
            position += 1
        briefs = [self._brief(each) for each in (*contents.rest, *contents.near)]
        stops.pop(0, None)
        frame = self._frame(FrameShape.of(contents, has_stops=bool(stops)))
        size = _FRAME_ROOM + frame.size + _UNIT * units + sum([each.size for each in briefs])
        return Layout(
            contents,
            frame,
            token,
            html,
            html_values,
            text,
            text_values,
            footnotes,
            footnote_values,
            first - 1,
            stops,
            briefs,
            size,
        )

    def layout(self, contents: Contents, batch: Iterable[Contents] = ()) -> Layout:
        """The issue with its HTML below `HTML_LIMIT`: shorter excerpts first, then fewer papers and the rest by title.

        When anything has yet to be printed, all that the `batch` needs is printed along.
        """
        layout = self._layout(contents, batch)
        if layout.size <= HTML_LIMIT:
            return layout
        every = len(contents.choices)
        tries = [(excerpt, every) for excerpt in _SHORTER] + [(_SHORTER[-1], shown) for shown in range(every - 1, 0, -1)]
        for excerpt, shown in tries:
            layout = self._layout(contents.shortened(excerpt, shown), ())
            if layout.size <= HTML_LIMIT:
                return layout
        return self._layout(contents.shortened(0, 1), ())

    def message(self, layout: Layout, heading: Heading, *, text_only: bool) -> bytes:
        """The message of an issue."""
        contents, frame, token = layout.contents, layout.frame, layout.token
        briefs, rest, note = layout.briefs, len(layout.contents.rest), layout.notes + 1
        lines = [each.text % (mark,) for each, mark in zip(briefs, _NUMBERS[note : note + len(briefs)], strict=True)]
        footnotes = [*layout.footnotes, *[each.footnote for each in briefs]]
        footnote_values = [*layout.footnote_values, *_NUMBERS[note : note + len(briefs)]]
        note += len(briefs)
        stops = []
        form, plan = _stop_footnote(settings.SITE_URL)
        for interest, reasons in layout.stops.values():
            stops.append(_stop_in_text(wording.stop(reasons)) % (_NUMBERS[note],))
            footnotes.append(form)
            footnote_values += plan((b"", b"", b"", token, interest, _NUMBERS[note]))
            note += 1
        links = (token, plain_filling(contents.unsubscribe_token), plain_filling(contents.issue_token))
        dateline, receipt, next_issue = wording.dateline(contents), wording.receipt(contents), wording.next_issue(contents)
        away, learned = wording.away(contents), wording.learned(contents)
        in_text = (
            *links,
            _in_text(away),
            filling(typeset.wrapped(dateline)),
            _in_text(receipt),
            _in_text(next_issue),
            _in_text(learned),
            b"".join(lines[:rest]),
            b"".join(lines[rest:]),
            b"".join(stops),
            b"".join(footnotes) % tuple(footnote_values),
        )
        (above, plan_above), (below, plan_below) = frame.text
        text = (above, *layout.text, below)
        values = [*plan_above(in_text), *layout.text_values, *plan_below(in_text)]
        if text_only:
            return assemble(heading, text, None, values)
        subject = whole.subject_values(contents)
        form, plan = self._subject(contents, subject)[1]
        in_html = (
            *links,
            _in_html(away),
            filling(markup.text(dateline)),
            _in_html(receipt),
            _in_html(next_issue),
            _in_html(learned),
            b"".join([each.html for each in briefs[:rest]]),
            b"".join([each.html for each in briefs[rest:]]),
            b"",
            b"",
            form % (*plan(tuple(map(_in_html, subject))),),
            self._preheader(contents),
        )
        (above, plan_above), (below, plan_below) = frame.html
        values += plan_above(in_html)
        values += layout.html_values
        values += plan_below(in_html)
        return assemble(heading, text, (above, *layout.html, below), values)
