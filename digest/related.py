"""Papers near another one by what they are about."""

from collections.abc import Sequence

from django.db.models import Count, F, Sum

from digest import trending
from digest.models import Paper


def related(paper: Paper, limit: int) -> Sequence[Paper]:
    """Those that share the most topics with `paper`, weighted by how well they match them; equals by date, the newest first."""
    topics = paper.paper_topics.values("topic")
    near = (
        trending.standing()
        .exclude(pk=paper.pk)
        .filter(paper_topics__topic__in=topics)
        .annotate(shared=Count("paper_topics"), weight=Sum(F("paper_topics__score")))
        .order_by("-shared", "-weight", "-announced_at", "-id")
    )
    return trending.cards(list(near.values_list("pk", flat=True)[:limit]))
