"""The one formula for what is trending."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from digest.ranking import Configuration, trending_score
from digest.ranking.trending import age_words, words
from tests.ranking.cast import DAY, NOW, POPULAR, paper

WEIGHTS = Configuration()


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 400))
def test_it_lies_between_nothing_and_one(upvotes: int, stars: int, days: float) -> None:
    assert 0 <= trending_score(paper(1, "A", upvotes=upvotes, stars=stars, days_old=days), WEIGHTS, NOW) <= 1


def test_it_halves_with_every_half_life() -> None:
    later = NOW + WEIGHTS.trending_half_life_days * DAY
    assert abs(trending_score(POPULAR, WEIGHTS, later) * 2 - trending_score(POPULAR, WEIGHTS, NOW)) < 1e-12


def test_stars_of_a_repository_weigh_less_than_votes() -> None:
    assert trending_score(paper(1, "A", stars=400), WEIGHTS, NOW) < trending_score(paper(1, "A", upvotes=400), WEIGHTS, NOW)


def test_an_editors_pick_and_another_source_count() -> None:
    plain = paper(1, "A", upvotes=5)
    for better in (dataclasses.replace(plain, picked=True), dataclasses.replace(plain, appearances=3)):
        assert trending_score(better, WEIGHTS, NOW) > trending_score(plain, WEIGHTS, NOW)


def test_its_words_say_what_it_counted() -> None:
    seen = dataclasses.replace(POPULAR, picked=True, appearances=3, upvotes=1)
    assert words(seen) == "an editor's pick, 1 upvote, 9,000 stars, seen in 3 sources"
    assert words(paper(1, "A")) == ""


def test_ages_are_said_in_days() -> None:
    assert [age_words(paper(1, "A", days_old=days), NOW) for days in (0.5, 1.2, 30.0)] == [
        "announced today",
        "announced yesterday",
        "announced 30 days ago",
    ]
