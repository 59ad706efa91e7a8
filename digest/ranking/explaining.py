"""Scores in words: the terms of one paper's score for one reader, and which of them are worth saying."""

from operator import itemgetter

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


class General:
    """What a paper scores with everyone: its terms, their sum, and the reason they make when there is room, or nothing else."""

    __slots__ = ("otherwise", "score", "talked_of", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.score = sum(term.value for term in terms)
        self.talked_of = tuple(Reason(term.words, term.handle) for term in terms if term.name == "trending")
        self.otherwise = self.talked_of or tuple(Reason(term.words, term.handle) for term in terms[:1])


def choice(paper: Paper, slot: str, own: list[Term], general: General, most: int) -> Choice:
    """A paper with its terms, what the reader's taste gives first and the largest first; the score is their sum.

    At most `most` of the terms are reasons: what the reader asked for comes first; attention is mentioned when there is room;
    age only when nothing else can be said.
    """
    score = general.score
    if not own:
        said = general.otherwise[:most]
        if slot == "serendipity":
            said = tuple([Reason(f"outside your topics, {text}", handle) for text, handle in said])
        return Choice(paper.id, paper.revision, score, slot, general.terms, said)
    if len(own) > 1:
        own.sort(key=_VALUE, reverse=True)
    reasons: list[Reason] = []
    least = 0.0
    for _, value, handle, words in own:
        score += value
        if value > least and handle and len(reasons) < most:
            reasons.append(Reason(words, handle))
            least = least or SMALLEST_SHARE * value
    if not reasons and own[0].value > 0:
        reasons.append(Reason(own[0].words, own[0].handle))
    if len(reasons) < most:
        reasons += general.talked_of if reasons else general.otherwise
    return Choice(paper.id, paper.revision, score, slot, (*own, *general.terms), tuple(reasons))


_VALUE = itemgetter(1)
