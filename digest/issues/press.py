"""Issues by the thousand: every block is rendered, inlined and transfer-encoded once a run, and filled for each reader.

    paper --blocks, markup, holes--> blocks (once for each paper and variant)
    contents + blocks              --> bytes of a message (once for each reader)

What a reader gets is octet for octet what `whole.render` and `messages.compose` make of the same contents, but for where the
transfer encoding breaks its lines. A printed block is the pieces between its holes; pieces and what fills the holes go into one
flat list, which is joined once.
"""

import functools
from binascii import a2b_qp
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
_SHORTER = (320, 160)
_MOST_NUMBERS = 999
_REMEMBERED = 20_000

_NUMBERS = tuple(str(each).encode() for each in range(_MOST_NUMBERS + 1))
_POSITIONS = tuple(f"{each:2}".encode() for each in range(_MOST_NUMBERS + 1))
# The holes of a paper's HTML, text and footnote, in the order of our own templates. There the pieces are woven in by name of
# variable, without looking anything up; a template of an operator's own may have them in any other.
_USUAL = (
    ("reason_html", "stop_token", "interest", "token", "paper", "token", "paper", "token", "paper"),
    ("number", "reason_text", "note"),
    ("note", "token", "paper"),
)
# Which of the pieces around them are a paper's own; the others are the same for all papers of a variant.
_OWN = (0, 9, 11, 12, 15)
_FRAME_VALUES = (
    "message_token", "unsubscribe_token", "issue_token", "day", "count", "topics", "receipt", "next_issue", "away", "learned",
    "rest", "near", "stops", "links", "subject", "preheader",
)  # fmt: skip
_SUBJECT_VALUES = ("first", "second", "more")
_NOTHING = (b"", b"")

_K = TypeVar("_K")
_V = TypeVar("_V")
# Excerpt, slot, followed authors, whether there is a reason, whether it can be stopped.
_Variant = tuple[int, str, frozenset[str], bool, bool]


def _aligned(made: Pattern, usual: Sequence[str], absent: frozenset[str]) -> tuple[bytes, ...] | None:
    """The pieces around the usual holes, empty ones around those that this block is without; None when it has others."""
    if made.names != tuple(name for name in usual if name not in absent):
        return None
    found = iter(made.pieces)
    return (next(found), *[b"" if name in absent else next(found) for name in usual])


def _trim(kept: dict[_K, _V]) -> None:
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


@dataclass(slots=True)
class _Kind:
    """The papers' blocks of one variant, encoded.

    `shared` are the pieces that all papers have in common, and of each there are its `own` and its id: with thousands of papers
    chosen evenly little of them is in the processor's cache, and each place of memory that a message visits costs as much as many
    steps. `odd` are the papers whose template has other holes or shares less: their patterns.
    """

    shared: tuple[bytes, ...] = ()
    own: dict[PaperText, tuple[bytes, ...]] = field(default_factory=dict)
    odd: dict[PaperText, tuple[Pattern, ...]] = field(default_factory=dict)

    def add(self, paper: PaperText, patterns: tuple[Pattern, ...], absent: frozenset[str]) -> None:
        pieces = [
            piece for made, usual in zip(patterns, _USUAL, strict=True) for piece in _aligned(made, usual, absent) or (None,)
        ]
        found = [piece for piece in pieces if piece is not None]
        shared = tuple(piece for place, piece in enumerate(found) if place not in _OWN)
        if len(found) < len(pieces) or (self.shared and self.shared != shared):
            self.odd[paper] = patterns
        else:
            self.shared = shared
            self.own[paper] = (*(found[place] for place in _OWN), plain_filling(str(paper.id)))

    def trim(self) -> None:
        _trim(self.own)
        _trim(self.odd)


class Brief(NamedTuple):
    """A one-line block, encoded; what stands around its number in the text and in the footnote."""

    html: bytes
    text: tuple[bytes, bytes]
    footnote: tuple[bytes, bytes]


class _Frame(NamedTuple):
    """What stands before and after the papers."""

    html: tuple[Pattern, Pattern]
    text: tuple[Pattern, Pattern]


# Receipts, topics and dates of the next issue come back from reader to reader.
@functools.lru_cache(maxsize=2_000)
def _in_text(sentence: str) -> bytes:
    return filling(typeset.wrapped(sentence))


