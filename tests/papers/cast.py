"""A familiar cast of entries."""

import datetime as dt
from dataclasses import replace
from typing import Any

from digest.models import Source
from digest.sources.entries import Entry

NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2026, 3, 13, tzinfo=dt.UTC)

ON_ARXIV = Entry(
    title=r"Koopman learning of \emph{chaotic} flows",
    abstract="We learn $\\lambda_1$ of a flow. It works.",
    authors=("Ada Lovelace", "Alan M. Turing"),
    announced_at=FRIDAY,
    url="https://arxiv.org/abs/2603.01234",
    arxiv_id="2603.01234",
    version=1,
    categories=("math.DS", "cs.LG"),
    trust=3,
)
ON_HUGGING_FACE = Entry(
    title="Koopman learning of chaotic flows",
    abstract="We learn λ1 of a flow. It works.",
    authors=("Ada Lovelace", "Alan M. Turing"),
    announced_at=FRIDAY + dt.timedelta(days=1),
    url="https://huggingface.co/papers/2603.01234",
    arxiv_id="2603.01234",
    keywords=("koopman operator",),
    upvotes=12,
    trust=2,
)
ON_A_PAGE = Entry(
    title="Koopman Learning of Chaotic Flows", abstract="We learn λ1 of a flow. It works.", announced_at=FRIDAY, trust=0
)


def entry(**changes: Any) -> Entry:
    return replace(ON_ARXIV, **changes)


def source(slug: str = "arxiv") -> Source:
    return Source.objects.get_or_create(slug=slug, defaults={"name": slug, "format": "arxiv"})[0]
