"""A list of many people with its history, made inside PostgreSQL: a million readers and twelve million deliveries in minutes.

Rows are made by `INSERT ... SELECT generate_series`, which copies nothing through a client; triggers and foreign keys rest
meanwhile, and indexes are dropped first and built once at the end, as after a restore. Everything follows from the row's
number, so the same size is the same list.

The world does not announce more papers because more people read: 5,000 papers a week whatever the size, so that half a paper
for each reader is what a list has gathered by the time it is so large.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import sql

WEEKS = 12
PAPERS_A_WEEK = 5_000
_LARGE = (
    "digest_paper", "digest_paperidentifier", "digest_papertopic", "digest_papersearch",
    "digest_appearance", "subscriptions_subscriber",
    "subscriptions_subscription", "subscriptions_interest", "subscriptions_consent", "subscriptions_request",
    "subscriptions_notice", "digest_issue",
    "digest_delivery", "digest_attempt", "digest_bounce", "digest_feedback",
)  # fmt: skip

# Of n, a delivery's number: what became of it. One in a hundred of the latest still waits, as in the middle of a run.
_STATE = """CASE WHEN n > %(last)s THEN 'queued'
    WHEN (n + 137 * week) %% 1000 IN (7, 8) THEN 'failed' WHEN (n + 137 * week) %% 1000 BETWEEN 11 AND 14 THEN 'skipped'
    WHEN (n + 137 * week) %% 1000 = 21 THEN 'uncertain' WHEN (n + 137 * week) %% 1000 = 31 THEN 'deferred'
    ELSE 'accepted' END"""
_PLACES = "ARRAY['example.com', 'example.org', 'example.net', 'mail.example.com', 'post.example.org']"
_ROWS: Mapping[str, str] = {
    # Words follow no language, but no two papers say the same.
    "digest_paper": """
        (id, title, abstract, title_source, abstract_source, authors, categories, keywords, url, pdf_url, links,
         journal_reference, organisation, upvotes, stars, announced_at, listed_at, text_rank, revision)
        SELECT n, 'On the ' || said.words[1] || ' of ' || said.words[2] || ', part ' || n,
            array_to_string(said.words, ' ') || '.', '-', '', ARRAY['Ada Author', 'Ben Author ' || n %% 5000], ARRAY['cs.RO'], '{}', 'https://papers.example.org/' || n,
            '', '[]', '', '', n %% 50, 0, listed - interval '1 hour', listed, 0, 1
        FROM generate_series(1, %(papers)s) n CROSS JOIN LATERAL (
            SELECT array_agg('w' || (hashint8(n * 40 + each) & 2147483647) %% (50 * each * each)) AS words
            FROM generate_series(1, 40) each
        ) said CROSS JOIN LATERAL (
            SELECT %(now)s - (%(papers)s - n) * interval '1 week' / %(papers_a_week)s AS listed
        ) at""",
    "digest_papersearch": """
        (paper_id, title, document)
        SELECT id, setweight(to_tsvector('digest_prose', title), 'A'),
            setweight(to_tsvector('digest_prose', title), 'A') || setweight(to_tsvector('digest_prose', abstract), 'D')
        FROM digest_paper""",
    "digest_paperidentifier": """
        (paper_id, kind, value)
        SELECT n, 'url', 'https://papers.example.org/' || n FROM generate_series(1, %(papers)s) n""",
    "digest_papertopic": """
        (paper_id, topic_id, score)
        SELECT n, (%(topics)s::bigint[])[1 + n %% 40], 0.2 + (n %% 80) / 100.0 FROM generate_series(1, %(papers)s) n""",
    "digest_appearance": """
        (paper_id, source_id, url, submitter, announced_at, first_seen_at, upvotes)
        SELECT id, (%(sources)s::bigint[])[1 + id %% 6], url, '', announced_at, listed_at, upvotes FROM digest_paper""",
    "subscriptions_subscriber": """
        (id, address, mailbox_hash, name, time_zone, status, token_generation, created_at, confirmed_at)
        SELECT n, 'reader' || n || '@' || ({places})[1 + n %% 5], sha256(('reader' || n)::bytea), '', 'Europe/Paris',
            CASE WHEN n %% 100 = 99 THEN 'pending' ELSE 'confirmed' END, 0, joined,
            CASE WHEN n %% 100 <> 99 THEN joined + interval '5 minutes' END
        FROM generate_series(1, %(people)s) n
        CROSS JOIN LATERAL (SELECT %(begun)s + n * %(step)s AS joined) at""",
    "subscriptions_subscription": """
        (id, subscriber_id, name, cadence, weekday, hour, format, size, feed_generation, next_issue_at, created_at, ended_at,
         ended_because)
        SELECT n, n, '', 'weekly', n %% 7, n %% 24, 'html', 12, 0,
            CASE WHEN n %% 50 <> 48 AND n %% 100 <> 99 THEN %(now)s + (2 + n %% 10079) * interval '1 minute' END,
            %(begun)s + n * %(step)s,
            CASE WHEN n %% 50 = 48 THEN %(begun)s + n * %(step)s + interval '6 minutes' END,
            CASE WHEN n %% 50 = 48 THEN 'unsubscribed by link' ELSE '' END
        FROM generate_series(1, %(people)s) n""",
    "subscriptions_interest": """
        (subscription_id, kind, topic_id, value, excluded, created_at)
        SELECT n, 'topic', (%(topics)s::bigint[])[1 + n %% 40], '', false,
            %(begun)s + n * %(step)s
        FROM generate_series(1, %(people)s) n""",
    "subscriptions_consent": """
        (subscriber_id, mailbox_hash, event, method, wording, wording_version, network, at)
        SELECT n, sha256(('reader' || n)::bytea), event, 'link', 'Send me a digest.', '1', '192.0.2.0/24',
            %(begun)s + n * %(step)s + place * interval '5 minutes'
        FROM generate_series(1, %(people)s) n
        CROSS JOIN unnest(ARRAY['requested', 'confirmed']) WITH ORDINALITY AS of(event, place)
        WHERE event = 'requested' OR n %% 100 <> 99""",
    "subscriptions_request": """
        (kind, address, mailbox, domain, network, wishes, created_at, answered_at, outcome, reason)
        SELECT 'link', '', sha256(('reader' || n)::bytea), 'example.org', '192.0.2.0/24', '{}', at, at, 'mailed',
            'asked for a link'
        FROM generate_series(1, %(people)s / 50) n
        CROSS JOIN LATERAL (SELECT %(now)s - (%(people)s / 50 - n) * interval '3 days' * 50 / %(people)s AS at) sent""",
    "subscriptions_notice": """
        (subscriber_id, recipient, kind, context, key, created_at, expires_at)
        SELECT id, '', 'confirmation', '{}', 'confirmation ' || id, created_at, created_at + interval '7 days'
        FROM subscriptions_subscriber""",
    "digest_issue": """
        (id, subscription_id, kind, number, due_at, window_start, window_end, configuration_id, profile, paper_ids, versions,
         slate, receipt, published_at)
        SELECT n, reader, 'regular', week + 1, at, at - interval '1 week', at, %(weights)s, '{}',
            ARRAY[1 + n %% %(papers)s, 1 + (n + 7) %% %(papers)s], '{}', '[]', '{}', at
        FROM {made}""",
    "digest_delivery": """
        (issue_id, subscriber_id, domain, priority, state, reason, message_id, attempts, next_attempt_at, fence, claimed_by,
         stage, reply, reply_code, created_at, finished_at)
        SELECT n, reader, ({places})[1 + reader %% 5], 1, state,
            CASE state WHEN 'failed' THEN 'the mailbox does not exist' WHEN 'skipped' THEN 'nothing new this week'
                WHEN 'uncertain' THEN 'the connection broke after the dot' WHEN 'deferred' THEN 'the relay asks to wait'
                ELSE '' END,
            '<' || n || '@papers.example.org>', 1, at, 1, '', '', 'Ok', 250, at,
            CASE WHEN state IN ('accepted', 'failed', 'skipped') THEN at + n %% 90 * interval '1 second' END
        FROM {made} CROSS JOIN LATERAL (SELECT {state} AS state) became""",
    "digest_attempt": """
        (delivery_id, number, ended_at, state, stage, reply, reason, worker)
        SELECT id, 1, created_at, state, '', 'try again later', 'deferred once', '' FROM digest_delivery
        WHERE trouble IN ('failed', 'uncertain', 'deferred')""",
    "digest_bounce": """
        (delivery_id, subscriber_id, verdict, status, why, report, received_at)
        SELECT id, subscriber_id, (ARRAY['suppress', 'soft', 'complaint'])[1 + id %% 3], '5.1.1', 'no such mailbox', '',
            created_at
        FROM digest_delivery WHERE trouble = 'failed'""",
    "digest_feedback": """
        (subscription_id, paper_id, vote, created_at)
        SELECT n, 1 + n %% %(papers)s, (ARRAY['more', 'less', 'save'])[1 + n %% 3], %(now)s - n %% 1000 * interval '1 hour'
        FROM generate_series(1, %(people)s / 2) n""",
    "subscriptions_suppression": """
        (mailbox_hash, reason, note, created_at, lifted_by)
        SELECT sha256(('gone' || n)::bytea), 'hard-bounce', '', %(now)s, '' FROM generate_series(1, %(people)s / 100) n""",
    "subscriptions_auditentry": """
        (actor_name, action, target, detail, network, at)
        SELECT 'operator', 'preview', 'subscription ' || n, '{}', '', %(now)s FROM generate_series(1, %(people)s / 100) n""",
    "digest_poll": """
        (source_id, started_at, size, entries_new, entries_known, entries_refused, notes, error)
        SELECT source, %(now)s - each * interval '6 hours', 48000, each %% 30, 20, '[]', '[]', ''
        FROM unnest(%(sources)s::bigint[]) source, generate_series(0, 28 * 12 - 1) each""",
    "digest_sourceday": """
        (source_id, day, entries, missing_since, filled_by)
        SELECT source, (%(now)s - each * interval '1 day')::date, 20, CASE WHEN each %% 20 = 3 THEN %(now)s END, ''
        FROM unnest(%(sources)s::bigint[]) source, generate_series(1, 7 * 12) each""",
}
_MADE = """(
    SELECT n, (n - 1) / %(people)s AS week, (n - 1) %% %(people)s + 1 AS reader,
        %(begun)s + (n - 1) * (interval '1 week' / %(people)s) AS at
    FROM generate_series(1::bigint, %(people)s * 12) n
) made"""


def build(people: int, now: dt.datetime, sources: list[int], topics: list[int], weights: int) -> None:
    """Half a paper, one weekly digest and twelve issues with their deliveries for each of so many people, up to `now`.

    `sources` are the ids of six and `topics` of forty; `weights` of a ranking configuration. There is nothing else yet.
    """
    begun = now - dt.timedelta(weeks=WEEKS)
    given: dict[str, Any] = {
        "people": people,
        "papers": max(people // 2, PAPERS_A_WEEK),
        "papers_a_week": PAPERS_A_WEEK,
        "now": now,
        "begun": begun,
        "step": (now - begun) / people,
        "last": WEEKS * people - people // 100,
        "sources": sources,
        "topics": topics,
        "weights": weights,
    }
    with connection.cursor() as cursor, _without_indexes():
        for setting in ("session_replication_role = replica", "synchronous_commit = off", "work_mem = '256MB'"):
            cursor.execute(f"SET {setting}")
        for table, rows in _ROWS.items():
            said = rows.replace("{made}", _MADE).replace("{state}", _STATE).replace("{places}", _PLACES)
            cursor.execute(f"INSERT INTO {table} {said}", given)
        cursor.execute("SET session_replication_role = origin")
    with connection.cursor() as cursor:
        for table in ("digest_paper", "subscriptions_subscriber", "subscriptions_subscription", "digest_issue"):
            newest = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))")
            cursor.execute(newest.format(sql.Literal(table), sql.Identifier(table)))
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _without_indexes() -> Iterator[None]:
    """The large tables have none but their primary keys' meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])""",
            [list(_LARGE)],
        )
        unique = cursor.fetchall()
        for table, name, _ in unique:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
               WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary""",
            [list(_LARGE)],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in unique:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
