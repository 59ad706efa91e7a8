"""The blocks of an issue, rendered from `templates/email/`: papers, one-liners, footnotes and the frame around them.

What is personal comes in as values: real ones when a whole message is rendered, marks of holes when a fragment is made once for
many readers. Both ways use these functions, so they cannot say different things.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from digest import text as clean_text
from digest.issues import wording
from digest.issues.contents import Contents, PaperText, authors_shown
from digest.messages import markup, typeset
from digest.messages.templates import render

Form = Literal["html", "txt"]
WORD = '<em class="word">'
_INDENT = "    "
_MATCHED = re.compile("“([^“”]+)”")


@dataclass(frozen=True, slots=True)
class Shape:
    """A paper's block but for what is one reader's own: the reason, and in text the numbers."""

    paper: PaperText
    excerpt: int
    slot: str
    has_reason: bool
    followed: frozenset[str] = frozenset()


def folder(contents: Contents) -> str:
    """The folder under `templates/email/` that an issue is rendered from."""
    return "issue" if contents.away_since is None else "best-of"


class FrameShape(NamedTuple):
    """Which sections a frame has."""

    folder: str
    trending_only: bool
    quiet: bool
    has_rest: bool
    has_near: bool
    has_next: bool

    @classmethod
    def of(cls, contents: Contents) -> "FrameShape":
        return cls(
            folder=folder(contents),
            trending_only=contents.trending_only,
            quiet=not contents.choices,
            has_rest=bool(contents.rest),
            has_near=bool(contents.near),
            has_next=contents.next_at is not None,
        )


def _excerpt(abstract: str, limit: int) -> str:
    return clean_text.extract(abstract, limit) if limit else ""


def paper(form: Form, shape: Shape, values: Mapping[str, object]) -> str:
    """One paper. `values`: reason; for text also number and notes, the footnotes' numbers."""
    authors = authors_html if form == "html" else authors_text
    facts = ", ".join(shape.paper.topics)
    if shape.paper.upvotes:
        votes = f"{shape.paper.upvotes}\xa0{'upvote' if shape.paper.upvotes == 1 else 'upvotes'}"
        facts = f"{facts} · {votes}" if facts else votes
    return render(
        f"_base/_paper.{form}.jinja",
        paper=shape.paper,
        extract=_excerpt(shape.paper.abstract, shape.excerpt),
        slot=shape.slot,
        facts=facts,
        authors=authors(shape.paper.authors, shape.followed),
        has_reason=shape.has_reason,
        **values,
    )


def brief(form: Form, item: PaperText, page_url: str, notes: Sequence[object] = ()) -> str:
    """A paper by its title alone, leading to its page."""
    return render(f"_base/_brief.{form}.jinja", title=wording.near_miss(item), url=page_url, notes=notes)


def frame(form: Form, shape: FrameShape, values: Mapping[str, object]) -> str:
    """The message around its papers."""
    return render(
        f"{shape.folder}/body.{form}.jinja",
        trending_only=shape.trending_only,
        quiet=shape.quiet,
        has_rest=shape.has_rest,
        has_near=shape.has_near,
        has_next=shape.has_next,
        has_links=shape.has_near or not shape.quiet,
        **values,
    )


def subject(where: str, first: str, second: str, more: str) -> str:
    """The subject line; what is empty is left out."""
    return render(f"{where}/subject.txt.jinja", first=first, second=second, more=more).strip()


def authors_html(authors: Sequence[str], followed: frozenset[str]) -> Markup:
    """The authors' line, followed ones strong."""
    names, left = authors_shown(authors, followed)
    parts = [f"<strong>{markup.text(name)}</strong>" if name in followed else markup.text(name) for name in names]
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
    return Markup(_MATCHED.sub(rf"“{tag}\1</em>”", markup.text(sentence)))  # noqa: S704 - escaped just now


def reason_text(sentence: str) -> str:
    """Why the paper is here, behind a bar."""
    return typeset.wrapped(sentence, first=f"{_INDENT}| ", rest=f"{_INDENT}| ")
