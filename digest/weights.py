"""The ranking's weights in force, for reading: the newest row, as long as it was made for the formula in use."""

from digest import ranking
from digest.models import RankingConfiguration


def newest() -> RankingConfiguration | None:
    """The newest row; None where there is none, or where it was made for another formula: it means nothing to this one."""
    row = RankingConfiguration.objects.order_by("-version").first()
    return row if row and row.weights.get("defaults") == ranking.DEFAULTS else None


def read(row: RankingConfiguration) -> ranking.Configuration:
    """The weights of a stored version; ranking.BadConfiguration names what it cannot read."""
    return ranking.Configuration.from_json({**row.weights, "version": row.version})


def in_force() -> ranking.Configuration:
    """What ranks now. Before anything was published, or between an upgrade and the first publishing after it, the defaults that
    will be in force serve; nothing is written."""
    row = newest()
    return read(row) if row else ranking.Configuration()
