"""Scores in words: the terms of one paper's score for one reader, and which of them are worth saying."""

from collections.abc import Sequence

from digest.ranking.inputs import Paper, Vote
from digest.ranking.matching import clipped
from digest.ranking.slates import Choice, Reason, Term

SMALLEST_SHARE = 0.1
"""A term below this share of the largest explains nothing."""
_VOTED = {
    "more": "which you wanted more of",
    "save": "which you saved",
    "less": "which you wanted less of",
    "mute": "which you muted",
}
TOGETHER = {
    "vote": ("votes together", "what your votes have in common"),
    "less": ("less together", "what your votes against have in common"),
}
"""What votes of one sign give only together: the term's name and words."""


def voted(vote: Vote) -> str:
    """A vote as the ground of a likeness."""
    return f"like “{clipped(vote.paper.title, 80)}”, {_VOTED[vote.kind]}"


def choice(paper: Paper, slot: str, own: list[Term], general: tuple[Term, ...], most: int) -> Choice:
    """A paper with its terms, what the reader's taste gives first and the largest first; the score is their sum.

    At most `most` of the terms are reasons.
    """
    if len(own) > 1:
        own.sort(key=_by_value)
    terms = (*own, *general)
    score = 0.0
    for term in terms:
        score += term[1]
    return Choice(paper.id, paper.revision, score, slot, terms, reasons(own, general, slot, most))


def reasons(own: Sequence[Term], general: Sequence[Term], slot: str, most: int) -> tuple[Reason, ...]:
    """The largest terms in words, each with its term's handle.

    What the reader asked for comes first; attention is mentioned when there is room; age only when nothing else can be said.
    """
    said: list[Reason] = []
    largest = 0.0
    for _, value, handle, words in own:
        if len(said) == most or value <= 0 or value < SMALLEST_SHARE * largest:
            break
        if handle:
            largest = largest or value
            said.append(Reason(words, handle))
    if not said and own and own[0].value > 0:
        said.append(Reason(own[0].words, own[0].handle))
    for term in general:
        if len(said) < most and (term.name == "trending" or not said):
            said.append(Reason(term.words, term.handle))
    if slot == "serendipity":
        return tuple(Reason(f"outside your topics, {reason.text}", reason.handle) for reason in said)
    return tuple(said)


def _by_value(term: Term) -> tuple[float, str, str]:
    return (-term.value, term.handle, term.name)
