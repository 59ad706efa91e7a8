"""A mailing that waits: papers, readers, issues of twelve papers, and their deliveries, all queued."""

import datetime as dt
import random

from django.db import connection

from digest.models import Delivery, Paper, RankingConfiguration

NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
_SHOWN = 12
_WORDS = ["learning", "model", "dynamics", "control", "operator", "transformer", "attention", "diffusion", "policy", "reward"]
_ISSUES = """
INSERT INTO digest_issue (subscription_id, kind, number, due_at, window_start, window_end, configuration_id, paper_ids, slate,
    receipt, profile, published_at)
SELECT s.id, 'regular', 1, %(now)s, %(now)s - interval '7 days', %(now)s, %(configuration)s, c.papers, c.slate,
    '{"considered": 412, "shown": 12, "near_misses": [], "excluded": {}, "trending_only": false, "missing_days": 0,
      "topics": ["Learning"]}', '{}', %(now)s
FROM subscriptions_subscription s, LATERAL (
    SELECT array_agg(p) AS papers, json_agg(json_build_object('paper', p, 'revision', 1, 'score', 1.5, 'slot', 'match',
        'terms', '[]'::json,
        'reasons', json_build_array(json_build_object('text', 'matches “Learning”', 'handle', 'interest:1'))
    )) AS slate
    FROM (SELECT (%(first)s + mod(s.id * 7919 + n * 104729, %(papers)s)) AS p FROM generate_series(1, %(shown)s) n) drawn
) c
"""
_DELIVERIES = """
INSERT INTO digest_delivery (issue_id, subscriber_id, domain, priority, state, reason, message_id, attempts, doubts, held,
    next_attempt_at, fence, claimed_by, stage, reply)
SELECT i.id, s.subscriber_id, mod(s.id, 50) || '.example.org', 1, 'queued', '',
    '<issue-' || i.id || '@papers.example.org>', 0, 0, false,
    %(now)s, 0, '', '', ''
FROM digest_issue i JOIN subscriptions_subscription s ON s.id = i.subscription_id
"""


def prepare(readers: int, papers: int = 500, seed: int = 20260316) -> None:
    """Empty the database and fill it: `readers` queued deliveries of issues with papers drawn evenly."""
    draw = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE digest_issue, digest_delivery, digest_paper, subscriptions_subscriber CASCADE")
    made = Paper.objects.bulk_create(
        [
            Paper(
                title=" ".join(draw.choices(_WORDS, k=9)).title(),
                abstract=" ".join(" ".join(draw.choices(_WORDS, k=18)).capitalize() + "." for _ in range(9)),
                title_source="-",
                authors=["Ada Lovelace", "Emmy Noether", "Sofya Kovalevskaya"],
                url=f"https://arxiv.example.org/abs/2603.{number:05}",
                pdf_url=f"https://arxiv.example.org/pdf/2603.{number:05}",
                announced_at=NOW,
                listed_at=NOW,
            )
            for number in range(papers)
        ]
    )
    configuration, _ = RankingConfiguration.objects.get_or_create(version=1, defaults={"weights": {}})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO subscriptions_subscriber
                (address, mailbox_hash, name, time_zone, status, token_generation, created_at, confirmed_at)
            SELECT 'reader' || n || '@' || mod(n, 50) || '.example.org', decode(md5(n::text), 'hex'), 'Ada Lovelace',
                'Europe/Paris', 'confirmed', 0, %(now)s, %(now)s
            FROM generate_series(1, %(readers)s) n
            """,
            {"now": NOW, "readers": readers},
        )
        cursor.execute(
            """
            INSERT INTO subscriptions_subscription
                (subscriber_id, name, cadence, weekday, hour, format, size, created_at, next_issue_at, ended_because)
            SELECT id, '', 'weekly', 0, 7, 'html', 12, %(now)s, %(now)s + interval '7 days', '' FROM subscriptions_subscriber
            """,
            {"now": NOW},
        )
        cursor.execute(
            _ISSUES,
            {
                "now": NOW,
                "configuration": configuration.pk,
                "first": made[0].pk,
                "papers": papers,
                "shown": _SHOWN,
            },
        )
        cursor.execute(_DELIVERIES, {"now": NOW})
        cursor.execute("ANALYZE")


def requeue() -> None:
    """Put every delivery back to where it was, in a table as compact as at first."""
    Delivery.objects.update(
        state="queued", reason="", reply="", attempts=0, fence=0, next_attempt_at=NOW, finished_at=None, first_attempt_at=None
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL digest_delivery")
        cursor.execute("ANALYZE digest_delivery")
        cursor.execute("CHECKPOINT")


def accepted() -> int:
    """Deliveries that the ledger says were accepted."""
    return Delivery.objects.filter(state=Delivery.State.ACCEPTED).count()
