"""Papers are found by what was meant."""

import datetime as dt

import pytest

from digest import search
from digest.models import Paper
from tests.search.cast import BRIDGES, GRAPHS, KOOPMAN, NOW, exact, find, library, marked, paper, where

pytestmark = pytest.mark.django_db


def test_misspelled_words_find_what_they_mean_and_it_is_said() -> None:
    library()
    results = find("kopman learnig")
    assert exact(results) == [KOOPMAN]
    assert (results.query, results.corrected) == ("kopman learnig", "koopman learning")
    assert where(results, KOOPMAN)["spelling"] == ("koopman for kopman", "learning for learnig")


def test_the_spelling_stays_as_typed_when_asked() -> None:
    library()
    results = find("kopman", as_typed=True)
    assert (exact(results), results.corrected, results.total) == ([], "", 0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("grpah", "graph"),
        ("operatr", "operator"),
        ("nonlinaer dinamics", "nonlinear dynamics"),
        ("koopmanlearning", "koopman learning"),
    ],
)
def test_the_nearest_known_word_is_meant(typed: str, meant: str) -> None:
    library()
    assert find(typed).corrected == meant


def test_a_word_whose_other_form_papers_use_is_not_misspelled() -> None:
    library()
    paper("A wall")
    search.refresh_all()
    results = find("walk")
    assert results.corrected == ""
    assert exact(results) == ["Humanoids that stroll"]


@pytest.mark.parametrize("typed", ["schrodinger", "Schrödinger", "SCHRÖDINGER", "Schro\u0308dinger", "schrodinger's"])
def test_accents_and_case_need_not_be_typed(typed: str) -> None:
    library()
    assert exact(find(typed)) == [BRIDGES]


def test_an_author_is_found_by_name_without_accents() -> None:
    library()
    results = find("muller")
    assert exact(results) == [BRIDGES]
    assert where(results, BRIDGES) == {"author": ("Erwin Müller",)}


def test_titles_count_more_than_abstracts() -> None:
    library()
    paper("Nothing of it", "Koopman")
    search.refresh_all()
    assert exact(find("koopman"))[-1] == "Nothing of it"


def test_a_phrase_stands_side_by_side() -> None:
    library()
    assert exact(find('"koopman learning"')) == [KOOPMAN]
    assert exact(find('"learning koopman"')) == []


def test_a_minus_leaves_papers_out() -> None:
    library()
    assert exact(find("koopman -chaotic")) == ["Control of flows with Koopman operators"]
    assert KOOPMAN not in [hit.paper.title for hit in find("koopman -chaotic").hits]


def test_or_asks_for_one_of_two() -> None:
    library()
    assert set(exact(find("schrodinger OR graph"))) == {BRIDGES, GRAPHS}


def test_hyphens_set_words_apart() -> None:
    library()
    assert exact(find("graph-neural")) == [GRAPHS]


def test_results_say_what_matched_and_mark_it() -> None:
    library()
    results = find("koopman")
    first = next(hit for hit in results.hits if hit.paper.title == KOOPMAN)
    assert marked(first.title) == ["Koopman"]
    assert marked(first.snippet) == ["Koopman"]
    assert where(results, KOOPMAN) == {"title": (), "abstract": (), "keyword": ("koopman operator",)}


def test_a_topic_is_found_by_its_name() -> None:
    library()
    results = find("learning on graphs")
    assert where(results, GRAPHS)["topic"] == ("Learning on graphs",)
    assert search.Nearby("Learning on graphs", "graphs") in results.nearby


def test_what_looks_like_markup_is_marked_where_it_stands() -> None:
    paper("When a<b and b>c hold", "If x<y then <b>bold</b> &amp; Koopman holds.")
    search.refresh_all()
    (hit,) = find("koopman").hits
    assert "".join(piece.text for piece in hit.snippet) == "If x<y then <b>bold</b> &amp; Koopman holds."
    assert marked(hit.snippet) == ["Koopman"]


