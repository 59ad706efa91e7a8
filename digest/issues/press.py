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
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple, TypeVar

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
_SAME_FOR_MANY = ("day", "next_issue")
_FRAME_VALUES = (
    "message_token", "unsubscribe_token", "issue_token", *_SAME_FOR_MANY, "count", "topics", "receipt", "away", "learned",
    "rest", "near", "stops", "links", "preheader",
)  # fmt: skip
_NO_HOLE = ""
# The order in which `Press._pieces` has the values of a frame's holes; `_text` where they are worded or wrapped differently.
_PLACES = {
    name: place
    for place, name in enumerate(
        (
            _NO_HOLE, "message_token", "unsubscribe_token", "issue_token", "count", "topics", "topics_text", "receipt",
            "receipt_text", "away", "away_text", "learned", "learned_text", "rest", "rest_text", "near", "near_text", "stops",
            "links", "preheader",
        )
    )
}  # fmt: skip
# Pieces shorter than this are kept once, for many papers have the same.
_SHORT = 100
_PAPERS = Markup("<!--papers-->")
_SUBJECT_VALUES = ("first", "second", "more")

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
    chosen evenly little of them is in the processor's cache, and each place of memory that is visited costs as much as many
    steps. `odd` are the papers whose template has other holes or shares less: their patterns.
    """

    shared: tuple[bytes, ...] = ()
    own: dict[PaperText, tuple[bytes, ...]] = field(default_factory=dict)
    odd: dict[PaperText, tuple[Pattern, ...]] = field(default_factory=dict)

    def add(
        self, paper: PaperText, patterns: tuple[Pattern, ...], absent: frozenset[str], same: Callable[[bytes], bytes]
    ) -> None:
        pieces = [
            piece for made, usual in zip(patterns, _USUAL, strict=True) for piece in _aligned(made, usual, absent) or (None,)
        ]
        found = [piece for piece in pieces if piece is not None]
        shared = tuple(piece for place, piece in enumerate(found) if place not in _OWN)
        if len(found) < len(pieces) or (self.shared and self.shared != shared):
            self.odd[paper] = patterns
        else:
            self.shared = shared
            self.own[paper] = tuple(map(same, [*(found[place] for place in _OWN), plain_filling(str(paper.id))]))

    def trim(self) -> None:
        _trim(self.own)
        _trim(self.odd)


class Brief(NamedTuple):
    """A one-line block, encoded: its HTML, and what stands before and after its number in the text and in the footnote."""

    html: bytes
    before: bytes
    after: bytes
    bracket: bytes
    address: bytes


class _Frame(NamedTuple):
    """What stands before and after the papers, in text and in HTML: four runs of pieces in one list, every second place a hole.

    `plan` picks the values of the holes from those in `_PLACES`; `ends` are where the first three runs end.
    """

    pieces: list[bytes]
    plan: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    ends: tuple[int, int, int]


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


@functools.lru_cache(maxsize=5_000)
def _topics(topics: tuple[str, ...]) -> tuple[bytes, bytes]:
    """What an issue is for, in text and in HTML."""
    phrase = wording.for_topics(topics)
    return filling(typeset.wrapped(phrase)), filling(markup.text(phrase))


def _receipt(contents: Contents) -> tuple[bytes, bytes]:
    """In text and in HTML, which are the same as long as it fits on a line."""
    outcome, considered = wording.outcome(contents), str(contents.considered)
    html = considered.encode() + _in_html(outcome)
    return html if len(considered) + len(outcome) <= typeset.COLUMNS else _in_text(considered + outcome), html


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


class Press:
    """What has been printed in a run, at most some ten thousands of blocks, the oldest going first."""

    def __init__(self) -> None:
        self._kinds: dict[_Variant, _Kind] = defaultdict(_Kind)
        self._briefs: dict[PaperText, Brief] = {}
        self._frame_patterns: dict[FrameShape, list[Pattern]] = {}
        self._frames: dict[tuple[Hashable, ...], _Frame] = {}
        self._reasons: dict[tuple[str, ...], tuple[bytes, bytes]] = {}
        self._subjects: dict[tuple[str, bool, bool, bool], str] = {}
        self._preheaders: dict[int, tuple[bytes, ...]] = {}
        self._word = ""
        self._stop_footnote: tuple[bytes, ...] = ()
        self._named: tuple[Contents | None, list[str]] = (None, [])
        self._shared: dict[bytes, bytes] = {}

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        missing: dict[tuple[_Variant, PaperText], Shape] = {}
        briefs: dict[PaperText, None] = {}
        for contents in batch:
            for paper in (*contents.near, *(each.paper for each in contents.rest)):
                if paper not in self._briefs:
                    briefs[paper] = None
            for choice in contents.choices:
                paper, words, slot, followed, interest = choice
                variant = (contents.excerpt, slot, followed, bool(words), interest > 0)
                kind = self._kinds[variant]
                if paper not in kind.own and paper not in kind.odd:
                    missing[variant, paper] = whole.shape_of(contents, choice)
        if missing:
            self._print(missing)
        if briefs:
            self._print_briefs(briefs)

    def _print(self, shapes: Mapping[tuple[_Variant, PaperText], Shape]) -> None:
        links = {name: hole(name) for name in ("token", "stop_token", "interest", "paper")}
        reason = Markup(hole("reason_html"))  # noqa: S704 - a mark of ours
        note = number("note")
        values = {"number": number("number"), "note": note, "reason": hole("reason_text"), **links}
        rendered = [
            (blocks.paper("html", shape, {"reason": reason, **links}), blocks.paper("txt", shape, values) + whole.BLOCK_END)
            for shape in shapes.values()
        ]
        inlined = markup.inlined_blocks([html for html, _ in rendered], blocks.style(), within="<table><tbody>")
        for ((variant, paper), shape), block, (_, text) in zip(shapes.items(), inlined, rendered, strict=True):
            footnotes = whole.footnotes(paper, note, links["token"], links["paper"])
            stops = {"stop_token", "interest"} if not (shape.can_stop and shape.has_reason) else set()
            absent = frozenset(stops if shape.has_reason else {"reason_html", "reason_text", *stops})
            self._kinds[variant].add(paper, (pattern(block), pattern(text), pattern(footnotes)), absent, self._same)
        for kind in self._kinds.values():
            kind.trim()

    def _same(self, piece: bytes) -> bytes:
        """A short piece at the one place of memory where others have it too."""
        return self._shared.setdefault(piece, piece) if len(piece) < _SHORT else piece

    def _print_briefs(self, papers: Collection[PaperText]) -> None:
        note = number("note")
        urls = [places.page_url(paper.id) for paper in papers]
        html = [blocks.brief("html", paper, url) for paper, url in zip(papers, urls, strict=True)]
        for paper, url, block in zip(papers, urls, markup.inlined_blocks(html, blocks.style()), strict=True):
            text = _around(pattern(blocks.brief("txt", paper, url, note) + "\n"))
            footnote = _around(pattern(whole.footnote(note, url)))
            self._briefs[paper] = Brief(filling(block), *map(self._same, (*text, *footnote)))
        _trim(self._briefs)

    def _brief(self, paper: PaperText, batch: Iterable[Contents]) -> Brief:
        """The paper's line, printed now if need be."""
        self.prepare(batch)
        if paper not in self._briefs:
            # As with papers, what others needed may have pushed it out again.
            self._print_briefs([paper])
        return self._briefs[paper]

    def _patterns(self, shape: FrameShape) -> list[Pattern]:
        """What stands before and after the papers in text, then in HTML."""
        found = self._frame_patterns.get(shape)
        if found is None:
            marks = {name: hole(name) for name in ("papers", *_FRAME_VALUES)}
            html = {name: mark if name in blocks.TOKENS else Markup(mark) for name, mark in marks.items()}  # noqa: S704 - ours
            # In a table text would be moved out of the way, and a comment is not; a quiet issue has no place for papers.
            html["papers"] = _PAPERS
            above, _, below = markup.inlined(blocks.frame("html", shape, html)).partition(_PAPERS)
            text_above, text_below = f"{blocks.frame('txt', shape, marks)}\n".split(marks["papers"])
            found = self._frame_patterns[shape] = [pattern(each) for each in (text_above, text_below, above, below)]
        return found

    def _frame(self, contents: Contents, *, has_stops: bool) -> _Frame:
        key = (
            has_stops, contents.away_since is None, contents.trending_only, contents.topics == (), contents.choices == (),
            contents.rest == (), contents.near == (), contents.learned == (), contents.date, contents.next_at,
            # The same instant in another zone is equal, and is read differently.
            contents.date.tzinfo,
        )  # fmt: skip
        found = self._frames.get(key)
        if found is None:
            same = {"day": wording.day(contents.date.date()), "next_issue": wording.next_issue(contents)}
            pieces: list[bytes] = []
            names: list[str] = []
            ends = []
            for form, made in zip(
                (_in_text, _in_text, _in_html, _in_html),
                self._patterns(FrameShape.of(contents, has_stops=has_stops)),
                strict=True,
            ):
                if pieces:
                    names.append(_NO_HOLE)
                    ends.append(len(pieces))
                flat = iter(_woven(made, {name: form(same[name]) if name in same else b"" for name in made.names}))
                pieces.append(next(flat))
                for name, filled, after in zip(made.names, flat, flat, strict=True):
                    if name in same:
                        pieces[-1] += filled + after
                    else:
                        names.append(name if form is _in_html or f"{name}_text" not in _PLACES else f"{name}_text")
                        pieces.append(after)
            blank = [b""] * (2 * len(pieces) - 1)
            blank[::2] = pieces
            first, second, third = (2 * each - 1 for each in ends)
            found = self._frames[key] = _Frame(blank, itemgetter(*map(_PLACES.__getitem__, names)), (first, second, third))
            _trim(self._frames)
        return found

    def _reason(self, words: tuple[str, ...]) -> tuple[bytes, bytes]:
        """Why a paper is here, in HTML and in text."""
        sentence = wording.reason(words)
        if not self._word:
            (inlined,) = markup.inlined_blocks([f"{blocks.WORD}</span>"], blocks.style())
            self._word = inlined.removesuffix("</span>")
        found = self._reasons[words] = (
            filling(str(blocks.reason_html(sentence, self._word))),
            filling(blocks.reason_text(sentence)),
        )
        _trim(self._reasons)
        return found

    def _print_stop_footnote(self) -> tuple[bytes, ...]:
        """The footnote where an interest is stopped: around its number, the token and the interest."""
        made = pattern(whole.footnote(number("note"), places.stop_url(hole("token"), hole("interest"))))
        self._stop_footnote = made.pieces
        return made.pieces

    def _names(self, contents: Contents) -> list[str]:
        """What subject and preheader name: both are asked for, one after the other."""
        if self._named[0] is not contents:
            self._named = (contents, wording.names(contents))
        return self._named[1]

    def subject(self, contents: Contents) -> str:
        """The subject line."""
        first, second, more = whole.subject_values(contents, self._names(contents))
        shape = (blocks.folder(contents), first != "", second != "", more != "")
        form = self._subjects.get(shape)
        if form is None:
            marks = {name: hole(name) if there else "" for name, there in zip(_SUBJECT_VALUES, shape[1:], strict=True)}
            form = blocks.subject(shape[0], **marks).replace("%", "%%")
            for name, mark in marks.items():
                form = form.replace(mark, f"%({name})s") if mark else form
            self._subjects[shape] = form
        return form % {"first": first, "second": second, "more": more}

    def _preheader(self, contents: Contents) -> bytes:
        """Made of names that are encoded already, as long as it need not be clipped."""
        names = self._names(contents)[2:]
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
        kind: _Kind | None = None
        last_slot = last_followed = last_interest = run = None
        had_reason, position = False, 0
        for paper, words, slot, followed, interest in contents.choices:
            position += 1
            has_reason = words != ()
            # Neighbours are alike, and comparing identities is cheaper than looking up.
            if (
                kind is None
                or slot != last_slot
                or followed is not last_followed
                or has_reason is not had_reason
                or interest != last_interest
            ):
                last_slot, last_followed, had_reason, last_interest = slot, followed, has_reason, interest
                kind = kinds[excerpt, slot, followed, has_reason, interest > 0]
                run = None
                if interest not in stopped:
                    stopped[interest] = words
            own = kind.own.get(paper) or self._get(kind, contents, paper, batch)
            reason_html, reason_text = known_reasons.get(words) or self._reason(words)
            if own is None:
                self._odd(kind.odd[paper], (html, text, links), contents.choices[position - 1], position, token)
                continue
            if run is None:
                b, c, d, e, f, g, h, i, start, end, bracket, slash, line_end = kind.shared
                less, save, slash = f + token + g, h + token + i, token + slash
                stop = b + token + c + _interest(interest) if interest and has_reason else b + c
                run = stop + d + token + e
            note = _NUMBERS[position]
            above, below, words_above, words_below, urls, number = own
            html += (above, reason_html, run, number, less, number, save, number, below)
            text += (start, _POSITIONS[position], words_above, reason_text, words_below, note, end)
            links += (bracket, note, urls, slash, number, line_end)
        stopped.pop(0, None)
        frame = self._frame(contents, has_stops=bool(stopped))
        rest: list[bytes] = []
        near: list[bytes] = []
        briefs_html: list[bytes] = []
        for papers, lines in (([each.paper for each in contents.rest], rest), (contents.near, near)):
            for paper in papers:
                position += 1
                note = _NUMBERS[position]
                block, before, after, bracket, urls = self._briefs.get(paper) or self._brief(paper, batch)
                lines += (before, note, after)
                links += (bracket, note, urls)
                briefs_html.append(block)
        stops: list[bytes] = []
        if stopped:
            start, middle, between, end = self._stop_footnote or self._print_stop_footnote()
            for interest, words in stopped.items():
                position += 1
                note = _NUMBERS[position]
                before, after = _stop_in_text(wording.stop(words))
                stops += (before, note, after)
                links += (start, note, middle, token, between, _interest(interest), end)
        away = wording.away(contents) if contents.away_since else ""
        learned = wording.learned(contents) if contents.learned else ""
        receipt_text, receipt_html = _receipt(contents)
        topics_text, topics_html = _topics(contents.topics)
        shown = len(contents.rest)
        flat = frame.pieces.copy()
        flat[1::2] = frame.plan(
            (
                b"",
                token,
                plain_filling(contents.unsubscribe_token),
                plain_filling(contents.issue_token),
                _in_html(wording.count(contents)),
                topics_html,
                topics_text,
                receipt_html,
                receipt_text,
                _in_html(away) if away else b"",
                _in_text(away) if away else b"",
                _in_html(learned) if learned else b"",
                _in_text(learned) if learned else b"",
                b"".join(briefs_html[:shown]),
                b"".join(rest),
                b"".join(briefs_html[shown:]),
                b"".join(near),
                b"".join(stops),
                b"".join(links),
                self._preheader(contents),
            )
        )
        first, second, third = frame.ends
        return [*flat[:first], *text, *flat[first:second]], [*flat[second:third], *html, *flat[third:]]

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
