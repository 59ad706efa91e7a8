"""Whatever the octets, a parser gives a feed or one line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.environment import BASE
from digest.sources import arxiv_ids, authors, parsing, wire
from digest.sources.arxiv_oai import sets_of
from digest.sources.entries import ParseError

BODIES = [path.read_bytes() for path in sorted((BASE / "tests" / "data" / "feeds").glob("*/*")) if "golden" not in path.name]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "paper",
                    "id",
                    "title",
                    "summary",
                    "authors",
                    "name",
                    "upvotes",
                    "ai_keywords",
                    "publishedAt",
                    "githubRepo",
                    "items",
                    "tags",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(0, 3))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 60))
        body = body[:at] + draw(st.binary(max_size=12)) + body[at + length :]
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


@settings(max_examples=150, deadline=None)
@given(_damaged() | st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_octets_are_a_feed_or_one_line(body: bytes) -> None:
    for form in parsing.READERS:
        said = ""
        try:
            feed = parsing.read(form, body)
        except ParseError as error:
            said = str(error)
        else:
            assert wire.loads(wire.dumps(feed)).entries or not feed.entries
        assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada Lovelace (Univ. A, Dept. B), Alan M. Turing", ("Ada Lovelace", "Alan M. Turing")),
        ("Ada Lovelace and Alan Turing", ("Ada Lovelace", "Alan Turing")),
        ("Ada Lovelace, Alan Turing, and Grace Hopper", ("Ada Lovelace", "Alan Turing", "Grace Hopper")),
        ("Lovelace, A.; Turing, A. M.", ("Lovelace, A.", "Turing, A. M.")),
        ("Lovelace, A., Turing, A. M.", ("A. Lovelace", "A. M. Turing")),
        ("Martin L. King, Jr., Ada Lovelace", ("Martin L. King, Jr.", "Ada Lovelace")),
        (r"Paul Erd{\H{o}}s, {The ABC, Team}", (r"Paul Erd{\H{o}}s", "{The ABC, Team}")),
        ("Ada (unclosed, Alan", ("Ada (unclosed", "Alan")),
        ("Anderson Andrews, Sandy Land", ("Anderson Andrews", "Sandy Land")),
        ("", ()),
    ],
)
def test_authors_are_told_apart(text: str, names: tuple[str, ...]) -> None:
    assert authors.split(text) == names


def test_six_hundred_authors_are_all_there() -> None:
    crowd = ", ".join(f"Author N. {number} (Place {number}, Land)" for number in range(664))
    assert len(authors.split(crowd)) == 664


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2603.01234v2", ("2603.01234", 2)),
        ("oai:arXiv.org:math.GT/0309136v1", ("math/0309136", 1)),
        ("arXiv: 0704.0001", ("0704.0001", None)),
        ("hep-ph/9411242", ("hep-ph/9411242", None)),
        ("2613.01234", None),
        ("10.1234/5678", None),
        ("2603.01234v2 and more", None),
    ],
)
def test_arxiv_identifiers_of_both_styles_are_known(text: str, found: tuple[str, int | None] | None) -> None:
    assert arxiv_ids.split(text) == found


def test_a_feed_names_the_archives_sets() -> None:
    assert sets_of("https://rss.arxiv.org/rss/cs.LG+hep-th+math+physics.optics+astro-ph.SR") == [
        "cs:cs:LG",
        "physics:hep-th",
        "math",
        "physics:physics:optics",
        "physics:astro-ph:SR",
    ]


def test_a_paper_that_its_abstract_says_was_withdrawn_is_withdrawn() -> None:
    body = json.dumps(
        [{"paper": {"id": "2603.00001", "title": "T", "summary": "This paper has been withdrawn by its authors."}}]
    )
    assert parsing.read("huggingface", body.encode()).entries[0].withdrawn