@functools.lru_cache(maxsize=20_000)
def _in_html(sentence: str) -> bytes:
    return filling(markup.text(sentence))


@functools.lru_cache(maxsize=5_000)
def _stop_in_text(sentence: str) -> tuple[bytes, bytes]:
    """What stands before and after the number of the footnote."""
    return _around(pattern(blocks.stop_text(sentence, number("note"))))


@functools.cache
def _stop_footnote(site: str) -> tuple[bytes, ...]:
    """The footnote where an interest is stopped, on this site: around its number, the token and the interest."""
    return pattern(whole.footnote(number("note"), places.stop_url(hole("token"), hole("interest")))).pieces


@functools.lru_cache(maxsize=5_000)
def _interest(number: int) -> bytes:
    return plain_filling(str(number)) if number else b""


def _around(made: Pattern) -> tuple[bytes, bytes]:
    before, after = made.pieces
    return before, after


def _woven(made: Pattern, values: Mapping[str, bytes]) -> list[bytes]:
    """The pieces with their holes filled."""
    flat = [b""] * (2 * len(made.names) + 1)
    flat[::2] = made.pieces
    flat[1::2] = map(values.__getitem__, made.names)
    return flat


def _aligned(made: Pattern, usual: Sequence[str], absent: frozenset[str]) -> tuple[bytes, ...] | None:
    """The pieces around the usual holes, empty ones around those that this block is without; None when it has others."""
    if made.names != tuple(name for name in usual if name not in absent):
        return None
    found = iter(made.pieces)
    return (next(found), *[b"" if name in absent else next(found) for name in usual])


def _trim(kept: dict[_K, _V]) -> None:
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


@dataclass(slots=True)
class _Kind:
    """The papers' blocks of one variant, encoded.

    `shared` are the pieces that all papers have in common, and of each there are its `own` and its id: with thousands of papers
    chosen evenly little of them is in the processor's cache, and each place of memory that a message visits costs as much as many
    steps. `odd` are the papers whose template has other holes or shares less: their patterns.
    """

    shared: tuple[bytes, ...] = ()
    own: dict[PaperText, tuple[bytes, ...]] = field(default_factory=dict)
    odd: dict[PaperText, tuple[Pattern, ...]] = field(default_factory=dict)

    def add(self, paper: PaperText, patterns: tuple[Pattern, ...], absent: frozenset[str]) -> None:
        pieces = [
            piece for made, usual in zip(patterns, _USUAL, strict=True) for piece in _aligned(made, usual, absent) or (None,)
        ]
        found = [piece for piece in pieces if piece is not None]
        shared = tuple(piece for place, piece in enumerate(found) if place not in _OWN)
        if len(found) < len(pieces) or (self.shared and self.shared != shared):
            self.odd[paper] = patterns
        else:
            self.shared = shared
            self.own[paper] = (*(found[place] for place in _OWN), plain_filling(str(paper.id)))

    def trim(self) -> None:
        _trim(self.own)
        _trim(self.odd)


class Brief(NamedTuple):
    """A one-line block, encoded; what stands around its number in the text and in the footnote."""

    html: bytes
    text: tuple[bytes, bytes]
    footnote: tuple[bytes, bytes]


class _Frame(NamedTuple):
    """What stands before and after the papers."""

    html: tuple[Pattern, Pattern]
    text: tuple[Pattern, Pattern]


# Receipts, topics and dates of the next issue come back from reader to reader.
@functools.lru_cache(maxsize=2_000)
def _in_text(sentence: str) -> bytes:
    return filling(typeset.wrapped(sentence))


@functools.lru_cache(maxsize=20_000)
def _in_html(sentence: str) -> bytes:
    return filling(markup.text(sentence))


@functools.lru_cache(maxsize=5_000)
def _stop_in_text(sentence: str) -> tuple[bytes, bytes]:
    """What stands before and after the number of the footnote."""
    return _around(pattern(blocks.stop_text(sentence, number("note"))))


@functools.cache
def _stop_footnote(site: str) -> tuple[bytes, ...]:
    """The footnote where an interest is stopped, on this site: around its number, the token and the interest."""
    return pattern(whole.footnote(number("note"), places.stop_url(hole("token"), hole("interest")))).pieces


