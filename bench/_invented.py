"""Papers for measuring speed: as many as wanted, with the words of real ones."""

import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from digest.ranking import Paper


def invented(papers: Sequence[Paper], count: int, seed: int = 1) -> list[Paper]:
    """`count` papers of real lengths, with words that follow each other as they do in the given papers.

    Each text is a walk over them (a chain of order one), so that single words and pairs are the real ones and longer phrases
    are mostly new, as they are in a larger corpus.
    """
    chance = random.Random(seed)
    followers: dict[str, list[str]] = defaultdict(list)
    for paper in papers:
        for word, following in pairwise(f"{paper.title}. {paper.abstract}".split()):
            followers[word].append(following)
    starts = [paper.title.split()[0] for paper in papers if paper.title.split()]
    last = max(paper.listed_at for paper in papers)
    made = []
    for number in range(1, count + 1):
        like = chance.choice(papers)
        title = _walk(followers, chance.choice(starts), len(like.title.split()), chance)
        abstract = _walk(followers, title[-1], len(like.abstract.split()), chance)
        upvotes = int(chance.paretovariate(1.2))
        text = (" ".join(title), " ".join(abstract))
        made.append(Paper(number, 1, *text, like.authors, upvotes=upvotes, announced_at=last, listed_at=last))
    return made


def _walk(followers: dict[str, list[str]], start: str, length: int, chance: random.Random) -> list[str]:
    walk = [start]
    while len(walk) < length:
        following = followers.get(walk[-1])
        walk.append(chance.choice(following) if following else start)
    return walk
