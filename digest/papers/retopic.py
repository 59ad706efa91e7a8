"""Papers matched anew when topics changed."""

from collections.abc import Iterable

from django.db import transaction

from digest.models import Paper
from digest.papers import rows
from digest.papers.storing import topic_matcher

_BATCH = 1000


def retopic(papers: Iterable[int] | None = None) -> int:
    """Give the papers (all of them, when none are named) the topics that match now; returns how many were matched."""
    matcher = topic_matcher()
    ids = list(papers) if papers is not None else list(Paper.objects.filter(merged_into=None).values_list("id", flat=True))
    matched = 0
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        with transaction.atomic():
            found = Paper.objects.filter(id__in=batch, merged_into=None).order_by("id").select_for_update(no_key=True)
            scores = {
                pk: matcher.match(title, abstract, categories, keywords)
                for pk, title, abstract, categories, keywords in found.values_list(
                    "id", "title", "abstract", "categories", "keywords"
                )
            }
            rows.replace_topics(scores)
            matched += len(scores)
    return matched
