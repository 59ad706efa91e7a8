"""What holds for every reader, tried on many."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ranking import Configuration, ContentModel, Interest, Profile, Vote, explain, prepare, rank
from tests.ranking.cast import EVERYONE, NOW, OLD, interest, keyword, profile, topic, vote

MODEL = ContentModel.learn((*EVERYONE, OLD), rarest=1)
KNOWN: list[Interest | Vote] = [
    keyword("Koopman operator", 1),
    keyword("AGB stars", 2),
    keyword("language model", 3),
    topic("control", "Control", 4),
    interest("category", "cs", 5),
    interest("author", "Yann LeCun", 6),
    interest("text", "robots that learn skills from several critics", 7),
    *(vote(("more", "save", "less")[at % 3], paper, 10 + at, days_ago=float(at)) for at, paper in enumerate(EVERYONE)),
    vote("mute", EVERYONE[-1], 30),
]
tastes = st.lists(st.sampled_from(KNOWN), unique_by=lambda each: each.handle, max_size=8)


@given(tastes)
@settings(deadline=None)
def test_taking_an_interest_or_a_vote_away_lowers_every_score_by_exactly_its_terms(known: list[Interest | Vote]) -> None:
    whole = {choice.paper: choice for choice in explain(EVERYONE, profile(*known), Configuration(), NOW, MODEL)}
    for gone in known:
        rest = profile(*(each for each in known if each is not gone))
        for choice in explain(EVERYONE, rest, Configuration(), NOW, MODEL):
            if choice.paper in whole:
                before = whole[choice.paper]
                assert before.score - choice.score == sum(term.value for term in before.terms if term.handle == gone.handle)


@given(st.lists(tastes, max_size=4), st.integers(1, 9))
@settings(deadline=None)
def test_company_changes_nothing(known: list[list[Interest | Vote]], size: int) -> None:
    readers = [profile(*each, size=size) for each in known]
    prepared = prepare(EVERYONE, Configuration(), NOW, MODEL)
    together = prepared.rank(readers)
    assert together == [prepared.rank([reader])[0] for reader in readers]
    assert together == rank(EVERYONE[::-1], readers, Configuration(), NOW, MODEL)


@given(tastes, st.integers(1, 9))
@settings(deadline=None)
def test_a_slate_holds_the_scores_that_are_explained(known: list[Interest | Vote], size: int) -> None:
    reader = profile(*known, size=size)
    explained = {choice.paper: choice.score for choice in explain(EVERYONE, reader, Configuration(), NOW, MODEL)}
    (slate,) = rank(EVERYONE, [reader], Configuration(), NOW, MODEL)
    for choice in slate.choices + slate.near_misses:
        assert choice.score == explained[choice.paper]


def test_equal_profiles_are_ranked_once_and_keep_their_own_handles() -> None:
    one = profile(keyword("Koopman operator", 1), vote("save", EVERYONE[0], 1))
    other = Profile(
        key=2,
        interests=(keyword("Koopman operator", 77),),
        votes=(vote("save", EVERYONE[0], 88),),
        size=one.size,
        listed_from=one.listed_from,
    )
    first, second = rank(EVERYONE, [one, other], Configuration(), NOW, MODEL)
    assert [choice.score for choice in first.choices] == [choice.score for choice in second.choices]
    assert {term.handle for choice in second.choices for term in choice.terms} == {"interest:77", "vote:88", ""}
    assert all(reason.handle in {"interest:77", "vote:88", ""} for choice in second.choices for reason in choice.reasons)


def test_equal_profiles_with_other_handles_get_what_they_would_get_alone() -> None:
    interests = [keyword("Koopman operator", 2), keyword("koopman operator", 1), topic("control", "Control", 3)]
    one = profile(*interests)
    other = Profile(
        key=2,
        interests=tuple(dataclasses.replace(each, handle=f"interest:{9 - at}") for at, each in enumerate(interests)),
        size=one.size,
        listed_from=one.listed_from,
    )
    assert (
        rank(EVERYONE, [one, other], Configuration(), NOW, MODEL)[1] == rank(EVERYONE, [other], Configuration(), NOW, MODEL)[0]
    )


def test_a_crowd_of_readers_of_all_kinds_is_ranked_as_each_alone() -> None:
    readers = [
        profile(*KNOWN[at % 7 : at % 7 + at % 4], *(KNOWN[7 + at % 5 : 7 + at % 5 + at % 3]), size=1 + at % 6)
        for at in range(150)
    ]
    prepared = prepare((*EVERYONE, OLD), Configuration(), NOW, MODEL)
    together = prepared.rank(readers)
    assert together == [slate for reader in readers[::-1] for slate in prepared.rank([reader])][::-1]
