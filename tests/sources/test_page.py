"""The saved Daily Papers page."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.environment import BASE
from digest.sources import page
from digest.sources.entries import Link, ParseError

SAVED = (BASE / "seeds" / "daily-papers-03-13.txt").read_bytes()
TODAY = dt.date(2026, 11, 24)
SMALL = b"new\n\nSubscribe\n\nMar 13\n\nA title\n\nAn abstract that is longer than it.\n\nAnother\n\nAnd what it says, too."


def test_the_shipped_page_holds_64_papers_in_its_order() -> None:
    entries = page.parse(SAVED, today=TODAY)
    assert len(entries) == 64
    assert entries[0].title == "SLIM: Skill Learning with Multiple Critics"
    assert entries[0].abstract.startswith("Self-supervised skill learning aims")
    assert entries[-1].title == "Scaling physics-informed hard constraints with mixture-of-experts"
    assert all(len(entry.abstract) > 1000 for entry in entries)


@pytest.mark.parametrize(
    ("today", "announced"),
    [("2026-11-24", "2026-03-13"), ("2026-03-13", "2026-03-13"), ("2026-03-12", "2025-03-13"), ("2027-01-01", "2026-03-13")],
)
def test_a_page_without_a_year_is_from_the_latest_such_day(today: str, announced: str) -> None:
    (entry, _) = page.parse(SMALL, today=dt.date.fromisoformat(today))
    assert entry.announced_at == dt.datetime.fromisoformat(f"{announced}T00:00:00+00:00")


def test_a_given_date_wins_over_the_page() -> None:
    (entry, _) = page.parse(SMALL, today=TODAY, date=dt.date(2026, 11, 20))
    assert entry.announced_at == dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def test_a_printed_year_is_believed_and_feb_29_finds_its_leap_year() -> None:
    (entry, _) = page.parse(SMALL.replace(b"Mar 13", b"Thursday, March 13th, 2025"), today=TODAY)
    assert entry.announced_at == dt.datetime(2025, 3, 13, tzinfo=dt.UTC)
    (entry, _) = page.parse(SMALL.replace(b"Mar 13", b"Feb 29"), today=TODAY)
    assert entry.announced_at == dt.datetime(2024, 2, 29, tzinfo=dt.UTC)


def test_header_lines_may_change_and_lines_may_wrap() -> None:
    changed = (
        SMALL.replace(b"Subscribe", b"Sign in\n\nPricing").replace(b"longer than", b"longer\nthan").replace(b"\n", b"\r\n")
    )
    assert [entry.title for entry in page.parse(changed, today=TODAY)] == ["A title", "Another"]
    assert page.parse(changed, today=TODAY)[0].abstract == "An abstract that is longer than it."


def test_links_inside_abstracts_are_told_apart() -> None:
    found = [link for entry in page.parse(SAVED, today=TODAY) for link in entry.links]
    assert Link("code", "https://github.com/thuml/Latent-Spectral-Models") in found
    assert Link("project", "https://sites.google.com/view/pad-paper") in found
    assert Link("project", "https://rvl.cs.toronto.edu/blog/2020/hypercrl") in found
    assert len(found) == 7


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b" \n\n ", "it is empty"),
        (SAVED[:50_000], "truncated"),
        (SAVED[:98], "there is no paper after the date"),
        (SMALL[: SMALL.index(b"And what")], "it ends with a title and no abstract ('Another')"),
        (SMALL.replace(b"A title\n\n", b""), "truncated"),
        (b"<!doctype html><title>Daily Papers</title>", "it is HTML; save the page as text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "it is binary, not text"),
        (SMALL.decode().encode("utf-16"), "it is UTF-16"),
        (SMALL.replace(b"title", "Schrödinger".encode("latin-1")), "it is not UTF-8 text (octet 0xf6 at"),
        (SMALL.replace(b"Mar 13", b"Feb 30"), "its date is not a day"),
        (SMALL.replace(b"Mar 13", b""), "no line holds a date"),
    ],
)
def test_what_is_not_such_a_page_is_refused_in_one_line(body: bytes, says: str) -> None:
    with pytest.raises(ParseError) as caught:
        page.parse(body, today=TODAY)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | st.integers(0, len(SAVED)).map(lambda end: SAVED[:end])
)
def test_whatever_the_octets_there_are_entries_or_one_line(body: bytes) -> None:
    said = ""
    try:
        entries = page.parse(body, today=TODAY)
    except ParseError as error:
        entries, said = [], str(error)
    assert bool(entries) != bool(said)
    assert "\n" not in said
