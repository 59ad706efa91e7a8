"""Vectors of meaning: packed, stored, looked through; and nothing breaks without the extra that computes them."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from digest import search
from digest.models import Paper, PaperVector
from digest.ranking import dense
from digest.ranking.meaning import Vectors
from digest.search import meaning, vectors
from tests.search.cast import exact, find, library, paper

with_extra = pytest.mark.skipif(not dense.installed(), reason="the optional extra is not installed")


def _rows(count: int, seed: int = 1) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dense.SIZE), np.float32)
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where the extra was never installed."""
    monkeypatch.setattr(dense, "installed", lambda: False)
    monkeypatch.setattr(dense, "model", lambda: "")


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_packing_keeps_directions(count: int, seed: int) -> None:
    rows = _rows(count, seed)
    octets, signs = vectors.packed(rows)
    assert {len(each) for each in octets} == {dense.SIZE}
    assert {len(each) for each in signs} == {dense.SIZE // 8}
    again = vectors.unpacked(b"".join(octets))
    assert np.all(np.sum(again * rows, axis=1) > 0.999)


def test_the_nearest_by_signs_hold_the_nearest_of_all() -> None:
    # As papers do, these lie in groups.
    rows = np.repeat(_rows(100), 50, axis=0) + _rows(5000, seed=2)
    asked = rows[7] + 0.5 * _rows(1, seed=9)[0]
    bits = np.stack([np.frombuffer(signs, np.uint64) for signs in vectors.packed(rows)[1]])
    signs = meaning.Signs(np.arange(5000), bits, 1)
    truly = set(np.argsort(-(rows @ asked) / np.linalg.norm(rows, axis=1))[:10].tolist())
    assert len(truly & set(signs.nearest(asked, 400).tolist())) >= 8
    assert 7 in signs.nearest(asked, 10)


@pytest.mark.django_db
@pytest.mark.usefixtures("without_extra")
def test_everything_works_without_the_extra() -> None:
    papers = library()
    assert exact(find("kopman learnig")) == [papers["koopman"].title]
    assert search.similar(papers["koopman"].pk)[0].paper == papers["control"]
    assert search.embed_waiting(10) == 0
    assert search.stored([papers["koopman"].pk]) == {}
    with pytest.raises(CommandError, match="requirements-dense"):
        call_command("embed")


@pytest.mark.django_db
@pytest.mark.usefixtures("without_extra")
def test_what_is_like_the_best_papers_comes_near_without_the_extra() -> None:
    papers = library()
    near = [hit.paper for hit in find("chaotic").hits if hit.nearly]
    assert near == [papers["control"]]


@with_extra
@pytest.mark.django_db
def test_papers_are_found_by_meaning_and_it_is_said() -> None:
    papers = library()
    assert search.embed_waiting(100) == len(papers)
    hit = find("machines copying how humans move").hits[0]
    assert hit.paper == papers["walking"]
    assert hit.nearly
    assert search.Match("meaning") in hit.matched


@with_extra
@pytest.mark.django_db
def test_a_vector_is_computed_anew_when_the_wording_changes() -> None:
    changed = paper("Koopman operators")
    search.embed_waiting(10)
    assert search.waiting() == 0
    before = PaperVector.objects.get(paper=changed)
    Paper.objects.filter(pk=changed.pk).update(title="Lattices", revision=2)
    assert search.waiting() == 1
    search.embed_waiting(10)
    after = PaperVector.objects.get(paper=changed)
    assert (after.revision, after.octets == before.octets) == (2, False)
    assert after.pk > before.pk
    assert list(search.stored([changed.pk])) == [(changed.pk, 2)]


@with_extra
@pytest.mark.django_db
def test_the_command_fills_what_is_missing() -> None:
    papers = library()
    output = io.StringIO()
    call_command("embed", limit=2, stdout=output)
    assert "Computed 2 vectors; 3 papers wait" in output.getvalue()
    call_command("embed", stdout=output)
    assert PaperVector.objects.count() == len(papers)


@with_extra
@pytest.mark.django_db
def test_withdrawn_papers_are_not_found_by_meaning() -> None:
    papers = library()
    search.embed_waiting(100)
    Paper.objects.filter(pk=papers["walking"].pk).update(withdrawn_at=papers["walking"].listed_at)
    search.refresh_all()
    assert papers["walking"] not in [hit.paper for hit in find("machines copying how humans move").hits]
