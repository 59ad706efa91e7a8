"""How long a paper's place in an issue takes to read."""

from digest.ranking.inputs import Paper

WORDS_A_MINUTE = 230.0
"""Silent reading of English non-fiction: 238 words a minute on average (Brysbaert, 2019), a little less for abstracts."""
AROUND = 0.1
"""Minutes for the title, the authors and the decision whether to go on."""

SURPRISE = 1.0
"""Minutes kept free for each paper from outside a profile, which is chosen last."""


def minutes(paper: Paper) -> float:
    """Minutes to read a paper's title and abstract."""
    return AROUND + (len(paper.title.split()) + len(paper.abstract.split())) / WORDS_A_MINUTE
