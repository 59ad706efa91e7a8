"""The blocks of an issue, rendered from `templates/email/`: papers, one-liners, footnotes and the frame around them.

What is personal comes in as values: real ones when a whole message is rendered, marks of holes when a fragment is made once for
many readers. Both ways use these functions, so they cannot say different things.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from digest import text as clean_text
from digest.issues import places, wording
from digest.issues.contents import Contents, PaperText, authors_shown
from digest.messages import markup, typeset
from digest.messages.templates import render

Form = Literal["html", "txt"]
WORD = '<span class="word">'
# What a message offers beside a paper; muting has its place on the page that a vote leads to.
VOTES = {"more": "More like this", "less": "Less", "save": "Save"}
TOKENS = ("message_token", "unsubscribe_token", "issue_token")
# Languages written from right to left.
_LEFTWARD = frozenset({"ar", "fa", "he"})
_INDENT = "    "
_COLUMNS_BEFORE_A_NOTE = 66
_MATCHED = re.compile("“([^“”]+)”")


@dataclass(frozen=True, slots=True)
class Shape:
    """A paper's block but for what is one reader's own: the reason, the links' token, and in text the numbers."""

    paper: PaperText
    excerpt: int
    slot: str
    has_reason: bool
    followed: frozenset[str] = frozenset()
    can_stop: bool = False


def folder(contents: Contents) -> str:
    """The folder under `templates/email/` that an issue is rendered from."""
    return "issue" if contents.away_since is None else "best-of"


class FrameShape(NamedTuple):
    """Which sections a frame has."""

    folder: str
    trending_only: bool
    has_topics: bool
    quiet: bool
    has_rest: bool
    has_near: bool
    has_next: bool
    has_stops: bool
    has_learned: bool

    @classmethod
    def of(cls, contents: Contents, *, has_stops: bool) -> "FrameShape":
        return cls(
            folder(contents),
            contents.trending_only,
            bool(contents.topics),
            not contents.choices,
            bool(contents.rest),
            bool(contents.near),
            contents.next_at is not None,
            has_stops,
            bool(contents.learned),
        )


# A paper is rendered in both forms one after the other.
@functools.lru_cache(maxsize=8)
def _excerpt(abstract: str, limit: int) -> str:
    return clean_text.opening(abstract, limit) if limit else ""


def paper(form: Form, shape: Shape, values: Mapping[str, object]) -> str:
    """One paper. `values`: reason, token; for HTML also interest, for text number and note, the footnote's number.

    A fragment's `stop_token` is the mark of a hole of its own, and `paper` that of the id in the links.
    """
    authors = authors_html if form == "html" else authors_text
    facts = ", ".join(shape.paper.topics)
    if shape.paper.upvotes:
        votes = f"{shape.paper.upvotes}\xa0{'upvote' if shape.paper.upvotes == 1 else 'upvotes'}"
        facts = f"{facts}, {votes}" if facts else votes
    token, interest = str(values["token"]), values.get("interest", "")
    return render(
        f"_base/_paper.{form}.jinja",
        votes=[(label, places.vote_url(token, values.get("paper", shape.paper.id), vote)) for vote, label in VOTES.items()],
        stop_url=places.stop_url(str(values.get("stop_token", token)), interest) if shape.can_stop else "",
        paper=shape.paper,
        extract=_excerpt(shape.paper.abstract, shape.excerpt),
        slot=shape.slot,
        facts=facts,
        authors=authors(shape.paper.authors, shape.followed),
        has_reason=shape.has_reason,
        **{name: value for name, value in values.items() if name not in {"token", "stop_token", "interest", "paper"}},
    )


def brief(form: Form, item: PaperText, page_url: str, note: object = "") -> str:
    """A paper by its title alone, leading to its page."""
    return render(f"_base/_brief.{form}.jinja", title=wording.near_miss(item), url=page_url, note=note)


def frame(form: Form, shape: FrameShape, values: Mapping[str, object]) -> str:
    """The message around its papers. Of `values`, the three tokens become the addresses of their links."""
    token, unsubscribe, issue = (str(values[name]) for name in TOKENS)
    return render(
        f"{shape.folder}/body.{form}.jinja",
        trending_only=shape.trending_only,
        has_topics=shape.has_topics,
        quiet=shape.quiet,
        has_rest=shape.has_rest,
        has_near=shape.has_near,
        has_next=shape.has_next,
        has_stops=shape.has_stops,
        has_learned=shape.has_learned,
        has_links=shape.has_near or not shape.quiet,
        preferences_url=places.preferences_url(token),
        unsubscribe_url=places.unsubscribe_url(unsubscribe),
        issue_url=places.issue_url(issue),
        **{name: value for name, value in values.items() if name not in TOKENS},
    )


def subject(where: str, first: str, second: str, more: str) -> str:
    """The subject line; what is empty is left out."""
    return render(f"{where}/subject.txt.jinja", first=first, second=second, more=more).strip()


def authors_html(authors: Sequence[str], followed: frozenset[str]) -> Markup:
    """The authors' line, followed ones strong."""
    names, left = authors_shown(authors, followed)
    leftward = {name for name in names if clean_text.language(name) in _LEFTWARD}
    parts = []
    for name in names:
        escaped = markup.text(name)
        if name in leftward and len(leftward) < len(names):
            # Two of them side by side among others would change places (UAX #9); clients know `dir`, and not all know <bdi>.
            escaped = f'<span dir="rtl">{escaped}</span>'
        parts.append(f"<strong>{escaped}</strong>" if name in followed else escaped)
    return Markup(", ".join(parts) + (f" and {left} more" if left else ""))  # noqa: S704 - escaped name by name


def authors_text(authors: Sequence[str], followed: frozenset[str]) -> str:
    """The authors' line, indented, followed ones between asterisks."""
    names, left = authors_shown(authors, followed)
    parts = [f"*{name}*" if name in followed else name for name in names]
    return typeset.wrapped(", ".join(parts) + (f" and {left} more" if left else ""), first=_INDENT, rest=_INDENT)


def style() -> str:
    """The `<style>` element of every message."""
    return render("_base/style.html.jinja")


def reason_html(sentence: str, tag: str = WORD) -> Markup:
    """Why the paper is here; what the ranking quotes is the word that matched, within `tag`."""
    return Markup(_MATCHED.sub(rf"“{tag}\1</span>”", markup.text(sentence)))  # noqa: S704 - escaped just now


def stop_text(sentence: str, note: object) -> str:
    """What a reader can stop, in a line or two of the text's foot."""
    return f"  - {typeset.hang(sentence, 4, _COLUMNS_BEFORE_A_NOTE)} [{note}]\n"


def reason_text(sentence: str) -> str:
    """Why the paper is here, behind a bar; empty without a reason."""
    if not sentence:
        return ""
    return typeset.wrapped(sentence, first=f"{_INDENT}| ", rest=f"{_INDENT}| ")
