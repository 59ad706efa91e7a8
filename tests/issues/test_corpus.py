"""What the stored papers teach about words, and when it counts."""

import io

import pytest
from django.core.management import call_command

from digest import corpus, issues
from digest.models import ContentModel, Issue
from tests.issues.cast import DAY, MONDAY, WEEK, digest_for, paper, reader

pytestmark = pytest.mark.django_db


def test_before_anything_was_learned_there_is_no_model() -> None:
    assert corpus.current() is None


def test_what_was_learned_last_is_in_force() -> None:
    for number in range(3):
        paper(f"Koopman operators {number}")
    first = corpus.learn(MONDAY)
    for number in range(3):
        paper(f"Robots and stars {number}")
    second = corpus.learn(MONDAY + DAY)
    learned = corpus.current()
    assert learned is not None
    assert (learned.row_id, learned.model.version, learned.model.documents) == (second.pk, second.version, 6)
    assert first.version != second.version


def test_learning_twice_from_the_same_papers_keeps_one_model() -> None:
    paper("Koopman operators")
    assert corpus.learn(MONDAY).pk == corpus.learn(MONDAY + DAY).pk
    assert ContentModel.objects.count() == 1


def test_a_model_is_kept_as_long_as_an_issue_names_it() -> None:
    digest_for(reader())
    for number in range(3):
        paper(f"Koopman operators {number}")
    named = corpus.learn(MONDAY - DAY)
    issues.publish_due(MONDAY, limit=10)
    for weeks in (1, 2):
        paper(f"Robots and stars {weeks}", listed_at=MONDAY + DAY)
        paper(f"Stars and robots {weeks}", listed_at=MONDAY + DAY)
        latest = corpus.learn(MONDAY + weeks * WEEK)
    assert Issue.objects.get().content_model == named
    assert set(ContentModel.objects.all()) == {named, latest}


def test_the_command_says_what_it_learned() -> None:
    paper("Koopman operators")
    out = io.StringIO()
    call_command("learn", stdout=out)
    assert out.getvalue() == f"Papers read: 1. Version {ContentModel.objects.get().version} is in force.\n"
