"""New versions of papers that a reader saved: the one case in which a paper comes again."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from django.db.models import Max

from digest import ranking
from digest.feedback import Taste
from digest.issues.history import NOT_SENT
from digest.models import Feedback, Issue, PaperVersion
from digest.papers.candidates import OLDEST


def latest_versions(paper_ids: Iterable[int]) -> Mapping[int, int]:
    """The highest version of each paper that has any."""
    rows = PaperVersion.objects.filter(paper_id__in=list(paper_ids)).values_list("paper_id").annotate(Max("number"))
    return dict(rows)


def due(
    tastes: Mapping[int, Taste], voted: Mapping[int, ranking.Paper], since: dt.datetime, now: dt.datetime
) -> Mapping[int, Mapping[int, ranking.Paper]]:
    """By subscription, the saved papers that have a version its reader has not been shown, as papers listed at `now`.

    `voted` are the papers of all votes of these tastes.

    A version counts until it was shown, however late it became known here, unless it was announced more than 14 days before
    `since`, where the batch's widest window starts.
    """
    saved = {
        id_: {vote.paper_id: vote.at for vote in taste.votes if vote.kind == Feedback.Vote.SAVE}
        for id_, taste in tastes.items()
    }
    fresh = _announced({paper for each in saved.values() for paper in each}, since - OLDEST)
    if not fresh:
        return {}
    shown = _shown([id_ for id_, each in saved.items() if each.keys() & fresh.keys()], fresh)
    unseen = {
        id_: [
            paper
            for paper, at in each.items()
            if any(_unseen(shown.get((id_, paper)), number, announced, at) for number, announced in fresh.get(paper, ()))
        ]
        for id_, each in saved.items()
    }
    at = now.timestamp()
    return {id_: {each: replace(voted[each], listed_at=at) for each in wanted} for id_, wanted in unseen.items() if wanted}


def _unseen(shown: int | None, number: int, announced: dt.datetime, saved: dt.datetime) -> bool:
    """Whether a version is news: later than the one that was shown or, where none was recorded, announced after the save."""
    return number > shown if shown is not None else announced > saved


def _announced(paper_ids: Collection[int], after: dt.datetime) -> Mapping[int, Sequence[tuple[int, dt.datetime]]]:
    """The later versions of these papers that were announced after an instant: number and instant."""
    found: dict[int, list[tuple[int, dt.datetime]]] = {}
    rows = PaperVersion.objects.filter(paper_id__in=list(paper_ids), number__gt=1, announced_at__gte=after)
    standing = rows.filter(paper__withdrawn_at=None, paper__merged_into=None)
    for paper_id, number, announced_at in standing.values_list("paper_id", "number", "announced_at"):
        found.setdefault(paper_id, []).append((number, announced_at))
    return found


def _shown(subscription_ids: Collection[int], paper_ids: Iterable[int]) -> Mapping[tuple[int, int], int]:
    """The highest version of each paper that each subscription's issues have shown; papers without versions are left out."""
    shown: dict[tuple[int, int], int] = {}
    issues = Issue.objects.filter(subscription_id__in=subscription_ids, paper_ids__overlap=list(paper_ids))
    for subscription_id, versions in issues.exclude(delivery__state__in=NOT_SENT).values_list("subscription_id", "versions"):
        for paper, number in versions.items():
            key = (subscription_id, int(paper))
            shown[key] = max(shown.get(key, 1), number)
    return shown
