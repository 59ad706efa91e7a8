"""Issues by the thousand: every block is rendered, inlined and transfer-encoded once a run, and filled for each reader.

    paper --blocks, markup, holes--> blocks (once for each paper and variant)
    contents + blocks              --> bytes of a message (once for each reader)

What a reader gets is octet for octet what `whole.render` and `messages.compose` make of the same contents, but for where the
transfer encoding breaks its lines. A printed block is the pieces between its holes; pieces and what fills the holes go into one
flat list, which is joined once.
"""

from binascii import a2b_qp
from collections.abc import Iterable

from digest.issues import blocks, encoded, places, whole, wording
from digest.issues.contents import Choice, Contents
from digest.issues.printing import Kind, Stock, trim, woven
from digest.messages import Heading, assemble, markup
from digest.messages.holes import Pattern, filling, hole, number, pattern, plain_filling

# Gmail shows the first 102 KB of a message's HTML and hides the rest, the unsubscribe link among it.
HTML_LIMIT = 90_000
_SHORTER = (320, 160)
_MOST_NUMBERS = 999
_NUMBERS = tuple(str(each).encode() for each in range(_MOST_NUMBERS + 1))
_POSITIONS = tuple(f"{each:2}".encode() for each in range(_MOST_NUMBERS + 1))
_SUBJECT_VALUES = ("first", "second", "more")


class Press:
    """The messages of a run: what has been printed, and what a reader's own words and links make of it."""

    def __init__(self) -> None:
        self._stock = Stock()
        self._reasons: dict[tuple[str, ...], tuple[bytes, bytes]] = {}
        self._subjects: dict[tuple[str, bool, bool, bool], str] = {}
        self._preheaders: dict[int, tuple[bytes, ...]] = {}
        self._word = ""
        self._stop_footnote: tuple[bytes, ...] = ()
        self._named: tuple[Contents | None, list[str]] = (None, [])

    def prepare(self, batch: Iterable[Contents]) -> None:
        """Print what the batch needs and is not printed yet."""
        self._stock.prepare(batch)

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
        trim(self._reasons)
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
        flat[1::2] = map(encoded.in_html, names)
        return b"".join(flat)

    def _odd(
        self, patterns: tuple[Pattern, ...], into: tuple[list[bytes], ...], choice: Choice, position: int, token: bytes
    ) -> None:
        reason_html, reason_text = self._reasons[choice.reasons]
        values = {
            "number": _POSITIONS[position], "note": _NUMBERS[position], "reason_html": reason_html, "reason_text": reason_text,
            "token": token, "stop_token": token, "interest": encoded.interest(choice.interest),
            "paper": plain_filling(str(choice.paper.id)),
        }  # fmt: skip
        for pieces, made in zip(into, patterns, strict=True):
            pieces += woven(made, values)

    def _pieces(self, contents: Contents, batch: Iterable[Contents]) -> tuple[list[bytes], list[bytes]]:
        """The encoded pieces of the text and of the HTML."""
        kinds, known_reasons, excerpt = self._stock.kinds, self._reasons, contents.excerpt
        token = plain_filling(contents.message_token)
        html: list[bytes] = []
        text: list[bytes] = []
        links: list[bytes] = []
        stopped: dict[int, tuple[str, ...]] = {}
        kind: Kind | None = None
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
            own = kind.own.get(paper) or self._stock.own(kind, contents, paper, batch)
            reason_html, reason_text = known_reasons.get(words) or self._reason(words)
            if own is None:
                self._odd(kind.odd[paper], (html, text, links), contents.choices[position - 1], position, token)
                continue
            if run is None:
                b, c, d, e, f, g, h, i, start, end, bracket, slash, line_end = kind.shared
                less, save, slash = f + token + g, h + token + i, token + slash
                stop = b + token + c + encoded.interest(interest) if interest and has_reason else b + c
                run = stop + d + token + e
            note = _NUMBERS[position]
            above, below, words_above, words_below, urls, number = own
            html += (above, reason_html, run, number, less, number, save, number, below)
            text += (start, _POSITIONS[position], words_above, reason_text, words_below, note, end)
            links += (bracket, note, urls, slash, number, line_end)
        stopped.pop(0, None)
        frame = self._stock.frame(contents, has_stops=bool(stopped))
        rest: list[bytes] = []
        near: list[bytes] = []
        briefs_html: list[bytes] = []
        for papers, lines in (([each.paper for each in contents.rest], rest), (contents.near, near)):
            for paper in papers:
                position += 1
                note = _NUMBERS[position]
                block, before, after, bracket, urls = self._stock.briefs.get(paper) or self._stock.brief(paper, batch)
                lines += (before, note, after)
                links += (bracket, note, urls)
                briefs_html.append(block)
        stops: list[bytes] = []
        if stopped:
            start, middle, between, end = self._stop_footnote or self._print_stop_footnote()
            for interest, words in stopped.items():
                position += 1
                note = _NUMBERS[position]
                before, after = encoded.stop_in_text(wording.stop(words))
                stops += (before, note, after)
                links += (start, note, middle, token, between, encoded.interest(interest), end)
        away = wording.away(contents) if contents.away_since else ""
        learned = wording.learned(contents) if contents.learned else ""
        receipt_text, receipt_html = encoded.receipt(contents)
        topics_text, topics_html = encoded.topics(contents.topics)
        shown = len(contents.rest)
        flat = frame.pieces.copy()
        flat[1::2] = frame.plan(
            (
                b"",
                token,
                plain_filling(contents.unsubscribe_token),
                plain_filling(contents.issue_token),
                encoded.in_html(wording.count(contents)),
                topics_html,
                topics_text,
                receipt_html,
                receipt_text,
                encoded.in_html(away) if away else b"",
                encoded.in_text(away) if away else b"",
                encoded.in_html(learned) if learned else b"",
                encoded.in_text(learned) if learned else b"",
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
