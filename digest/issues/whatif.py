"""What other weights would have done: the last issues of a sample of subscriptions, ranked again from what was frozen.

Nothing is written, and nobody is named: a sample is drawn by a hash of the subscription's id, so that the same question has the
same answer.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import F, Func

from digest import ranking
from digest.issues import frozen
from digest.models import Issue

PERSISTENCE = 0.9
"""Of rank-biased overlap: the chance that a reader who looked at one paper looks at the next."""
LOOKED_BACK = dt.timedelta(days=35)
MOST = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """One issue under both weights: its papers in order, and how alike the two orders are (1: the same)."""

    issue: int
    subscription: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    overlap: float

    @property
    def gained(self) -> tuple[int, ...]:
        return tuple(paper for paper in self.after if paper not in self.before)

    @property
    def lost(self) -> tuple[int, ...]:
        return tuple(paper for paper in self.before if paper not in self.after)


@dataclass(frozen=True, slots=True)
class Compared:
    """The sample, most changed first. Before and after: `coverage` counts different papers shown, `topics` papers by topic."""

    issues: tuple[Changed, ...]
    overlap: float
    coverage: tuple[int, int]
    topics: Mapping[str, tuple[int, int]]

    @property
    def untouched(self) -> int:
        return sum(each.before == each.after for each in self.issues)


def compare(weights: ranking.Configuration, now: dt.datetime, sample: int, size: int | None = None) -> Compared:
    """Rank the last regular issue of up to `sample` subscriptions under their own weights and under these.

    `size`, if given, is how many papers each issue would have had at most.
    """
    changed: list[Changed] = []
    shown = (Counter[int](), Counter[int]())
    papers: dict[int, ranking.Paper] = {}
    for inputs, issues in _batches(_sample(now, min(sample, MOST))):
        profiles = [each.profile for each in inputs]
        asked = [replace(each, size=size) if size else each for each in profiles]
        first = inputs[0]
        before = first.prepared().rank(profiles)
        after = replace(first, configuration=weights).prepared().rank(asked)
        papers |= {paper.id: paper for paper in first.papers}
        for issue, old, new in zip(issues, before, after, strict=True):
            was, would = (tuple(choice.paper for choice in slate.choices) for slate in (old, new))
            shown[0].update(was)
            shown[1].update(would)
            changed.append(Changed(issue.pk, issue.subscription_id, was, would, overlap(was, would)))
    changed.sort(key=lambda each: (each.overlap, each.issue))
    mean = sum(each.overlap for each in changed) / len(changed) if changed else 1.0
    return Compared(tuple(changed), mean, (len(shown[0]), len(shown[1])), _topics(shown, papers))


def overlap(one: Sequence[int], other: Sequence[int], persistence: float = PERSISTENCE) -> float:
    """Rank-biased overlap in [0, 1] of two orders without repeats, extrapolated from where the longer one ends.

    Webber, Moffat and Zobel, "A similarity measure for indefinite rankings" (2010), equation 32. Two empty orders are alike.
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return float(not long)
    seen_short: set[int] = set()
    seen_long: set[int] = set()
    agreed = 0.0
    total = 0.0
    at_short = 0
    for depth, paper in enumerate(long, start=1):
        seen_long.add(paper)
        if depth <= len(short):
            seen_short.add(short[depth - 1])
        agreed = len(seen_short & seen_long)
        if depth == len(short):
            at_short = int(agreed)
        total += agreed / depth * persistence**depth
        if depth > len(short):
            total += at_short * (depth - len(short)) / (len(short) * depth) * persistence**depth
    rest = (agreed - at_short) / len(long) + at_short / len(short)
    return min(1.0, total * (1 - persistence) / persistence + rest * persistence ** len(long))


def _sample(now: dt.datetime, count: int) -> list[Issue]:
    """The last regular issue of some subscriptions, chosen by chance but always the same."""
    recent = Issue.objects.filter(
        kind=Issue.Kind.REGULAR, published_at__gt=now - LOOKED_BACK, published_at__lte=now, candidates__isnull=False
    )
    drawn = recent.annotate(chance=Func(F("subscription_id"), function="hashint8"))
    ids = list(drawn.order_by("chance", "subscription_id").values_list("subscription_id", "chance").distinct()[:count])
    last = (
        recent.filter(subscription_id__in=[each for each, _ in ids])
        .order_by("subscription_id", "-due_at")
        .distinct("subscription_id")
    )
    return list(last.select_related("candidates", "configuration", "delivery"))


def _batches(issues: Sequence[Issue]) -> list[tuple[list[frozen.Inputs], list[Issue]]]:
    """Issues that were made from the same papers, words, weights and instant, which are prepared once for all of them."""
    alike: dict[tuple[object, ...], list[Issue]] = defaultdict(list)
    for issue in issues:
        alike[issue.candidates_id, issue.content_model_id, issue.configuration_id, issue.window_end].append(issue)
    return [([frozen.inputs_of(issue) for issue in group], group) for group in alike.values()]


def _topics(shown: tuple[Counter[int], Counter[int]], papers: Mapping[int, ranking.Paper]) -> dict[str, tuple[int, int]]:
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for count, seen in zip(counts, shown, strict=True):
        for paper, times in seen.items():
            for topic in papers[paper].topics:
                count[topic] += times
    most = sorted(counts[0] | counts[1], key=lambda topic: (-counts[0][topic] - counts[1][topic], topic))
    return {topic: (counts[0][topic], counts[1][topic]) for topic in most}
