"""What the stored papers teach the ranking about words: learned now and then, stored, and read once per process."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Exists, OuterRef

from digest import ranking
from digest.models import ContentModel, Issue, Paper

# Counts of words settle long before this many papers, and each takes some 45 kB of memory while it is read; the newest are, for
# subjects drift.
MOST = 15_000


@dataclass(frozen=True, slots=True)
class Learned:
    """A stored model: its row, and what the ranking takes."""

    row_id: int
    model: ranking.ContentModel


def learn(now: dt.datetime) -> ContentModel:
    """Learn from the newest papers and put the model in force; the row that stands when nothing has changed.

    Older models that no issue names are forgotten. What changes is how rare words are taken to be, so scores shift a little;
    once a week is often enough.
    """
    newest = Paper.objects.filter(merged_into=None, withdrawn_at=None).order_by("-listed_at", "-id")[:MOST]
    learned = ranking.ContentModel.learn(
        [
            ranking.Paper(id=id_, revision=1, title=title, abstract=abstract, keywords=tuple(keywords))
            for id_, title, abstract, keywords in newest.values_list("id", "title", "abstract", "keywords").iterator()
        ]
    )
    row, _ = ContentModel.objects.update_or_create(
        version=learned.version,
        defaults={"created_at": now},
        create_defaults={"octets": learned.to_bytes(), "documents": learned.documents, "created_at": now},
    )
    named = Issue.objects.filter(content_model=OuterRef("pk"))
    ContentModel.objects.exclude(pk=row.pk).exclude(Exists(named)).delete()
    return row


def current() -> Learned | None:
    """The model in force; None before anything was learned, when the candidates themselves serve as the corpus."""
    row_id = ContentModel.objects.order_by("-created_at", "-id").values_list("pk", flat=True).first()
    return None if row_id is None else Learned(row_id, read(row_id))


@lru_cache(maxsize=2)
def read(row_id: int) -> ranking.ContentModel:
    """The model of a row, which never changes; ContentModel.DoesNotExist, or ranking.BadModel for octets that are none."""
    return ranking.ContentModel.from_bytes(bytes(ContentModel.objects.get(pk=row_id).octets))
