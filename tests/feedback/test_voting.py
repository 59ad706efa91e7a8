"""Votes on papers, and what they are said to change."""

import datetime as dt

import pytest

from digest import feedback
from digest.models import Feedback, Paper
from subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def _votes(subscription: Subscription) -> set[tuple[int, str]]:
    return set(Feedback.objects.filter(subscription=subscription).values_list("paper_id", "vote"))


def test_a_vote_is_cast_once(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    assert feedback.cast(ada.pk, lifted.pk, "more", now).new
    assert not feedback.cast(ada.pk, lifted.pk, "more", now).new
    assert _votes(ada) == {(lifted.pk, "more")}


def test_opposite_votes_give_way_and_come_back_when_it_is_undone(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    for vote in ("more", "save"):
        feedback.cast(ada.pk, lifted.pk, vote, now)
    muted = feedback.cast(ada.pk, lifted.pk, "mute", now)
    assert muted.displaced == ("more", "save")
    assert _votes(ada) == {(lifted.pk, "mute")}
    feedback.undo(ada.pk, lifted.pk, "mute", muted.displaced, now)
    assert _votes(ada) == {(lifted.pk, "more"), (lifted.pk, "save")}


def test_undoing_twice_changes_nothing_the_second_time(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    feedback.cast(ada.pk, lifted.pk, "less", now)
    for _ in range(2):
        feedback.undo(ada.pk, lifted.pk, "less", (), now)
    feedback.undo(ada.pk, lifted.pk, "less", ("more",), now)
    assert _votes(ada) == set()


def test_a_vote_that_is_none_is_refused(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    with pytest.raises(ValueError, match="sell"):
        feedback.cast(ada.pk, lifted.pk, "sell", now)


def test_a_vote_on_a_merged_paper_is_one_on_what_stands_for_it(lifted: Paper, routed: Paper) -> None:
    routed.merged_into = lifted
    routed.save()
    assert feedback.paper_of(routed.pk) == lifted
    assert feedback.paper_of(0) is None


def test_the_effect_names_words_of_the_paper_and_counts_the_votes_that_hold_them(
    ada: Subscription, lifted: Paper, routed: Paper, now: dt.datetime
) -> None:
    first = feedback.effect(ada.pk, lifted.pk, "more", now)
    assert "koopman operators" in {each.words for each in first}
    assert {(each.held, each.votes) for each in first} == {(1, 1)}
    feedback.cast(ada.pk, routed.pk, "more", now)
    then = feedback.effect(ada.pk, lifted.pk, "more", now)
    assert all(each.votes == 2 for each in then)
    assert not any("routing" in each.words for each in then)
    assert feedback.effect(ada.pk, 0, "more", now) == ()


def test_the_effect_is_the_same_before_and_after_the_vote(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    before = feedback.effect(ada.pk, lifted.pk, "less", now)
    feedback.cast(ada.pk, lifted.pk, "less", now)
    assert feedback.effect(ada.pk, lifted.pk, "less", now) == before
