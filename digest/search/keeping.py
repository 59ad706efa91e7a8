"""What search reads of the papers, kept in step with them: each change left a note, and this reads the papers it names."""

from dataclasses import dataclass

from django.db import connection, transaction

from digest.search.reading import APART

BATCH = 500
# One reader of notes at a time: of two, the one that began earlier could write last.
LOCK = 0x5EA2C4

_TAKE = (
    "DELETE FROM digest_searchpending WHERE id IN (SELECT id FROM digest_searchpending ORDER BY id LIMIT %s) RETURNING paper_id"
)

_DROP = """
DELETE FROM digest_papersearch s USING digest_paper p
WHERE s.paper_id = ANY(%(papers)s) AND p.id = s.paper_id AND (p.merged_into_id IS NOT NULL OR p.withdrawn_at IS NOT NULL)
"""

# Only papers that were never read before are counted: how often a word is used need not be exact.
_COUNT = """
INSERT INTO digest_searchword (word, papers)
SELECT word, count(*) FROM digest_paper p, unnest(tsvector_to_array(to_tsvector('digest_names', translate(
    p.title || ' ' || p.abstract || ' ' || array_to_string(p.keywords, ' ') || ' ' || array_to_string(p.authors, ' '),
    %(apart)s, %(spaces)s)))) AS word
WHERE p.id = ANY(%(papers)s) AND p.merged_into_id IS NULL AND p.withdrawn_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM digest_papersearch s WHERE s.paper_id = p.id) AND word ~ '^[[:alpha:]][[:alnum:]]{1,39}$'
GROUP BY word ORDER BY word
ON CONFLICT (word) DO UPDATE SET papers = digest_searchword.papers + excluded.papers
"""

# "LLaMA3" is found under "llama" as well. Weights: title A, key terms and topics B, authors C, abstract D.
_READ = """
INSERT INTO digest_papersearch (paper_id, title, document)
SELECT id, title, setweight(title, 'A') || setweight(to_tsvector('digest_prose', subjects), 'B')
    || setweight(to_tsvector('digest_names', names), 'C') || setweight(to_tsvector('digest_prose', abstract), 'D')
FROM (
    SELECT p.id, translate(p.abstract, %(apart)s, %(spaces)s) AS abstract,
        translate(array_to_string(p.authors, ' '), %(apart)s, %(spaces)s) AS names,
        translate(array_to_string(p.keywords, ' ') || ' ' || coalesce((
            SELECT string_agg(t.name, ' ') FROM digest_papertopic pt JOIN subscriptions_topic t ON t.id = pt.topic_id
            WHERE pt.paper_id = p.id), ''), %(apart)s, %(spaces)s) AS subjects,
        to_tsvector('digest_prose', translate(p.title, %(apart)s, %(spaces)s)) || CASE WHEN p.title ~ '[[:alpha:]][0-9]'
            THEN to_tsvector('digest_prose', regexp_replace(translate(p.title, %(apart)s, %(spaces)s),
                '([[:alpha:]])([0-9])', '\\1 \\2', 'g')) ELSE '' END AS title
    FROM digest_paper p WHERE p.id = ANY(%(papers)s) AND p.merged_into_id IS NULL AND p.withdrawn_at IS NULL ORDER BY p.id
) read
ON CONFLICT (paper_id) DO UPDATE SET title = excluded.title, document = excluded.document
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The papers that were read anew, and whether notes are left."""

    papers: tuple[int, ...]
    more: bool


def refresh(limit: int = BATCH) -> Refreshed:
    """Read up to `limit` notes and the papers they name, in one transaction; nothing when another process is reading notes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return Refreshed((), more=False)
        cursor.execute(_TAKE, [limit])
        notes = [paper for (paper,) in cursor.fetchall()]
        papers = sorted(set(notes))
        read(papers)
    return Refreshed(tuple(papers), len(notes) >= limit)


def refresh_all() -> int:
    """Read every note there is; returns how many papers were read anew."""
    read = 0
    while True:
        refreshed = refresh()
        read += len(refreshed.papers)
        if not refreshed.more:
            return read


def note_all() -> None:
    """Note every paper as changed, as after a change of topics' names."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO digest_searchpending (paper_id) SELECT id FROM digest_paper ORDER BY id")


def read(papers: list[int]) -> None:
    """Read these papers, whether anything of them changed or not, within the caller's transaction."""
    if not papers:
        return
    parameters: dict[str, list[int] | str] = {"papers": papers, "apart": APART, "spaces": " " * len(APART)}
    with connection.cursor() as cursor:
        cursor.execute(_DROP, parameters)
        cursor.execute(_COUNT, parameters)
        cursor.execute(_READ, parameters)
