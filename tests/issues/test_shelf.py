"""Candidates are read once for many batches, and again as soon as anything about them has changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from digest import issues, papers, ranking
from digest.issues import shelf
from digest.models import Appearance, CandidateList, Paper, PaperTopic, Pick, Source
from tests.issues.cast import DAY, HOUR, MONDAY, WEEK, paper, topic

pytestmark = pytest.mark.django_db(transaction=True)


def _take() -> shelf.Listed:
    with transaction.atomic():
        return shelf.take(MONDAY - WEEK, MONDAY)


def _pick() -> None:
    editor = get_user_model().objects.create_user("editor")
    Pick.objects.create(paper=Paper.objects.earliest("pk"), editor=editor)


def _appear() -> None:
    source = Source.objects.create(slug="page", name="Page", format=Source.Format.PAGE)
    first = Paper.objects.earliest("pk")
    Appearance.objects.create(paper=first, source=source, announced_at=MONDAY, first_seen_at=MONDAY)


CHANGES: dict[str, Callable[[], object]] = {
    "votes": lambda: Paper.objects.update(upvotes=7),
    "withdrawal": lambda: Paper.objects.filter(title="One").update(withdrawn_at=MONDAY),
    "a new paper": lambda: paper("Three"),
    "the loss of a paper": lambda: Paper.objects.filter(title="One").delete(),
    "a better match": lambda: PaperTopic.objects.update(score=0.5),
    "the loss of a match": lambda: PaperTopic.objects.all().delete(),
    "a topic of another name": lambda: topic("robots").delete(),
    "an editor's pick": _pick,
    "an appearance": _appear,
}


@pytest.fixture(autouse=True)
def _two_papers() -> None:
    paper("One", topic("robots"))
    paper("Two", topic("robots"))


def test_the_same_papers_are_taken_from_the_shelf() -> None:
    first = _take()
    assert _take() is first
    with transaction.atomic():
        # A later window over the same papers.
        assert shelf.take(MONDAY - 2 * DAY, MONDAY + HOUR) is first


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_noticed(change: str) -> None:
    first = _take()
    CHANGES[change]()
    again = _take()
    assert again is not first
    assert list(again.papers) == papers.candidates(MONDAY - WEEK, MONDAY).papers


def test_what_was_rolled_back_is_not_kept() -> None:
    issues.preview(MONDAY, None, 10)
    with transaction.atomic():
        lost = shelf.take(MONDAY - WEEK, MONDAY)
        transaction.set_rollback(True)
    kept = _take()
    assert kept is not lost
    assert CandidateList.objects.get().pk == kept.row_id


def test_a_list_that_was_removed_is_frozen_again() -> None:
    _take()
    CandidateList.objects.all().delete()
    assert CandidateList.objects.filter(pk=_take().row_id).exists()


def test_papers_are_prepared_once_for_batches_at_different_hours() -> None:
    listed, weights = _take(), ranking.Configuration()
    now = MONDAY.timestamp()
    first = shelf.prepare(listed, weights, None, now)
    later = shelf.prepare(listed, weights, None, now + 3600)
    assert later.room is first.room
    assert later.rank([ranking.Profile(key=1)]) == ranking.rank(listed.papers, [ranking.Profile(key=1)], weights, now + 3600)
    other = shelf.prepare(listed, replace(weights, freshness=0.0), None, now)
    assert other.rank([ranking.Profile(key=1)]) != first.rank([ranking.Profile(key=1)])
