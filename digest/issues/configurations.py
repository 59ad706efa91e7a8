"""The ranking's weights in force, as publishing needs them: a row that issues can name."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from digest import ranking
from digest.models import RankingConfiguration
from digest.weights import newest, read

__all__ = ["Current", "adopt", "current", "read"]


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
    row = newest()
    if row is None:
        before = RankingConfiguration.objects.order_by("-version").first()
        row, _ = RankingConfiguration.objects.get_or_create(
            version=before.version + 1 if before else 1,
            defaults={"weights": ranking.Configuration().as_json(), "note": _note(before)},
        )
    return Current(row.pk, read(row))


def _note(before: RankingConfiguration | None) -> str:
    return f"defaults {ranking.DEFAULTS}" + (f", in place of version {before.version}" if before else "")


def adopt(weights: ranking.Configuration, note: str, now: dt.datetime) -> RankingConfiguration:
    """Put weights in force, as a new version with a note. Going back is adopting an old version's weights again.

    Issues that were published before keep the version they name. ranking.BadConfiguration for weights of an older formula.
    """
    if weights.defaults != ranking.DEFAULTS:
        raise ranking.BadConfiguration(
            f"These weights were made for formula {weights.defaults}; {ranking.DEFAULTS} is in use. Begin with those in force."
        )
    with transaction.atomic():
        latest = RankingConfiguration.objects.select_for_update().order_by("-version").first()
        version = latest.version + 1 if latest else 1
        return RankingConfiguration.objects.create(
            version=version, weights={**weights.as_json(), "version": version}, note=note[:500], created_at=now
        )
