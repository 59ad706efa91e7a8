"""Which names the world has for a paper."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import papers
from digest.models import Appearance, Paper, PaperIdentifier, PaperVersion
from digest.papers import identity
from digest.sources.entries import Entry, Link
from tests.papers.cast import FRIDAY, NOW, source


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://arxiv.org/abs/2603.01234v2", ("arxiv", "2603.01234")),
        ("https://www.arxiv.org/pdf/2603.01234v1.pdf", ("arxiv", "2603.01234")),
        ("https://arxiv.org/abs/math.GT/0309136", ("arxiv", "math/0309136")),
        ("https://huggingface.co/papers/2603.01234", ("arxiv", "2603.01234")),
        ("https://doi.org/10.48550/arXiv.2603.01234", ("arxiv", "2603.01234")),
        ("https://dx.doi.org/10.1234/ABC", ("doi", "10.1234/abc")),
        ("https://www.biorxiv.org/content/10.1101/2026.03.10.123456v2.full?rss=1", ("doi", "10.1101/2026.03.10.123456")),
        ("http://WWW.Example.org:80/a/?utm_source=rss&b=2&a=1#:~:text=x", ("url", "https://example.org/a?a=1&b=2")),
        ("https://example.org/", None),
        ("mailto:ada@example.org", None),
        ("https://[broken", None),
    ],
)
def test_an_address_names_what_it_leads_to(url: str, name: tuple[str, str] | None) -> None:
    assert identity.from_url(url) == name


def test_a_title_is_the_same_whatever_its_typography() -> None:
    one, other = identity.title_hash("Schrödinger’s Bridges: A Tale"), identity.title_hash("SCHRODINGER'S BRIDGES — a tale")
    assert one == other
    assert identity.title_hash("量子") != identity.title_hash("重力")


def test_identifiers_are_all_the_names_an_entry_gives() -> None:
    entry = Entry(title="T", arxiv_id="2603.01234v1", doi="doi:10.1234/X.", url="https://example.org/paper")
    kinds = dict(papers.identifiers(entry))
    assert kinds.keys() == {"arxiv", "doi", "url", "title"}
    assert (kinds["arxiv"], kinds["doi"]) == ("2603.01234", "10.1234/x")


_AUTHORS = (("Ada Lovelace",), ("Alan Turing", "Ada Lovelace"), ())
_ENTRIES = st.builds(
    Entry,
    title=st.sampled_from(["One title", "Another title", "A third"]),
    abstract=st.sampled_from(["", "Short.", "A longer abstract."]),
    authors=st.sampled_from(_AUTHORS),
    announced_at=st.just(FRIDAY),
    url=st.sampled_from(["", "", "https://example.org/a", "https://example.org/b"]),
    links=st.sampled_from([(), (Link("code", "https://example.org/code"),)]),
    arxiv_id=st.sampled_from(["", "", "2603.00001", "2603.00002"]),
    version=st.sampled_from([None, 1, 2]),
    doi=st.sampled_from(["", "", "10.1234/x", "10.1234/y"]),
    categories=st.sampled_from([(), ("cs.LG",), ("stat.ML", "cs.LG")]),
    upvotes=st.integers(0, 5),
    withdrawn=st.booleans(),
    trust=st.integers(0, 3),
)


def _clear() -> None:
    Paper.objects.all().delete()


def _standing() -> set[tuple[object, ...]]:
    """The papers that stand, as far as the order in which they came must not matter."""
    names: dict[int, set[tuple[str, str]]] = {}
    for paper, kind, value in PaperIdentifier.objects.exclude(kind="title").values_list("paper_id", "kind", "value"):
        names.setdefault(paper, set()).add((kind, value))
    return {
        (frozenset(names.get(paper.pk, ())), paper.title, paper.abstract, tuple(paper.authors), paper.upvotes,
         frozenset(paper.categories), len(paper.links), paper.withdrawn_at is not None, paper.url)
        for paper in Paper.objects.filter(merged_into=None)
    }  # fmt: skip


_SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.django_db
@_SETTINGS
@given(st.lists(_ENTRIES, min_size=1, max_size=6))
def test_storing_again_finds_everything_known_and_changes_nothing(entries: list[Entry]) -> None:
    _clear()
    papers.store(entries, source(), NOW)
    before = list(Paper.objects.order_by("id").values()), set(PaperIdentifier.objects.values_list("kind", "value", "paper"))
    again = papers.store(entries, source(), NOW)
    assert (again.new, again.known) == (0, len(entries))
    assert (
        list(Paper.objects.order_by("id").values()),
        set(PaperIdentifier.objects.values_list("kind", "value", "paper")),
    ) == before


@pytest.mark.django_db
@_SETTINGS
@given(st.lists(_ENTRIES, min_size=1, max_size=6))
def test_nothing_is_lost_and_no_name_stands_twice(entries: list[Entry]) -> None:
    _clear()
    for index, entry in enumerate(entries):
        papers.store([entry], source(f"place-{index}"), NOW)
    strong = {name for entry in entries for name in papers.identifiers(entry) if name[0] != "title"}
    assert set(PaperIdentifier.objects.exclude(kind="title").values_list("kind", "value")) == strong
    assert not PaperIdentifier.objects.exclude(paper__merged_into=None).exists()
    assert Appearance.objects.filter(paper__merged_into=None).count() == len(entries)
    assert max(Paper.objects.filter(merged_into=None).values_list("upvotes", flat=True)) == max(e.upvotes for e in entries)
    assert PaperVersion.objects.exclude(paper__merged_into=None).count() == 0


_NAMED = _ENTRIES.filter(lambda entry: bool(entry.arxiv_id or entry.doi or entry.url))


@pytest.mark.django_db
@_SETTINGS
@given(st.lists(_NAMED, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_in_which_named_papers_come_does_not_matter(entries: list[Entry], random: object) -> None:
    _clear()
    for entry in entries:
        papers.store([entry], source(), NOW)
    before = _standing()
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    _clear()
    for entry in shuffled:
        papers.store([entry], source(), NOW)
    assert _standing() == before
