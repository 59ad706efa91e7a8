"""manage.py explain."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digest import issues
from digest.models import CandidateList, Feedback, Issue, Paper, PaperState, RankingConfiguration
from subscriptions.models import Interest, Subscription
from tests.issues.cast import DAY, MONDAY, digest_for, paper, reader, settle, topic

pytestmark = pytest.mark.django_db
MONDAY_MORNING = "2026-03-16T07:00+01:00"


def _run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("explain", *arguments, stdout=out)
    return out.getvalue()


def _json(*arguments: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_run(*arguments, "--json"))
    return read


def _standings(explained: dict[str, Any]) -> dict[str, str]:
    return {each["title"]: each["standing"] for each in explained["candidates"]}


@pytest.fixture
def ada() -> Subscription:
    """Two papers at most, on robots; never on drones; one paper muted, one brought by another digest on Saturday."""
    robots, stars = topic("robot-learning"), topic("stellar-physics")
    person = reader()
    digest_for(person, robots, weekday=5, next_issue_at=MONDAY - 2 * DAY)
    paper("Robots on Saturday", robots, listed_at=MONDAY - 3 * DAY)
    issues.publish_due(MONDAY - 2 * DAY, limit=10)
    subscription = digest_for(person, robots, size=2)
    Interest.objects.create(subscription=subscription, kind="keyword", value="drones", excluded=True)
    for number in range(6):
        paper(f"Robot number {number}", robots, upvotes=60 - 10 * number)
    paper("Robots and drones", robots)
    muted = paper("Robots again", robots)
    Feedback.objects.create(subscription=subscription, paper=muted, vote="mute")
    paper("Old giants", stars, upvotes=3)
    return subscription


def test_every_candidate_is_there_with_its_terms_and_its_standing(ada: Subscription) -> None:
    explained = _json(str(ada.pk), "--at", MONDAY_MORNING)
    standings = _standings(explained)
    assert len(standings) == 10
    assert sorted(standings.values()) == [
        "already sent, or announced long before", "below the cut", "match", "match", "muted", "near miss", "near miss",
        "near miss", "no match", "on your never-show list",
    ]  # fmt: skip
    assert standings["Robots and drones"] == "on your never-show list"
    assert standings["Robots again"] == "muted"
    assert standings["Robots on Saturday"] == "already sent, or announced long before"
    assert standings["Old giants"] == "no match"
    for each in explained["candidates"]:
        assert each["score"] == sum(term["value"] for term in each["terms"])
    (giants,) = (each for each in explained["candidates"] if each["title"] == "Old giants")
    assert {term["name"] for term in giants["terms"]} == {"less", "trending", "freshness"}


def test_it_explains_what_publishing_would_choose_and_writes_nothing(ada: Subscription) -> None:
    before = [model.objects.count() for model in (Issue, PaperState, CandidateList, RankingConfiguration)]
    explained = _json(str(ada.pk), "--at", MONDAY_MORNING)
    assert [model.objects.count() for model in (Issue, PaperState, CandidateList, RankingConfiguration)] == before
    issues.publish_due(MONDAY, limit=10)
    issue = Issue.objects.latest("pk")
    chosen = [each for each in explained["candidates"] if each["standing"] in {"match", "serendipity", "trending"}]
    assert [each["paper"] for each in chosen] == issue.paper_ids
    assert [each["terms"] for each in chosen] == [each["terms"] for each in issue.slate]


def test_looking_back_leaves_out_what_was_published_later(ada: Subscription) -> None:
    before = _json(str(ada.pk), "--at", MONDAY_MORNING)
    issues.publish_due(MONDAY, limit=10)
    settle(Issue.objects.all())
    assert _json(str(ada.pk), "--at", MONDAY_MORNING) == before


def test_a_published_issue_is_explained_from_what_was_frozen_with_it(ada: Subscription) -> None:
    issues.publish_due(MONDAY, limit=10)
    number = str(Issue.objects.latest("pk").number)
    explained = _json(str(ada.pk), "--number", number)
    assert explained["candidates"] == _json(str(ada.pk), "--at", MONDAY_MORNING)["candidates"]
    Paper.objects.update(title="Rewritten", upvotes=0)
    Interest.objects.all().delete()
    assert _json(str(ada.pk), "--number", number) == explained


def test_it_prints_a_table_for_people(ada: Subscription) -> None:
    paper("Brackets [/red] of all [kinds]", topic("robot-learning"))
    shown = _run(str(ada.pk), "--at", MONDAY_MORNING)
    assert "Listed from 2026-03-09 06:00Z to 2026-03-16 06:00Z; weights version 1; words as in the candidates." in shown
    assert "Brackets [/red] of all [kinds]" in shown
    assert "on your never-show list" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("999999",), "There is no subscription 999999"),
        (("ADA", "--number", "77"), "has no issue number 77"),
        (("ADA", "--at", "soon"), "'soon' is not an instant"),
    ],
)
def test_what_it_cannot_use_is_named(ada: Subscription, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        _run(*(str(ada.pk) if each == "ADA" else each for each in arguments))
