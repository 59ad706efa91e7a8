"""A whole issue rendered at once: for previews, the web, and as the measure of what fragments must add up to."""

from markupsafe import Markup

from digest.issues import blocks, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Choice, Contents, PaperText
from digest.issues.places import page_url
from digest.messages import Rendered, markup, typeset

BLOCK_END = "\n\n\n"


def shape_of(contents: Contents, choice: Choice) -> Shape:
    """The block that a choice gets in this issue."""
    return Shape(choice.paper, contents.excerpt, choice.slot, bool(choice.reasons))


def subject(contents: Contents) -> str:
    """The subject: the two strongest papers and how many more."""
    names = [*wording.strongest(contents), "", ""]
    more = len(contents.choices) + len(contents.rest) - 2
    return blocks.subject(names[0], names[1], str(more) if more > 0 else "")


def _html(contents: Contents) -> str:
    papers = "".join(
        blocks.paper(
            "html",
            shape_of(contents, choice),
            {
                "authors": blocks.authors_html(choice.paper.authors, choice.followed),
                "reason": blocks.reason_html(wording.reason(choice)),
            },
        )
        for choice in contents.choices
    )

    def briefs(items: tuple[PaperText, ...]) -> Markup:
        return Markup("".join(blocks.brief("html", each, page_url(each.id)) for each in items))  # noqa: S704 - rendered escaped

    return markup.inlined(
        blocks.frame(
            "html",
            FrameShape.of(contents),
            {
                "subject": subject(contents),
                "preheader": wording.preheader(contents),
                "dateline": wording.dateline(contents),
                "papers": Markup(papers),  # noqa: S704 - rendered escaped
                "rest": briefs(contents.rest),
                "near": briefs(contents.near),
                "receipt": wording.receipt(contents),
                "next_issue": wording.next_issue(contents),
                "preferences_url": contents.preferences_url,
                "unsubscribe_url": contents.unsubscribe_url,
            },
        )
    )


def _text(contents: Contents) -> str:
    first = 1
    papers, links = [], []
    for position, choice in enumerate(contents.choices, start=1):
        numbers = list(range(first, first + 1 + len(choice.paper.links)))
        first = numbers[-1] + 1
        values = {
            "number": f"{position:2}",
            "authors": blocks.authors_text(choice.paper.authors, choice.followed),
            "reason": blocks.reason_text(wording.reason(choice)),
            "notes": numbers,
        }
        papers.append(blocks.paper("txt", shape_of(contents, choice), values) + BLOCK_END)
        links.append(blocks.notes(choice.paper, numbers))
    briefs: dict[str, str] = {}
    for name, items in (("rest", contents.rest), ("near", contents.near)):
        lines = []
        for item in items:
            lines.append(blocks.brief("txt", item, page_url(item.id), [first]) + "\n")
            links.append(f"[{first}] {page_url(item.id)}\n")
            first += 1
        briefs[name] = "".join(lines)
    return blocks.frame(
        "txt",
        FrameShape.of(contents),
        {
            "dateline": typeset.wrapped(wording.dateline(contents)),
            "papers": "".join(papers),
            "rest": briefs["rest"],
            "near": briefs["near"],
            "links": "".join(links),
            "receipt": typeset.wrapped(wording.receipt(contents)),
            "next_issue": typeset.wrapped(wording.next_issue(contents)),
            "preferences_url": contents.preferences_url,
            "unsubscribe_url": contents.unsubscribe_url,
        },
    )


def render(contents: Contents, *, text_only: bool) -> Rendered:
    """Subject, text and HTML of an issue."""
    return Rendered(subject(contents), _text(contents) + "\n", None if text_only else _html(contents))


# Gmail shows the first 102 KB of a message's HTML and hides the rest, the unsubscribe link among it.
HTML_LIMIT = 90_000
_SHORTER = (320, 160)


def fitted(contents: Contents) -> Contents:
    """The issue so that its HTML stays below `HTML_LIMIT`: shorter excerpts first, then fewer papers and the rest by title."""
    if _size(contents) < HTML_LIMIT:
        return contents
    for excerpt in _SHORTER:
        shorter = contents.shortened(excerpt, len(contents.choices))
        if _size(shorter) < HTML_LIMIT:
            return shorter
    shown = len(contents.choices) - 1
    while shown > 1 and _size(contents.shortened(_SHORTER[-1], shown)) >= HTML_LIMIT:
        shown -= 1
    return contents.shortened(_SHORTER[-1], shown)


def _size(contents: Contents) -> int:
    return len(_html(contents).encode())