def test_filters_narrow() -> None:
    library()
    assert exact(find("", topic="graphs")) == [GRAPHS]
    assert exact(find("lovelace", author="Grace Lovelace")) == [GRAPHS]
    assert exact(find("flows", author="A. Turing")) == [KOOPMAN]
    long_ago = (NOW - dt.timedelta(days=40)).date()
    assert exact(find("", until=long_ago)) == [BRIDGES]
    assert BRIDGES not in exact(find("", since=long_ago + dt.timedelta(days=1)))
    assert exact(find("", since=long_ago, until=long_ago)) == [BRIDGES]


def test_letters_that_are_no_accents_need_not_be_typed_either() -> None:
    paper("Splines", authors=["Søren Łoś", "Weiß, Æ."])
    search.refresh_all()
    for name in ("soren", "los", "weiss"):
        assert exact(find(name)) == ["Splines"]
    assert exact(find("", author="Soren Los")) == ["Splines"]


def test_the_words_of_a_name_must_belong_to_one_person() -> None:
    library()
    assert exact(find('author:"Ada Lovelace"')) == [KOOPMAN]


def test_words_without_a_paper_that_holds_all_bring_those_that_hold_some() -> None:
    library()
    results = find("schrodinger message passing")
    assert results.total == 0
    assert {BRIDGES, GRAPHS} <= {hit.paper.title for hit in results.hits}
    assert all(hit.nearly for hit in results.hits)


def test_nothing_found_suggests_topics() -> None:
    library()
    results = find("zzzqqqxxx")
    assert results.hits == ()
    assert [near.slug for near in results.nearby] == ["graphs"]


def test_nothing_found_suggests_the_words_that_papers_know() -> None:
    library()
    assert search.Nearby("koopman") in find("koopman zzzqqqxxx", as_typed=True, topic="graphs").nearby


def test_a_rare_word_beside_a_common_one_is_asked_about() -> None:
    for number in range(60):
        paper(f"Lattice number {number}")
    paper("A latice")
    search.refresh_all()
    results = find("latice")
    assert exact(results) == ["A latice"]
    assert (results.corrected, results.perhaps) == ("", "lattice")


def test_pages_follow_one_another_without_gap_or_repetition() -> None:
    for number in range(45):
        paper(f"Lattice number {number}", days_ago=number)
    search.refresh_all()
    seen, page = [], ""
    for size in (20, 20, 5):
        results = find("lattice", page)
        assert results.total == 45
        assert len(results.hits) == size
        seen += [hit.paper.pk for hit in results.hits]
        page = results.next
    assert page == ""
    assert len(set(seen)) == 45


def test_a_page_that_does_not_exist_is_said_and_the_first_is_shown() -> None:
    library()
    results = find("koopman", "nonsense")
    assert results.first
    assert any("page" in note for note in results.notes)
    assert len(exact(results)) == 2


def test_behind_the_last_page_is_the_first_again_and_it_is_said() -> None:
    library()
    results = find("koopman", "1.1.1")
    assert results.first
    assert len(results.notes) == 1
    assert len(exact(results)) == 2


def test_a_new_wording_is_found_and_the_old_one_no_more() -> None:
    papers = library()
    Paper.objects.filter(pk=papers["bridges"].pk).update(title="Lattices")
    search.refresh_all()
    assert exact(find("lattices")) == ["Lattices"]
    assert exact(find("schrodinger")) == []


def test_withdrawn_and_merged_papers_are_not_found_even_before_search_has_read_so() -> None:
    papers = library()
    Paper.objects.filter(pk=papers["koopman"].pk).update(withdrawn_at=NOW)
    Paper.objects.filter(pk=papers["control"].pk).update(merged_into=papers["koopman"])
    assert exact(find("koopman")) == []
    search.refresh_all()
    assert find("koopman", as_typed=True).total == 0


def test_looking_changes_nothing(django_assert_num_queries: object) -> None:
    library()
    before = list(Paper.objects.values())
    find("kopman learnig")
    search.suggest("koo")
    assert list(Paper.objects.values()) == before
