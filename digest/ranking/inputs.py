"""What the ranking is given: papers, what is known of a reader's taste, and nothing else. Instants are epoch seconds (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as the ranking sees it. `topics` maps a topic's slug to how well the paper matches it, in (0, 1].

    `upvotes` were counted elsewhere; `votes` is the weight of those cast here, at most 1 each. `meaning` is a vector of signed
    octets, empty where none was computed; of a batch all come from one model.
    """

    id: int
    revision: int
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    topics: Mapping[str, float] = field(default_factory=dict)
    upvotes: int = 0
    votes: float = 0.0
    stars: int = 0
    appearances: int = 1
    picked: bool = False
    announced_at: float = 0.0
    listed_at: float = 0.0
    meaning: bytes = b""


@dataclass(frozen=True, slots=True)
class Interest:
    """A stated taste. `kind` is topic, category, keyword, author or text; a topic's `value` is its slug, `label` its name.

    `meaning` is the vector of the words typed, of the same model as the papers', or empty.
    """

    handle: str
    kind: str
    value: str
    label: str
    excluded: bool = False
    meaning: bytes = b""


@dataclass(frozen=True, slots=True)
class Vote:
    """An explicit vote on a paper: more, less, save or mute."""

    handle: str
    kind: str
    paper: Paper
    at: float


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is known of one subscription's taste, and how much it wants.

    Papers listed before `listed_from` are outside its window. An issue holds at most `size` papers and, when `minutes` is more
    than 0, at most so many minutes of reading (but never less than one paper).
    """

    key: int
    interests: tuple[Interest, ...] = ()
    votes: tuple[Vote, ...] = ()
    seen: frozenset[int] = frozenset()
    size: int = 12
    listed_from: float = 0.0
    minutes: float = 0.0


INTEREST_KINDS = frozenset({"topic", "category", "keyword", "author", "text"})
VOTE_KINDS = frozenset({"more", "less", "save", "mute"})
