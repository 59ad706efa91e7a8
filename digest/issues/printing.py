"""Blocks of issues, printed: rendered, inlined and transfer-encoded once a run, cut at their holes.

A paper is printed once for each variant that readers get, a frame once for each day, with day and next issue filled in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple, TypeVar

from markupsafe import Markup

from digest.issues import blocks, places, whole, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Contents, PaperText
from digest.issues.encoded import around, in_html, in_text
from digest.messages import markup
from digest.messages.holes import Pattern, filling, hole, number, pattern, plain_filling

_REMEMBERED = 20_000

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
# The order in which a press has the values of a frame's holes; `…_text` where they are worded or wrapped differently.
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


def trim(kept: dict[_K, _V]) -> None:
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


@dataclass(slots=True)
class Kind:
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
        trim(self.own)
        trim(self.odd)


class Brief(NamedTuple):
    """A one-line block, encoded: its HTML, and what stands before and after its number in the text and in the footnote."""

    html: bytes
    before: bytes
    after: bytes
    bracket: bytes
    address: bytes


class Frame(NamedTuple):
    """What stands before and after the papers, in text and in HTML: four runs of pieces in one list, every second place a hole.

    `plan` picks the values of the holes from those in `_PLACES`; `ends` are where the first three runs end.
    """

    pieces: list[bytes]
    plan: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    ends: tuple[int, int, int]


def woven(made: Pattern, values: Mapping[str, bytes]) -> list[bytes]:
    """The pieces with their holes filled."""
    flat = [b""] * (2 * len(made.names) + 1)
    flat[::2] = made.pieces
    flat[1::2] = map(values.__getitem__, made.names)
    return flat


class Stock:
    """What has been printed in a run, at most some ten thousands of blocks, the oldest going first."""

    def __init__(self) -> None:
        self.kinds: dict[_Variant, Kind] = defaultdict(Kind)
        self.briefs: dict[PaperText, Brief] = {}
        self._frame_patterns: dict[FrameShape, list[Pattern]] = {}
        self._frames: dict[tuple[Hashable, ...], Frame] = {}
        self._shared: dict[bytes, bytes] = {}

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet, inlining all of it at once."""
        missing: dict[tuple[_Variant, PaperText], Shape] = {}
        briefs: dict[PaperText, None] = {}
        for contents in batch:
            for paper in (*contents.near, *(each.paper for each in contents.rest)):
                if paper not in self.briefs:
                    briefs[paper] = None
            for choice in contents.choices:
                paper, words, slot, followed, interest = choice
                variant = (contents.excerpt, slot, followed, bool(words), interest > 0)
                kind = self.kinds[variant]
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
            self.kinds[variant].add(paper, (pattern(block), pattern(text), pattern(footnotes)), absent, self._same)
        for kind in self.kinds.values():
            kind.trim()
        trim(self._shared)

    def _same(self, piece: bytes) -> bytes:
        """A short piece at the one place of memory where others have it too."""
        return self._shared.setdefault(piece, piece) if len(piece) < _SHORT else piece

    def _print_briefs(self, papers: Collection[PaperText]) -> None:
        note = number("note")
        urls = [places.page_url(paper.id) for paper in papers]
        html = [blocks.brief("html", paper, url) for paper, url in zip(papers, urls, strict=True)]
        for paper, url, block in zip(papers, urls, markup.inlined_blocks(html, blocks.style()), strict=True):
            text = around(pattern(blocks.brief("txt", paper, url, note) + "\n"))
            footnote = around(pattern(whole.footnote(note, url)))
            self.briefs[paper] = Brief(filling(block), *map(self._same, (*text, *footnote)))
        trim(self.briefs)

    def brief(self, paper: PaperText, batch: Iterable[Contents]) -> Brief:
        """The paper's line, printed now if need be."""
        self.prepare(batch)
        if paper not in self.briefs:
            # As with papers, what others needed may have pushed it out again.
            self._print_briefs([paper])
        return self.briefs[paper]

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

    def frame(self, contents: Contents, *, has_stops: bool) -> Frame:
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
                (in_text, in_text, in_html, in_html),
                self._patterns(FrameShape.of(contents, has_stops=has_stops)),
                strict=True,
            ):
                if pieces:
                    names.append(_NO_HOLE)
                    ends.append(len(pieces))
                flat = iter(woven(made, {name: form(same[name]) if name in same else b"" for name in made.names}))
                pieces.append(next(flat))
                for name, filled, after in zip(made.names, flat, flat, strict=True):
                    if name in same:
                        pieces[-1] += filled + after
                    else:
                        names.append(name if form is in_html or f"{name}_text" not in _PLACES else f"{name}_text")
                        pieces.append(after)
            blank = [b""] * (2 * len(pieces) - 1)
            blank[::2] = pieces
            first, second, third = (2 * each - 1 for each in ends)
            found = self._frames[key] = Frame(blank, itemgetter(*map(_PLACES.__getitem__, names)), (first, second, third))
            trim(self._frames)
        return found

    def own(self, kind: Kind, contents: Contents, paper: PaperText, batch: Iterable[Contents]) -> tuple[bytes, ...] | None:
        """The paper's own pieces, printed now if need be; None when it is an odd one."""
        if paper not in kind.odd:
            self.prepare(batch)
            if paper not in kind.own and paper not in kind.odd:
                # What so many others needed may have pushed it out again.
                self.prepare([contents])
        return kind.own.get(paper)
