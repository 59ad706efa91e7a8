"""A whole issue rendered at once: for previews, the web, and as the measure of what fragments must add up to."""

from collections.abc import Sequence

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
    first, second, more = subject_values(contents)
    return blocks.subject(blocks.folder(contents), first, second, more)


def subject_values(contents: Contents) -> tuple[str, str, str]:
    """What the subject's template takes: two names and a number, empty when there is none."""
    names = [*wording.strongest(contents), "", ""]
    more = len(contents.choices) + len(contents.rest) - 2
    return names[0], names[1], str(more) if more > 0 else ""


def footnote(mark: object, url: str) -> str:
    """`[7] https://…`, a line."""
    return f"[{mark}] {url}\n"


def footnotes(paper: PaperText, marks: Sequence[object], token: str) -> list[str]:
    """The footnotes of a paper's block in its order: the paper, its links, and the one place from where to vote on it."""
    urls = (paper.url, *(link.url for link in paper.links), vote_url(token, paper.id, "more"))
    return [footnote(mark, url) for mark, url in zip(marks, urls, strict=False)]


def words(contents: Contents) -> dict[str, str]:
    """The sentences that are about the reader."""
    return {
        "preheader": wording.preheader(contents),
        "dateline": wording.dateline(contents),
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


def _html(contents: Contents) -> str:
    papers = "".join(
        blocks.paper(
            "html",
            shape_of(contents, choice),
            {
                "reason": blocks.reason_html(wording.reason(choice)),
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
                "subject": subject(contents),
                **words(contents),
                "papers": Markup(papers),  # noqa: S704 - rendered escaped
                "rest": briefs(contents.rest),
                "near": briefs(contents.near),
                **tokens(contents),
            },
        )
    )


def _text(contents: Contents) -> str:
    first = 1
    papers, links = [], []
    for position, choice in enumerate(contents.choices, start=1):
        numbers = list(range(first, first + 2 + len(choice.paper.links)))
        first = numbers[-1] + 1
        values = {
            "number": f"{position:2}",
            "reason": blocks.reason_text(wording.reason(choice)),
            "notes": numbers,
            "token": contents.message_token,
        }
        papers.append(blocks.paper("txt", shape_of(contents, choice), values) + BLOCK_END)
        links += footnotes(choice.paper, numbers, contents.message_token)
    briefs: dict[str, str] = {}
    for name, items in (("rest", contents.rest), ("near", contents.near)):
        lines = []
        for item in items:
            lines.append(blocks.brief("txt", item, page_url(item.id), [first]) + "\n")
            links.append(footnote(first, page_url(item.id)))
            first += 1
        briefs[name] = "".join(lines)
    stops = []
    for interest, sentence in wording.stops(contents.choices).items():
        stops.append(blocks.stop_text(sentence, first))
        links.append(footnote(first, stop_url(contents.message_token, interest)))
        first += 1
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
