"""Papers that turned out to be one: everything moves to the one that stays, and the others remain as pointers to it."""

from django.db import connection

# Rows that would stand twice are combined or dropped.
_MOVES = """
INSERT INTO digest_appearance (paper_id, source_id, url, submitter, announced_at, first_seen_at, upvotes)
    SELECT %(keep)s, source_id, min(url), max(submitter), min(announced_at), min(first_seen_at), max(upvotes)
    FROM digest_appearance WHERE paper_id = ANY(%(gone)s) GROUP BY source_id
    ON CONFLICT (paper_id, source_id) DO UPDATE SET
        announced_at = least(digest_appearance.announced_at, excluded.announced_at),
        first_seen_at = least(digest_appearance.first_seen_at, excluded.first_seen_at),
        upvotes = greatest(digest_appearance.upvotes, excluded.upvotes);
DELETE FROM digest_appearance WHERE paper_id = ANY(%(gone)s);

INSERT INTO digest_paperversion (paper_id, number, title_source, abstract_source, announced_at)
    SELECT DISTINCT ON (number) %(keep)s, number, title_source, abstract_source, announced_at
    FROM digest_paperversion WHERE paper_id = ANY(%(gone)s) ORDER BY number, announced_at
    ON CONFLICT (paper_id, number) DO NOTHING;
DELETE FROM digest_paperversion WHERE paper_id = ANY(%(gone)s);

INSERT INTO digest_paperidentifier (paper_id, kind, value)
    SELECT DISTINCT %(keep)s::bigint, kind, value
    FROM digest_paperidentifier WHERE paper_id = ANY(%(gone)s) AND kind = 'title'
    ON CONFLICT DO NOTHING;
DELETE FROM digest_paperidentifier WHERE paper_id = ANY(%(gone)s) AND kind = 'title';
UPDATE digest_paperidentifier SET paper_id = %(keep)s WHERE paper_id = ANY(%(gone)s);

INSERT INTO digest_upvote (paper_id, subscriber_id, created_at)
    SELECT %(keep)s, subscriber_id, min(created_at)
    FROM digest_upvote WHERE paper_id = ANY(%(gone)s) GROUP BY subscriber_id
    ON CONFLICT DO NOTHING;
DELETE FROM digest_upvote WHERE paper_id = ANY(%(gone)s);

INSERT INTO digest_pick (paper_id, editor_id, note, created_at)
    SELECT DISTINCT ON (editor_id) %(keep)s, editor_id, note, created_at
    FROM digest_pick WHERE paper_id = ANY(%(gone)s) ORDER BY editor_id, created_at
    ON CONFLICT DO NOTHING;
DELETE FROM digest_pick WHERE paper_id = ANY(%(gone)s);

INSERT INTO digest_feedback (paper_id, subscription_id, vote, created_at)
    SELECT %(keep)s, subscription_id, vote, min(created_at)
    FROM digest_feedback WHERE paper_id = ANY(%(gone)s) GROUP BY subscription_id, vote
    ON CONFLICT DO NOTHING;
DELETE FROM digest_feedback WHERE paper_id = ANY(%(gone)s);

DELETE FROM digest_papertopic WHERE paper_id = ANY(%(gone)s);

UPDATE digest_paper SET merged_into_id = %(keep)s WHERE merged_into_id = ANY(%(gone)s) OR id = ANY(%(gone)s);
"""


def merge(keep: int, gone: set[int]) -> None:
    """Move all that hangs on the papers `gone` to `keep`, within the caller's transaction, which holds their rows.

    The wording, dates, counts and links of the papers themselves are combined by `rows.update`, which follows the pointers.
    """
    parameters: dict[str, int | list[int]] = {"keep": keep, "gone": sorted(gone)}
    with connection.cursor() as cursor:
        # Stronger than the lock that storing takes: a vote being cast right now is waited for, and moves too.
        cursor.execute("SELECT id FROM digest_paper WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [parameters["gone"]])
        for move in _MOVES.split(";"):
            if move.strip():
                cursor.execute(move, parameters)


def settle() -> int:
    """Move votes that stand on papers merged away; returns how many papers they were on.

    Whoever writes a vote holds its paper first (`Paper.held`), so there are none; this finds those that something else wrote.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.merged_into_id, p.id FROM digest_paper p WHERE p.merged_into_id IS NOT NULL AND ("
            "EXISTS (SELECT 1 FROM digest_upvote u WHERE u.paper_id = p.id) OR"
            " EXISTS (SELECT 1 FROM digest_feedback f WHERE f.paper_id = p.id) OR"
            " EXISTS (SELECT 1 FROM digest_pick k WHERE k.paper_id = p.id))"
        )
        strays = cursor.fetchall()
    for keep, stray in strays:
        merge(keep, {stray})
    return len(strays)
