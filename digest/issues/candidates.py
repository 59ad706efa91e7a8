"""What a batch of issues chooses from, and what its windows hold that nobody is shown: the counts of receipts."""

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from digest import ranking
from digest.issues import shelf
from digest.issues.shelf import Listed
from digest.models import Paper, PaperVersion, SourceDay
from digest.papers.candidates import OLDEST

WITHDRAWN, OLD, VERSIONS = "withdrawn", "announced long before", "new versions"


@dataclass(frozen=True, slots=True)
class Candidates:
    """The papers of the widest window of a batch, and the instants of what was left out.

    `withdrawn` holds when each withdrawn paper was listed, `old` when each was listed and announced that may be old news,
    `versions` when each new version of a known paper was announced, `missing` the days on which a source brought nothing; all
    in order. Narrower windows are cut out of them.
    """

    listed: Listed
    withdrawn: Sequence[dt.datetime]
    old: Sequence[tuple[dt.datetime, dt.datetime]]
    versions: Sequence[dt.datetime]
    missing: Sequence[dt.date]

    def left_out(self, start: dt.datetime) -> Mapping[str, int]:
        """How many of the window from `start` are withdrawn, announced too long before it, or only new versions."""
        return {
            WITHDRAWN: len(self.withdrawn) - bisect_left(self.withdrawn, start),
            OLD: sum(listed >= start and announced < start - OLDEST for listed, announced in self.old),
            VERSIONS: len(self.versions) - bisect_left(self.versions, start),
        }

    def missing_days(self, start: dt.datetime) -> int:
        """Days of sources that did not come, in the window from `start`."""
        return len(self.missing) - bisect_left(self.missing, start.date())


def too_old(listed: Iterable[ranking.Paper], start: dt.datetime) -> frozenset[int]:
    """Papers of a wider window that are old news to the window from `start`."""
    from_, announced = start.timestamp(), (start - OLDEST).timestamp()
    return frozenset(each.id for each in listed if each.listed_at >= from_ and each.announced_at < announced)


def load(starts: Iterable[dt.datetime], end: dt.datetime) -> Candidates:
    """The candidates of all windows from one of `starts` to `end`; a handful of queries, however many windows there are."""
    first, last = min(starts), max(starts)
    listed = Paper.objects.filter(listed_at__gte=first, listed_at__lt=end, merged_into=None).order_by("listed_at")
    return Candidates(
        shelf.take(first, end),
        list(listed.exclude(withdrawn_at=None).values_list("listed_at", flat=True)),
        list(listed.filter(Q(announced_at__lt=last - OLDEST), withdrawn_at=None).values_list("listed_at", "announced_at")),
        list(
            PaperVersion.objects.filter(number__gt=1, announced_at__gte=first, announced_at__lt=end)
            .filter(paper__listed_at__lt=first, paper__merged_into=None, paper__withdrawn_at=None)
            .order_by("announced_at")
            .values_list("announced_at", flat=True)
        ),
        list(
            SourceDay.objects.filter(day__gte=first.date(), day__lte=end.date(), filled_at=None)
            .exclude(missing_since=None)
            .order_by("day")
            .values_list("day", flat=True)
        ),
    )