@functools.lru_cache(maxsize=5_000)
def _interest(number: int) -> bytes:
    return plain_filling(str(number)) if number else b""


def _around(made: Pattern) -> tuple[bytes, bytes]:
    before, after = made.pieces
    return before, after


def _woven(made: Pattern, values: Mapping[str, bytes]) -> list[bytes]:
    """The pieces with their holes filled."""
    flat = [b""] * (2 * len(made.names) + 1)
    flat[::2] = made.pieces
    flat[1::2] = map(values.__getitem__, made.names)
    return flat


def _fits(html: bytes) -> bool:
    """Whether encoded HTML is within the limit; encoding never makes anything shorter."""
    return len(html) <= HTML_LIMIT or len(a2b_qp(html)) <= HTML_LIMIT


class Press:
    """What has been printed in a run, at most some ten thousands of blocks, the oldest going first."""

    def __init__(self) -> None:
        self._kinds: dict[_Variant, _Kind] = defaultdict(_Kind)
        self._briefs: dict[PaperText, Brief] = {}
        self._frames: dict[FrameShape, _Frame] = {}
        self._reasons: dict[tuple[str, ...], tuple[bytes, bytes]] = {}
        self._subjects: dict[tuple[str, bool, bool, bool], tuple[str, Pattern]] = {}
        self._preheaders: dict[int, tuple[bytes, ...]] = {}
        self._word = ""

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        missing: dict[tuple[_Variant, PaperText], Shape] = {}
        for contents in batch:
            for choice in contents.choices:
                paper, words, slot, followed, interest = choice
                variant = (contents.excerpt, slot, followed, bool(words), interest > 0)
                kind = self._kinds[variant]
                if paper not in kind.own and paper not in kind.odd:
                    missing[variant, paper] = whole.shape_of(contents, choice)
        self._print(missing)

    def _print(self, shapes: Mapping[tuple[_Variant, PaperText], Shape]) -> None:
        if not shapes:
            return
        links = {name: hole(name) for name in ("token", "stop_token", "interest", "paper")}
        reason = Markup(hole("reason_html"))  # noqa: S704 - a mark of ours
        html = [blocks.paper("html", shape, {"reason": reason, **links}) for shape in shapes.values()]
        note = number("note")
        values = {"number": number("number"), "note": note, "reason": hole("reason_text"), **links}
        inlined = markup.inlined_blocks(html, blocks.style())
        for ((variant, paper), shape), block in zip(shapes.items(), inlined, strict=True):
            text = blocks.paper("txt", shape, values) + whole.BLOCK_END
            footnotes = whole.footnotes(paper, note, links["token"], links["paper"])
            stops = {"stop_token", "interest"} if not (shape.can_stop and shape.has_reason) else set()
            absent = frozenset(stops if shape.has_reason else {"reason_html", "reason_text", *stops})
            self._kinds[variant].add(paper, (pattern(block), pattern(text), pattern(footnotes)), absent)
        for kind in self._kinds.values():
            kind.trim()

    def _brief(self, paper: PaperText) -> Brief:
        found = self._briefs.get(paper)
        if found is None:
            url, note = places.page_url(paper.id), number("note")
            (html,) = markup.inlined_blocks([blocks.brief("html", paper, url)], blocks.style())
            found = self._briefs[paper] = Brief(
                html=b"".join(pattern(html).pieces),
                text=_around(pattern(blocks.brief("txt", paper, url, note) + "\n")),
                footnote=_around(pattern(whole.footnote(note, url))),
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
            found = self._frames[shape] = _Frame((above, below), (text_above, text_below))
        return found

    def _reason(self, choice: Choice) -> tuple[bytes, bytes]:
        """Why a paper is here, in HTML and in text."""
        sentence = wording.reason(choice)
        if not self._word:
            (inlined,) = markup.inlined_blocks([f"{blocks.WORD}</em>"], blocks.style())
            self._word = inlined.removesuffix("</em>")
        found = self._reasons[choice.reasons] = (
            filling(str(blocks.reason_html(sentence, self._word))),
            filling(blocks.reason_text(sentence)) if sentence else b"",
        )
        _trim(self._reasons)
        return found

    def subject(self, contents: Contents) -> str:
        """The subject line."""
        values = whole.subject_values(contents, wording.names(contents))
        return self._subject(contents, values)[0] % dict(zip(_SUBJECT_VALUES, values, strict=True))

    def _subject(self, contents: Contents, values: tuple[str, str, str]) -> tuple[str, Pattern]:
        """The subject as a format that takes its values by name, and as encoded HTML."""
        first, second, more = values
        shape = (blocks.folder(contents), first != "", second != "", more != "")
        found = self._subjects.get(shape)
        if found is None:
            marks = {name: hole(name) if value else "" for name, value in zip(_SUBJECT_VALUES, values, strict=True)}
            line = blocks.subject(shape[0], **marks)
            form = line.replace("%", "%%")
            for name, mark in marks.items():
                form = form.replace(mark, f"%({name})s") if mark else form
            found = self._subjects[shape] = (form, pattern(markup.text(line)))
        return found

    def _title(self, contents: Contents, names: Sequence[str]) -> bytes:
        """The subject as HTML, made of names that are encoded already."""
        values = whole.subject_values(contents, names)
        filled = dict(zip(_SUBJECT_VALUES, map(_in_html, values), strict=True))
        return b"".join(_woven(self._subject(contents, values)[1], filled))

    def _preheader(self, contents: Contents, names: Sequence[str]) -> bytes:
        """Made of names that are encoded already, as long as it need not be clipped."""
        names = names[2:]
        if not names or sum(map(len, names)) > wording.NAMES_ROOM:
            return filling(markup.text(wording.preheader(contents, names)))
        pieces = self._preheaders.get(len(names))
        if pieces is None:
            made = pattern(markup.text(wording.also([hole("name")] * len(names))))
            pieces = self._preheaders[len(names)] = made.pieces
        flat = [b""] * (2 * len(names) + 1)
        flat[::2] = pieces
        flat[1::2] = map(_in_html, names)
        return b"".join(flat)

    def _get(self, kind: _Kind, contents: Contents, paper: PaperText, batch: Iterable[Contents]) -> tuple[bytes, ...] | None:
        """The paper's own pieces, printed now if need be; None when it is an odd one."""
        if paper not in kind.odd:
            self.prepare(batch)
            if paper not in kind.own and paper not in kind.odd:
                # What so many others needed may have pushed it out again.
                self.prepare([contents])
        return kind.own.get(paper)

    def _odd(
        self, patterns: tuple[Pattern, ...], into: tuple[list[bytes], ...], choice: Choice, position: int, token: bytes
    ) -> None:
        reason_html, reason_text = self._reasons[choice.reasons]
        values = {
            "number": _POSITIONS[position], "note": _NUMBERS[position], "reason_html": reason_html, "reason_text": reason_text,
            "token": token, "stop_token": token, "interest": _interest(choice.interest),
            "paper": plain_filling(str(choice.paper.id)),
        }  # fmt: skip
        for pieces, made in zip(into, patterns, strict=True):
            pieces += _woven(made, values)

    def _pieces(self, contents: Contents, batch: Iterable[Contents]) -> tuple[list[bytes], list[bytes]]:
        """The encoded pieces of the text and of the HTML."""
        kinds, known_reasons, excerpt = self._kinds, self._reasons, contents.excerpt
        token = plain_filling(contents.message_token)
        html: list[bytes] = []
        text: list[bytes] = []
        links: list[bytes] = []
        stopped: dict[int, tuple[str, ...]] = {}
        runs: dict[int, bytes] = {}
        last, position = None, 0
        for choice in contents.choices:
            position += 1
            paper, words, slot, followed, interest = choice
            kind = kinds[excerpt, slot, followed, words != (), interest > 0]
            own = kind.own.get(paper) or self._get(kind, contents, paper, batch)
            reason_html, reason_text = known_reasons.get(words) or self._reason(choice)
            if interest not in stopped:
                stopped[interest] = words
            if own is None:
                self._odd(kind.odd[paper], (html, text, links), choice, position, token)
                continue
            if kind is not last:
                last = kind
                b, c, d, e, f, g, h, i, start, end, bracket, slash, line_end = kind.shared
                less, save, slash, runs = f + token + g, h + token + i, token + slash, {}
            run = runs.get(interest)
            if run is None:
                stop = b + token + c + _interest(interest) if interest and words else b + c
                run = runs[interest] = stop + d + token + e
            note = _NUMBERS[position]
            above, below, words_above, words_below, urls, number = own
            html += (above, reason_html, run, number, less, number, save, number, below)
            text += (start, _POSITIONS[position], words_above, reason_text, words_below, note, end)
            links += (bracket, note, urls, slash, number, line_end)
        stopped.pop(0, None)
        frame = self._frame(FrameShape.of(contents, has_stops=bool(stopped)))
        rest: list[bytes] = []
        near: list[bytes] = []
        briefs_html: list[bytes] = []
        for papers, lines in (([each.paper for each in contents.rest], rest), (contents.near, near)):
            for paper in papers:
                position += 1
                note = _NUMBERS[position]
                brief = self._briefs.get(paper) or self._brief(paper)
                before, after = brief.text
                lines += (before, note, after)
                before, after = brief.footnote
                links += (before, note, after)
                briefs_html.append(brief.html)
        stops: list[bytes] = []
        if stopped:
            start, middle, between, end = _stop_footnote(settings.SITE_URL)
            for interest, words in stopped.items():
                position += 1
                note = _NUMBERS[position]
                before, after = _stop_in_text(wording.stop(words))
                stops += (before, note, after)
                links += (start, note, middle, token, between, _interest(interest), end)
        day, count, topics = wording.dateline(contents)
        names = wording.names(contents)
        receipt, next_issue = wording.receipt(contents), wording.next_issue(contents)
        away, learned = wording.away(contents), wording.learned(contents)
        values = {
            "message_token": token,
            "unsubscribe_token": plain_filling(contents.unsubscribe_token),
            "issue_token": plain_filling(contents.issue_token),
            "day": _in_text(day),
            "count": _in_text(count),
            "topics": filling(typeset.wrapped(topics)),
            "receipt": _in_text(receipt),
            "next_issue": _in_text(next_issue),
            "away": _in_text(away),
            "learned": _in_text(learned),
            "rest": b"".join(rest),
            "near": b"".join(near),
            "stops": b"".join(stops),
            "links": b"".join(links),
        }
        above, below = frame.text
        text = [*_woven(above, values), *text, *_woven(below, values)]
        shown = len(contents.rest)
        values |= {
            "day": _in_html(day),
            "count": _in_html(count),
            "topics": filling(markup.text(topics)),
            "receipt": _in_html(receipt),
            "next_issue": _in_html(next_issue),
            "away": _in_html(away),
            "learned": _in_html(learned),
            "rest": b"".join(briefs_html[:shown]),
            "near": b"".join(briefs_html[shown:]),
            "subject": self._title(contents, names),
            "preheader": self._preheader(contents, names),
        }
        above, below = frame.html
        return text, [*_woven(above, values), *html, *_woven(below, values)]

    def fitted(self, contents: Contents, batch: Iterable[Contents] = ()) -> Contents:
        """The issue with its HTML below `HTML_LIMIT`: shorter excerpts first, then fewer papers and the rest by title.

        When anything has yet to be printed, all that the `batch` needs is printed along.
        """
        every = len(contents.choices)
        tries = [(excerpt, every) for excerpt in _SHORTER] + [(_SHORTER[-1], shown) for shown in range(every - 1, 0, -1)]
        issue = contents
        for excerpt, shown in [*tries, (0, 1)]:
            html = b"".join(self._pieces(issue, batch)[1])
            if len(a2b_qp(html)) <= HTML_LIMIT:
                break
            issue = contents.shortened(excerpt, shown)
        return issue

    def message(
        self, contents: Contents, heading: Heading, *, text_only: bool = False, batch: Iterable[Contents] = ()
    ) -> bytes:
        """The message of an issue, shortened as `fitted` has it; what has yet to be printed is printed as `fitted` does."""
        text, html = self._pieces(contents, batch)
        content = assemble(heading, text, None if text_only else html)
        # Encoding makes nothing shorter, so most messages show by their length alone that they fit.
        if len(content) <= HTML_LIMIT or (issue := self.fitted(contents)) is contents:
            return content
        text, html = self._pieces(issue, ())
        return assemble(heading, text, None if text_only else html)
