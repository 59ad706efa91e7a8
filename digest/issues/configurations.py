"""The ranking's weights in force: the highest version there is."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from digest import ranking
from digest.models import RankingConfiguration


@dataclass(frozen=True, slots=True)
class Current:
    """The row that issues name, and what the ranking takes."""

    row_id: int
    weights: ranking.Configuration


def current() -> Current:
    """The configuration in force.

    Weights mean something to the formula they were made for, so when the product's defaults have changed since the newest row
    was written (or there is none), a row of the new defaults is written over it, and says so. Older rows stay for the issues
    that name them.
    """
    row = RankingConfiguration.objects.order_by("-version").first()
    if row is None or row.weights.get("defaults") != ranking.DEFAULTS:
        row, _ = RankingConfiguration.objects.get_or_create(
            version=row.version + 1 if row else 1,
            defaults={"weights": ranking.Configuration().as_json(), "note": _note(row)},
        )
    return Current(row.pk, read(row))


def _note(before: RankingConfiguration | None) -> str:
    return f"defaults {ranking.DEFAULTS}" + (f", in place of version {before.version}" if before else "")


def read(row: RankingConfiguration) -> ranking.Configuration:
    """The weights of a stored version; ranking.BadConfiguration names what it cannot read."""
    return ranking.Configuration.from_json({**row.weights, "version": row.version})


def adopt(weights: ranking.Configuration, note: str, now: dt.datetime) -> RankingConfiguration:
    """Put weights in force, as a new version with a note. Going back is adopting an old version's weights again.

    Issues that were published before keep the version they name. ranking.BadConfiguration for weights of an older formula.
    """
    if weights.defaults != ranking.DEFAULTS:
        raise ranking.BadConfiguration(
            f"These weights were made for formula {weights.defaults}; {ranking.DEFAULTS} is in use. Begin with those in force."
        )
    with transaction.atomic():
        newest = RankingConfiguration.objects.select_for_update().order_by("-version").first()
        version = newest.version + 1 if newest else 1
        return RankingConfiguration.objects.create(
            version=version, weights={**weights.as_json(), "version": version}, note=note[:500], created_at=now
        )
