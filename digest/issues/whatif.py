"""What other weights would have done: the last issues of a sample of subscriptions, ranked again from what was frozen.

Nothing is written, and nobody is named: a sample is drawn by place and by a hash of the subscription's id, so that the same
question has the same answer.
"""

import datetime as dt
import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection

from digest import ranking
from digest.issues import frozen
from digest.models import Issue

PERSISTENCE = 0.9
"""Of rank-biased overlap: the chance that a reader who looked at one paper looks at the next."""
LOOKED_BACK = dt.timedelta(days=7)
MOST = 500
PLACES = 5
NEAR = 2_000
"""So many issues are looked at from each place on; some were skipped, and never ranked."""


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
    """Rank a late regular issue of up to `sample` subscriptions under its own weights and under these.

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
    """Regular issues of different subscriptions, from places spread evenly over the last week; the same for the same question.

    Ids follow time, and issues that were published together choose from the same papers, which are then prepared once: so a few
    from each place, rather than each from its own. Every place costs a look into an index, however many issues there are.
    """
    recent = Issue.objects.filter(window_end__gt=now - LOOKED_BACK, window_end__lte=now)
    ends = [recent.order_by(order).values_list("pk", flat=True).first() for order in ("window_end", "-window_end")]
    if ends[0] is None or ends[1] is None:
        return []
    first, last = sorted(each for each in ends if each is not None)
    step = max((last - first + 1) / PLACES, 1)
    starts = sorted({last + 1 - round(step * place) for place in range(1, PLACES + 1)} | {last + 1 - NEAR})
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT issue.id, issue.subscription_id FROM unnest(%s::bigint[]) start CROSS JOIN LATERAL (
                   SELECT id, subscription_id FROM (
                       SELECT id, subscription_id, kind, candidates_id, published_at, window_end FROM digest_issue
                       WHERE id >= start ORDER BY id LIMIT %s
                   ) near WHERE kind = %s AND candidates_id IS NOT NULL AND published_at <= %s AND window_end > %s
                   ORDER BY hashint8(subscription_id), id DESC LIMIT %s
               ) issue""",
            [starts, NEAR, Issue.Kind.REGULAR, now, now - LOOKED_BACK, count],
        )
        found = cursor.fetchall()
    by_subscription: dict[int, int] = {}
    for each in itertools.zip_longest(*(list(group) for group in _in_turn(found, starts))):
        for pair in filter(None, each):
            by_subscription.setdefault(pair[1], pair[0])
    chosen = list(by_subscription.values())[:count]
    return list(Issue.objects.filter(pk__in=chosen).select_related("candidates", "configuration", "delivery").order_by("pk"))


def _in_turn(found: Iterable[tuple[int, int]], starts: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Issues by the place they were found at, so that each place gives its first before any gives its second."""
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for issue, subscription in found:
        groups[bisect_right(starts, issue)].append((issue, subscription))
    return list(groups.values())


def _batches(issues: Sequence[Issue]) -> list[tuple[list[frozen.Inputs], list[Issue]]]:
    """Issues that were made from the same papers, words, weights and instant, which are prepared once for all of them."""
    alike: dict[tuple[object, ...], list[tuple[frozen.Inputs, Issue]]] = defaultdict(list)
    for issue, given in zip(issues, frozen.all_inputs(issues), strict=True):
        key = issue.candidates_id, issue.content_model_id, issue.configuration_id, issue.window_end
        alike[key].append((given, issue))
    return [([given for given, _ in group], [issue for _, issue in group]) for group in alike.values()]


def _topics(shown: tuple[Counter[int], Counter[int]], papers: Mapping[int, ranking.Paper]) -> dict[str, tuple[int, int]]:
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for count, seen in zip(counts, shown, strict=True):
        for paper, times in seen.items():
            for topic in papers[paper].topics:
                count[topic] += times
    most = sorted(counts[0] | counts[1], key=lambda topic: (-counts[0][topic] - counts[1][topic], topic))
    return {topic: (counts[0][topic], counts[1][topic]) for topic in most}
