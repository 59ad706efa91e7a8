"""What a digest would hold, before anybody has asked for one: ranked as issues are, and nothing is written."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from digest import corpus, papers, ranking, weights
from digest.models import Paper
from digest.ranking import dense
from subscriptions.interests import Wishes
from subscriptions.models import Interest, Topic

_REACH = dt.timedelta(days=7)
_KEPT_FOR = dt.timedelta(minutes=10)
"""How long the papers of a window, once read and indexed, serve other previews of the same process."""


@dataclass(frozen=True)
class Shown:
    """A paper and why it would be there."""

    paper: Paper
    reasons: tuple[str, ...]
    surprise: bool


@dataclass(frozen=True)
class Preview:
    """What would be shown of the `considered` papers of the week, `matched` of them in what was asked for.

    `trending` says that nothing was asked for, so that it goes by what is trending.
    """

    shown: Sequence[Shown]
    considered: int
    matched: int
    trending: bool


def preview(wishes: Wishes, size: int, minutes: int | None, now: dt.datetime) -> Preview:
    """This week's digest for these wishes: at most `size` papers and, if given, so many minutes of reading.

    ValueError for a size below 1.
    """
    slate = _slate(_bucket(now), _interests(wishes), size, minutes or 0)
    rows = Paper.objects.prefetch_related("topics").in_bulk([choice.paper for choice in slate.choices])
    shown = [
        Shown(rows[choice.paper], tuple(reason.text for reason in choice.reasons), choice.slot == "serendipity")
        for choice in slate.choices
        if choice.paper in rows
    ]
    return Preview(shown, slate.considered, slate.matched, slate.trending_only)


def _bucket(now: dt.datetime) -> dt.datetime:
    return dt.datetime.fromtimestamp(now.timestamp() // _KEPT_FOR.total_seconds() * _KEPT_FOR.total_seconds(), dt.UTC)


def _interests(wishes: Wishes) -> tuple[ranking.Interest, ...]:
    slugs = dict.fromkeys((*wishes.topics, *wishes.excluded_topics))
    names = dict(Topic.objects.filter(slug__in=slugs).values_list("slug", "name"))
    stated = [(Interest.Kind.TOPIC.value, slug, names[slug], slug in wishes.excluded_topics) for slug in slugs if slug in names]
    stated += [(kind, value, value, excluded) for kind, value, excluded in wishes.values()]
    return tuple(
        # A handle that leads nowhere: only what has one can be a reason.
        ranking.Interest(f"interest:{place}", kind, value, label, excluded, _vector(kind, value, excluded))
        for place, (kind, value, label, excluded) in enumerate(stated)
    )


def _vector(kind: str, value: str, excluded: bool) -> bytes:
    return dense.octets_of_text(value) if kind == Interest.Kind.TEXT and not excluded else b""


@lru_cache(maxsize=256)
def _slate(until: dt.datetime, interests: tuple[ranking.Interest, ...], size: int, minutes: int) -> ranking.Slate:
    since = (until - _REACH).timestamp()
    profile = ranking.Profile(key=0, interests=interests, size=size, minutes=float(minutes), listed_from=since)
    (slate,) = _prepared(until).rank([profile])
    return slate


@lru_cache(maxsize=1)
def _prepared(until: dt.datetime) -> ranking.Prepared:
    # What came since the bucket began belongs to this week too.
    found = papers.candidates(until - _REACH, until + _KEPT_FOR).papers
    learned = corpus.current()
    return ranking.prepare(found, weights.in_force(), until.timestamp(), learned.model if learned else None)


def forget() -> None:
    """Read the papers anew with the next preview."""
    _slate.cache_clear()
    _prepared.cache_clear()
