"""A whole issue rendered at once: for previews, the web, and as the measure of what fragments must add up to."""

from collections.abc import Sequence
from itertools import count

from markupsafe import Markup

from digest.issues import blocks, wording
from digest.issues.blocks import FrameShape, Shape
from digest.issues.contents import Choice, Contents, PaperText
from digest.issues.places import page_url, stop_url, vote_url
from digest.messages import Rendered, markup, typeset

BLOCK_END = "\n\n"


def shape_of(contents: Contents, choice: Choice) -> Shape:
    """The block that a choice gets in this issue."""
    return Shape(choice.paper, contents.excerpt, choice.slot, bool(choice.reasons), choice.followed, choice.interest > 0)


def subject(contents: Contents) -> str:
    """The subject: the two strongest papers and how many more."""
    first, second, more = subject_values(contents, wording.names(contents))
    return blocks.subject(blocks.folder(contents), first, second, more)


def subject_values(contents: Contents, names: Sequence[str]) -> tuple[str, str, str]:
    """What the subject's template takes: two names and a number, empty when there is none."""
    more = len(contents.choices) + len(contents.rest) - 2
    first, second = [*names, "", ""][:2]
    return first, second, str(more) if more > 0 else ""


def footnote(mark: object, url: str) -> str:
    """`[7] https://…`, a line."""
    return f"[{mark}] {url}\n"


def footnotes(paper: PaperText, mark: object, token: str, paper_id: object) -> str:
    """Where a paper's block leads: the paper, under its number its other links, and the one place from where to vote on it."""
    lines = [f"     {link.label}: {link.url}\n" for link in paper.links]
    return f"{footnote(mark, paper.url)}{''.join(lines)}     Vote: {vote_url(token, paper_id, 'more')}\n"


def words(contents: Contents) -> dict[str, str]:
    """The sentences that are about the reader."""
    return {
        "day": wording.day(contents.date.date()),
        "count": wording.count(contents),
        "topics": wording.for_topics(contents.topics),
        "preheader": wording.preheader(contents, wording.names(contents)[2:]),
        "receipt": wording.receipt(contents),
        "next_issue": wording.next_issue(contents),
        "away": wording.away(contents),
        "learned": wording.learned(contents),
    }


def tokens(contents: Contents) -> dict[str, str]:
    """The tokens of the frame's links."""
    return {name: getattr(contents, name) for name in blocks.TOKENS}


def _frame_shape(contents: Contents) -> FrameShape:
    return FrameShape.of(contents, has_stops=any(choice.interest for choice in contents.choices))


def _not_shown(contents: Contents) -> tuple[PaperText, ...]:
    return tuple(each.paper for each in contents.rest)


def _html(contents: Contents) -> str:
    papers = "".join(
        blocks.paper(
            "html",
            shape_of(contents, choice),
            {
                "reason": blocks.reason_html(wording.reason(choice.reasons)),
                "token": contents.message_token,
                "interest": choice.interest,
            },
        )
        for choice in contents.choices
    )

    def briefs(items: tuple[PaperText, ...]) -> Markup:
        return Markup("".join(blocks.brief("html", each, page_url(each.id)) for each in items))  # noqa: S704 - rendered escaped

    return markup.inlined(
        blocks.frame(
            "html",
            _frame_shape(contents),
            {
                **words(contents),
                "papers": Markup(papers),  # noqa: S704 - rendered escaped
                "rest": briefs(_not_shown(contents)),
                "near": briefs(contents.near),
                **tokens(contents),
            },
        )
    )


def _text(contents: Contents) -> str:
    papers, links = [], []
    notes = count(1)
    for choice in contents.choices:
        note = next(notes)
        values = {
            "number": f"{note:2}",
            "reason": blocks.reason_text(wording.reason(choice.reasons)),
            "note": note,
            "token": contents.message_token,
        }
        papers.append(blocks.paper("txt", shape_of(contents, choice), values) + BLOCK_END)
        links.append(footnotes(choice.paper, note, contents.message_token, choice.paper.id))
    briefs: dict[str, str] = {}
    for name, items in (("rest", _not_shown(contents)), ("near", contents.near)):
        lines = []
        for item, note in zip(items, notes, strict=False):
            lines.append(blocks.brief("txt", item, page_url(item.id), note) + "\n")
            links.append(footnote(note, page_url(item.id)))
        briefs[name] = "".join(lines)
    stops = []
    for (interest, sentence), note in zip(wording.stops(contents.choices).items(), notes, strict=False):
        stops.append(blocks.stop_text(sentence, note))
        links.append(footnote(note, stop_url(contents.message_token, interest)))
    return blocks.frame(
        "txt",
        _frame_shape(contents),
        {
            **{name: typeset.wrapped(sentence) for name, sentence in words(contents).items()},
            "papers": "".join(papers),
            "rest": briefs["rest"],
            "near": briefs["near"],
            "links": "".join(links),
            "stops": "".join(stops),
            **tokens(contents),
        },
    )


def render(contents: Contents, *, text_only: bool) -> Rendered:
    """Subject, text and HTML of an issue."""
    return Rendered(subject(contents), _text(contents) + "\n", None if text_only else _html(contents))
