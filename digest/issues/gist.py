"""What an issue's message says, but for the texts of its papers, frozen in the form that composing reads fastest.

The slate beside it holds every term of every score, ten times what a message needs of it. The gist is JSON in a fixed order:

    [[paper, revision, slot, interest, [reason, …]], …], [near miss, …], [topic, …],
    new papers, missing days, trending only, away since, {vote: count}
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

_INTEREST = "interest:"


class Gist(NamedTuple):
    """`choices` as above; `interest` in them is the id of the interest that a reader can stop, or 0.

    `new` counts the papers the issue chose from; `away_since` is an ISO date, or empty; `learned` counts the votes since the
    last issue.
    """

    choices: Sequence[Sequence[Any]]
    near: Sequence[int]
    topics: Sequence[str]
    new: int
    missing_days: int
    trending_only: bool
    away_since: str
    learned: Mapping[str, int]


def write(slate: Iterable[Mapping[str, Any]], receipt: Mapping[str, Any]) -> str:
    """The gist of a slate as it is frozen, and of its receipt."""
    return _written(
        [
            (
                each["paper"],
                each["revision"],
                each["slot"],
                _interest(reason["handle"] for reason in each["reasons"]),
                [reason["text"] for reason in each["reasons"]],
            )
            for each in slate
        ],
        receipt,
    )


def read(text: str) -> Gist:
    """What `write` wrote."""
    return Gist(*orjson.loads(text))


def _written(choices: list[tuple[Any, ...]], receipt: Mapping[str, Any]) -> str:
    considered: int = receipt.get("considered", 0)
    # A reader without topics is told of all that was new, for there was nothing to match it with.
    everything = receipt.get("trending_only") or not receipt.get("topics")
    return orjson.dumps(
        # orjson takes a plain tuple for a list, and no named one.
        tuple(
            Gist(
                choices=choices,
                near=[each["paper"] for each in receipt.get("near_misses", ())],
                topics=receipt.get("topics", ()),
                new=considered if everything else receipt.get("matched", considered),
                missing_days=receipt.get("missing_days", 0),
                trending_only=bool(receipt.get("trending_only")),
                away_since=receipt.get("away_since") or "",
                learned=receipt.get("learned", {}),
            )
        )
    ).decode()


def _interest(handles: Iterable[str]) -> int:
    return next((int(each.removeprefix(_INTEREST)) for each in handles if each.startswith(_INTEREST)), 0)
