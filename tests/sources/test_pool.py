"""Documents that would cost a worker cost one poll."""

import gzip
from collections.abc import Iterator

import pytest

from digest.sources import parsing
from digest.sources.entries import ParseError
from digest.sources.pool import Pool

ITEM = b"<rss version='2.0'><channel><title>A feed</title><item><title>A paper</title></item></channel></rss>"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


def _quadratic() -> bytes:
    names = b"&a;" * 8_000
    return (
        b'<!DOCTYPE r [<!ENTITY a "'
        + b"a" * 60_000
        + b'">]><rss version="2.0"><channel><title>'
        + names
        + b"</title></channel></rss>"
    )


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 12))
    return b'<!DOCTYPE r [<!ENTITY l0 "lol">' + entities + b']><rss version="2.0"><channel><title>&l11;</title></channel></rss>'


def test_what_is_read_elsewhere_is_what_is_read_here(pool: Pool) -> None:
    assert pool.read("syndication", ITEM, "https://feeds.example.org/") == parsing.read("syndication", ITEM)


@pytest.mark.parametrize(
    "bomb", [_quadratic(), _laughs(), gzip.compress(b"<rss>" + b" " * 60_000_000)], ids=["quadratic", "laughs", "gzip"]
)
@pytest.mark.parametrize("form", sorted(parsing.READERS))
def test_a_bomb_is_harmless_and_the_next_document_is_read(pool: Pool, bomb: bytes, form: str) -> None:
    said = ""
    try:
        feed = pool.read(form, bomb)
    except ParseError as error:
        said = str(error)
    else:
        assert len(feed.title) <= 300
    assert "\n" not in said
    assert pool.read("syndication", ITEM).entries[0].title == "A paper"


def test_too_much_memory_ends_the_process_and_not_the_pool() -> None:
    small = Pool(memory=96 * 2**20)
    with pytest.raises(ParseError, match="memory"):
        small.read("huggingface", b"[" + b'{"paper":{"title":"t","summary":"s","authors":[{"name":"n"}]}},' * 300_000 + b"{}]")
    assert small.read("syndication", ITEM).entries
    small.close()


def test_too_much_time_ends_the_process_and_not_the_pool() -> None:
    hasty = Pool(seconds=1)
    with pytest.raises(ParseError, match="reading it takes longer than 1 s"):
        hasty.read("syndication", b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 500_000)
    hasty.close()
