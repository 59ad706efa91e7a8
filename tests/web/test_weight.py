"""No page is heavy: with its style and its scripts it stays under 60 KB on the wire."""

import datetime as dt
import gzip
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from digest.models import Paper
from tests.web import cast

pytestmark = pytest.mark.django_db
STATIC = Path(__file__).parents[2] / "templates" / "static"
MOST = 60_000
# As long as abstracts on arXiv get (1,920 characters), and of no words that recur, so that they pack no better than real ones.
LENGTH = 1_920


def _abstract(number: int) -> str:
    words = (f"{(number * 7919 + place * 104_729) % 999_983:x}" for place in range(LENGTH))
    return " ".join(words)[:LENGTH]


@pytest.fixture
def paper(db: None) -> Paper:
    """One of the sixty that a full day lists, among all the topics of the seeds."""
    call_command("load_seeds", quiet=True)
    koopman = cast.topic()
    at = timezone.now() - dt.timedelta(hours=2)
    papers = [
        cast.on_arxiv(
            cast.paper(f"Paper {number} of many", koopman, announced_at=at, abstract=_abstract(number)), f"2603.{number:05d}"
        )
        for number in range(60)
    ]
    cast.versions(papers[0], _abstract(100), _abstract(101))
    return papers[0]


def _octets(client: Client, path: str) -> int:
    """The answer as a browser asks for it, and whatever it loads."""
    answer = client.get(path, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, path
    page = client.get(path).content.decode()
    loaded = set(re.findall(r'(?:src|href)="/static/([^"?]+)"', page))
    return len(answer.content) + sum(len(gzip.compress((STATIC / name).read_bytes())) for name in loaded)


def test_every_page_is_under_60_kb_with_all_that_it_loads(client: Client, paper: Paper) -> None:
    today = f"{timezone.now():%Y-%m-%d}"
    week = f"{timezone.now():%G-W%V}"
    paths = ["/", f"/papers/{today}", f"/papers/{week}", f"/papers/{today[:7]}", f"/papers/{paper.pk}/"]
    paths += ["/topics/", "/topics/koopman/", "/search/?q=paper", "/subscribe/", "/preferences/", "/trending/", "/api/"]
    heavy = {path: octets for path in paths if (octets := _octets(client, path)) >= MOST}
    assert not heavy
