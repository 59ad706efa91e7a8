"""Vectors of what papers and readers' texts mean, from the optional extra, stored; without it there are none."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from digest import ranking
from digest.models import Paper
from digest.ranking import dense
from digest.ranking.meaning import Vectors, octets
from subscriptions.models import Interest

BATCH = 64
"""Papers whose vectors are computed and stored at a time: about a second's work."""
# Rows get their ids in the order in which they are committed, so that whoever has read up to one has missed none before it.
_LOCK = 0x5EA2C5
_TEXTS_LOCK = 0x5EA2C6
_STORE = """
INSERT INTO digest_papervector (paper_id, revision, model, octets, signs)
SELECT n.paper, n.revision, %s, n.octets, n.signs
FROM unnest(%s::bigint[], %s::int[], %s::bytea[], %s::bytea[]) AS n (paper, revision, octets, signs)
JOIN digest_paper p ON p.id = n.paper ORDER BY n.paper
ON CONFLICT (paper_id) DO UPDATE SET id = nextval(pg_get_serial_sequence('digest_papervector', 'id')),
    revision = excluded.revision, model = excluded.model, octets = excluded.octets, signs = excluded.signs
"""
# One row for all, as a row for each costs more than what stands in it.
_STORED = """
SELECT array_agg(paper_id ORDER BY paper_id), array_agg(revision ORDER BY paper_id),
    string_agg(octets, ''::bytea ORDER BY paper_id)
FROM digest_papervector WHERE paper_id = ANY(%s) AND model = %s
"""


# Rows that someone is about to change or erase are left for the next time: nobody waits for anybody.
_STORE_TEXTS = """
UPDATE subscriptions_interest interest SET meaning = n.octets, meaning_model = %s
FROM unnest(%s::bigint[], %s::bytea[]) AS n (id, octets)
WHERE interest.id = n.id AND interest.id IN (
    SELECT id FROM subscriptions_interest WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
"""


def waiting() -> int:
    """How many papers have no vector, or one of an earlier revision or model."""
    return _waiting().count()


def _waiting() -> QuerySet[Paper]:
    stands = Q(vector__revision=F("revision"), vector__model=dense.model())
    return Paper.objects.filter(merged_into=None, withdrawn_at=None).exclude(stands)


def embed_waiting(limit: int, advance: Callable[[int], None] = lambda _: None) -> int:
    """Compute and store up to `limit` vectors that are missing, those of the newest papers first.

    Returns how many: 0 without the extra, and while another process is computing. `advance` hears of each batch; what is stored
    stays stored should it be stopped.
    """
    if not dense.model():
        return 0
    done, below = 0, 2**63 - 1
    while done < limit:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return done
            papers = list(
                _waiting().filter(pk__lt=below).order_by("-pk").values_list("pk", flat=True)[: min(BATCH, limit - done)]
            )
            if not papers:
                return done
            _embed(papers)
        done += len(papers)
        below = papers[-1]
        advance(len(papers))
    return done


def _embed(papers: Sequence[int]) -> None:
    rows = Paper.objects.filter(pk__in=papers).order_by("pk").values_list("pk", "revision", "title", "abstract")
    read = [ranking.Paper(id=pk, revision=revision, title=title, abstract=abstract) for pk, revision, title, abstract in rows]
    vectors = dense.embedder().vectors([dense.text_of(paper) for paper in read])
    store([(paper.id, paper.revision) for paper in read], vectors, dense.model())


def texts_waiting() -> int:
    """How many wanted free texts have no vector of this model."""
    return _texts_waiting().count()


def _texts_waiting() -> QuerySet[Interest]:
    # Two ranges of an index, which "is not" would not use.
    other = Q(meaning_model__lt=dense.model()) | Q(meaning_model__gt=dense.model())
    return Interest.objects.filter(other, kind=Interest.Kind.TEXT, excluded=False)


def embed_texts(limit: int, advance: Callable[[int], None] = lambda _: None) -> int:
    """Compute and store up to `limit` vectors of readers' free texts that are missing, the newest first; returns how many.

    0 without the extra, and while another process is computing. Until then a text matches by its words alone.
    """
    if not dense.model():
        return 0
    done, below = 0, 2**63 - 1
    while done < limit:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TEXTS_LOCK])
            if not cursor.fetchone()[0]:
                return done
            found = dict(
                _texts_waiting().filter(pk__lt=below).order_by("-pk").values_list("pk", "value")[: min(BATCH, limit - done)]
            )
            if not found:
                return done
            different = list(dict.fromkeys(found.values()))
            vectors = dict(zip(different, octets(dense.embedder().vectors(different)), strict=True))
            ids = list(found)
            cursor.execute(_STORE_TEXTS, [dense.model(), ids, [vectors[found[each]] for each in ids], ids])
        done += len(found)
        below = min(found)
        advance(len(found))
    return done


def store(papers: Sequence[tuple[int, int]], vectors: Vectors, name: str) -> None:
    """Store one row of `vectors` for each (paper, revision); papers that are gone by now are left out."""
    numbers, signs = packed(vectors)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_STORE, [name, [paper for paper, _ in papers], [revision for _, revision in papers], numbers, signs])


def stored(papers: Iterable[int]) -> dict[tuple[int, int], Vectors]:
    """The vectors of these papers by (paper, revision), at unit length; papers without one are left out."""
    if not dense.model():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [list(papers), dense.model()])
        named, revisions, numbers = cursor.fetchone()
    if not named:
        return {}
    return dict(zip(zip(named, revisions, strict=True), unpacked(bytes(numbers)), strict=True))


def packed(vectors: Vectors) -> tuple[list[bytes], list[bytes]]:
    """Each vector as signed octets, the largest number of it as 127; and its signs, eight to an octet."""
    signs = np.packbits(vectors > 0, axis=1)
    return octets(vectors), [row.tobytes() for row in signs]


def unpacked(numbers: bytes) -> Vectors:
    """Rows of unit length from the octets of vectors, one after the other."""
    rows = np.frombuffer(numbers, np.int8).reshape(-1, dense.SIZE).astype(np.float32)
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit
