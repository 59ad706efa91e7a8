"""A small familiar cast: invented papers, and makers of interests, votes and profiles."""

from collections.abc import Mapping

from digest.ranking import Interest, Paper, Profile, Vote

DAY = 86_400.0
NOW = 1_773_640_800.0  # Monday 16 March 2026, 06:00 UTC


def paper(
    number: int,
    title: str,
    abstract: str = "",
    *,
    days_old: float = 2.0,
    topics: Mapping[str, float] | None = None,
    authors: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    upvotes: int = 0,
    stars: int = 0,
    picked: bool = False,
    appearances: int = 1,
) -> Paper:
    at = NOW - days_old * DAY
    return Paper(
        id=number,
        revision=1,
        title=title,
        abstract=abstract,
        authors=authors,
        categories=categories,
        topics=topics or {},
        upvotes=upvotes,
        stars=stars,
        appearances=appearances,
        picked=picked,
        announced_at=at,
        listed_at=at,
    )


KOOPMAN = paper(
    1,
    "Koopman operators for chaotic flows",
    "We learn a Koopman operator from trajectories of a chaotic flow. The spectrum predicts its long-term statistics.",
    authors=("Ada Moreau", "Yann LeCun"),
    categories=("math.DS", "cs.LG"),
    upvotes=3,
)
KOOPMAN_CONTROL = paper(
    2,
    "Linear predictors of nonlinear control systems",
    "A Koopman operator lifts the dynamics of a nonlinear plant into a linear space, where control is easy.",
    authors=("Igor Mezic",),
    categories=("eess.SY",),
    topics={"control": 0.8},
    upvotes=8,
)
AGB = paper(
    3,
    "Mass loss of AGB stars in the Magellanic Clouds",
    "Dust-driven winds of asymptotic giant branch stars are measured in the infrared.",
    authors=("Élodie Núñez",),
    categories=("astro-ph.SR",),
    upvotes=1,
)
AGB_DUST = paper(
    4,
    "Silicate dust around AGB stars",
    "Silicate features of AGB stars trace the dust of their winds.",
    categories=("astro-ph.SR",),
)
REINFORCEMENT = paper(
    5,
    "Skill learning with multiple critics",
    "Reinforcement learning of robotic skills by an actor with several critics.",
    categories=("cs.RO", "cs.LG"),
    topics={"reinforcement-learning": 0.9, "robot-learning": 0.7},
    upvotes=40,
)
POPULAR = paper(
    6,
    "A very large language model",
    "We train a language model on the whole web.",
    upvotes=420,
    stars=9000,
    categories=("cs.CL",),
)
DIFFUSION = paper(7, "Video diffusion without flicker", "A diffusion model of video.", upvotes=60, categories=("cs.CV",))
OLD = paper(8, "Koopman modes of the heart", "A Koopman operator of cardiac rhythm.", days_old=20.0)

EVERYONE = (KOOPMAN, KOOPMAN_CONTROL, AGB, AGB_DUST, REINFORCEMENT, POPULAR, DIFFUSION)


def keyword(value: str, number: int = 1, *, excluded: bool = False) -> Interest:
    return Interest(f"interest:{number}", "keyword", value, value, excluded)


def topic(slug: str, name: str, number: int = 1, *, excluded: bool = False) -> Interest:
    return Interest(f"interest:{number}", "topic", slug, name, excluded)


def interest(kind: str, value: str, number: int = 1, *, excluded: bool = False) -> Interest:
    return Interest(f"interest:{number}", kind, value, value, excluded)


def vote(kind: str, voted: Paper, number: int = 1, *, days_ago: float = 3.0) -> Vote:
    return Vote(f"vote:{number}", kind, voted, NOW - days_ago * DAY)


def profile(*known: Interest | Vote, size: int = 12, seen: frozenset[int] = frozenset(), days: float = 7.0) -> Profile:
    return Profile(
        key=1,
        interests=tuple(item for item in known if isinstance(item, Interest)),
        votes=tuple(item for item in known if isinstance(item, Vote)),
        seen=seen,
        size=size,
        listed_from=NOW - days * DAY,
    )
