"""The ranking's weights in force: the highest version there is."""

from dataclasses import dataclass

from digest import ranking
from digest.models import RankingConfiguration


@dataclass(frozen=True, slots=True)
class Current:
    """The row that issues name, and what the ranking takes."""

    row_id: int
    weights: ranking.Configuration


def current() -> Current:
    """The configuration in force; version 1, with the ranking's own defaults, is written when there is none."""
    row = RankingConfiguration.objects.order_by("-version").first()
    if row is None:
        row, _ = RankingConfiguration.objects.get_or_create(
            version=1, defaults={"weights": ranking.Configuration().as_json(), "note": "the defaults"}
        )
    return Current(row.pk, read(row))


def read(row: RankingConfiguration) -> ranking.Configuration:
    """The weights of a stored version; ranking.BadConfiguration names what it cannot read."""
    return ranking.Configuration.from_json({**row.weights, "version": row.version})
