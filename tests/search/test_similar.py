"""Papers like a paper."""

import pytest

from digest import search
from digest.models import Paper
from digest.ranking import Paper as Plain
from digest.ranking.neighbours import neighbours
from tests.search.cast import NOW, library, paper

pytestmark = pytest.mark.django_db


def test_the_paper_that_shares_rare_words_comes_first_and_they_are_named() -> None:
    papers = library()
    first = search.similar(papers["koopman"].pk)[0]
    assert first.paper == papers["control"]
    assert "koopman operator" in first.shared
    assert 0 < first.score <= 1


def test_a_paper_is_not_like_itself_and_nothing_in_common_is_not_alike() -> None:
    papers = library()
    alike = [each.paper for each in search.similar(papers["koopman"].pk)]
    assert papers["koopman"] not in alike
    assert papers["bridges"] not in alike


@pytest.mark.parametrize("change", ["withdrawn", "merged"])
@pytest.mark.parametrize("read", [True, False])
def test_withdrawn_and_merged_papers_are_left_out(change: str, read: bool) -> None:
    papers = library()
    changed = Paper.objects.filter(pk=papers["control"].pk)
    if change == "withdrawn":
        changed.update(withdrawn_at=NOW)
    else:
        changed.update(merged_into=papers["walking"])
    if read:
        search.refresh_all()
    assert papers["control"] not in [each.paper for each in search.similar(papers["koopman"].pk)]


def test_a_merged_paper_is_like_what_the_paper_it_became_is_like() -> None:
    papers = library()
    merged = paper("Old wording", merged_into=papers["koopman"])
    search.refresh_all()
    alike = [each.paper for each in search.similar(merged.pk)]
    assert alike[0] == papers["control"]
    assert papers["koopman"] not in alike


def test_there_are_no_more_than_asked_for_and_an_unknown_paper_is_named() -> None:
    papers = library()
    assert len(search.similar(papers["koopman"].pk, limit=1)) == 1
    with pytest.raises(Paper.DoesNotExist, match="999999"):
        search.similar(999_999)


def test_a_paper_without_words_is_like_nothing() -> None:
    library()
    bare = paper("の")
    search.refresh_all()
    assert search.similar(bare.pk) == []


def test_likeness_is_the_share_of_weight_and_single_letters_have_none() -> None:
    mine = Plain(id=1, revision=1, title="Koopman operators, e.g. of x", abstract="")
    same = Plain(id=2, revision=1, title="Koopman operators, e.g. of x", abstract="")
    other = Plain(id=3, revision=1, title="Lattices, e.g. of x", abstract="")
    (found,) = neighbours(mine, [same, other], {"koopman": 3, "operator": 50}, 1000)
    assert found.paper == 2
    assert 0.7 < found.score <= 1
    assert found.shared == ("koopman operator",)
