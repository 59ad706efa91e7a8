"""What a reader notices of the ranking: what comes, what never comes, and the words that say why."""

import dataclasses
import json

import pytest

from digest.ranking import BadProfile, Configuration, Interest, Paper, Profile, Slate, Vote, explain, prepare, rank
from tests.ranking.cast import (
    AGB,
    AGB_DUST,
    DAY,
    DIFFUSION,
    EVERYONE,
    KOOPMAN,
    KOOPMAN_CONTROL,
    NOW,
    OLD,
    POPULAR,
    REINFORCEMENT,
    interest,
    keyword,
    paper,
    profile,
    topic,
    vote,
)


def slate_of(reader: Profile, papers: tuple[Paper, ...] = EVERYONE, configuration: Configuration | None = None) -> Slate:
    return rank(papers, [reader], configuration or Configuration(), NOW)[0]


def ids(slate: Slate, slot: str = "match") -> list[int]:
    return [choice.paper for choice in slate.choices if choice.slot == slot]


def reasons(slate: Slate, number: int) -> list[str]:
    return [reason.text for choice in slate.choices if choice.paper == number for reason in choice.reasons]


def test_a_phrase_finds_its_papers_and_says_which() -> None:
    slate = slate_of(profile(keyword("Koopman operator")))
    assert set(ids(slate)) == {KOOPMAN.id, KOOPMAN_CONTROL.id}
    assert reasons(slate, KOOPMAN.id)[0] == "matches “Koopman operator” (2 terms)"


def test_plural_accents_case_and_hyphens_make_no_difference() -> None:
    for typed in ("KOOPMAN OPERATORS", "koopman-operators", "Koopmän operator"):
        assert set(ids(slate_of(profile(keyword(typed))))) == {KOOPMAN.id, KOOPMAN_CONTROL.id}


def test_what_was_typed_word_for_word_comes_before_what_resembles_it() -> None:
    resembling = paper(321, "Models of one language", "A model of language, with language in every model.")
    longer = paper(322, "On large language models", "We prune large language models of code.")
    exact = paper(323, "On language models", "We prune the language models of today.")
    slate = slate_of(profile(keyword("language models")), (resembling, longer, exact))
    assert ids(slate)[:2] == [exact.id, longer.id]


def test_one_common_word_of_a_phrase_is_not_a_match() -> None:
    assert ids(slate_of(profile(keyword("language operator theory of semigroups")))) == []


def test_a_topic_is_named_in_its_reason() -> None:
    slate = slate_of(profile(topic("reinforcement-learning", "Reinforcement learning")))
    assert ids(slate) == [REINFORCEMENT.id]
    assert reasons(slate, REINFORCEMENT.id)[0] == "in your topic Reinforcement learning"


def test_a_category_takes_its_archive_too() -> None:
    assert set(ids(slate_of(profile(interest("category", "astro-ph"))))) == {AGB.id, AGB_DUST.id}
    assert set(ids(slate_of(profile(interest("category", "astro-ph.SR"))))) == {AGB.id, AGB_DUST.id}
    assert ids(slate_of(profile(interest("category", "astro")))) == []


@pytest.mark.parametrize("typed", ["Yann LeCun", "LeCun, Yann", "Y. LeCun", "yann lecun"])
def test_an_author_is_found_however_the_name_is_written(typed: str) -> None:
    slate = slate_of(profile(interest("author", typed)))
    assert ids(slate) == [KOOPMAN.id]
    assert reasons(slate, KOOPMAN.id)[0] == "by Yann LeCun, an author you follow"


def test_another_author_of_the_same_last_name_is_not_the_one_followed() -> None:
    assert ids(slate_of(profile(interest("author", "Xavier LeCun")))) == []


def test_a_saved_paper_brings_others_like_it() -> None:
    slate = slate_of(profile(vote("save", KOOPMAN), seen=frozenset({KOOPMAN.id})))
    assert ids(slate)[0] == KOOPMAN_CONTROL.id
    assert reasons(slate, KOOPMAN_CONTROL.id)[0] == "like “Koopman operators for chaotic flows”, which you saved"


def test_what_the_liked_papers_share_counts_before_what_one_of_them_says() -> None:
    likes = [
        paper(301, "Sparse attention for video", "Sparse attention speeds up video models of traffic."),
        paper(302, "Sparse attention in speech", "Sparse attention makes speech recognition of whales cheap."),
        paper(303, "Sparse attention on graphs", "Sparse attention finds communities of bakers in graphs."),
    ]
    shared = paper(311, "Sparse attention of molecules", "Sparse attention predicts the folding of molecules.")
    accident = paper(312, "Speech recognition of whales", "Speech recognition tells whales apart in the ocean.")
    voted = [vote("more", liked, number) for number, liked in enumerate(likes)]
    slate = slate_of(profile(*voted), (*EVERYONE, accident, shared))
    assert ids(slate)[0] == shared.id


def test_less_like_this_lowers_a_score_and_is_a_term_of_it() -> None:
    plain = slate_of(profile(keyword("AGB stars"))).choices
    lowered = slate_of(profile(keyword("AGB stars"), vote("less", AGB_DUST))).choices
    before = {choice.paper: choice.score for choice in plain}
    after = {choice.paper: choice for choice in lowered}
    assert after[AGB.id].score < before[AGB.id]
    assert any(term.name == "less" and term.value < 0 for term in after[AGB.id].terms)


def test_two_separate_interests_both_get_a_share() -> None:
    crowd = tuple(
        paper(100 + n, f"Koopman operator of flow number {n}", "A Koopman operator and its spectrum.", upvotes=n)
        for n in range(30)
    )
    stars = tuple(paper(200 + n, f"Winds of giant stars {n}", "Mass loss of one AGB star.") for n in range(4))
    slate = slate_of(profile(keyword("Koopman operator", 1), keyword("AGB stars", 2), size=8), crowd + stars)
    assert len([number for number in ids(slate) if number >= 200]) >= 2
    assert len([number for number in ids(slate) if number < 200]) >= 2


def test_popularity_never_takes_the_place_of_what_was_asked_for() -> None:
    slate = slate_of(profile(keyword("AGB stars"), size=2))
    assert set(ids(slate)) == {AGB.id, AGB_DUST.id}


def test_papers_that_match_nothing_do_not_fill_the_issue() -> None:
    slate = slate_of(profile(keyword("AGB stars"), size=12))
    assert set(ids(slate)) == {AGB.id, AGB_DUST.id}
    assert ids(slate, "serendipity") == [POPULAR.id]
    assert len(slate.choices) == 3


def test_the_serendipity_slot_can_be_switched_off() -> None:
    slate = slate_of(profile(keyword("AGB stars")), configuration=Configuration(serendipity=0))
    assert ids(slate, "serendipity") == []


def test_nothing_that_matches_means_an_empty_slate_not_filler() -> None:
    slate = slate_of(profile(keyword("numismatics")))
    assert slate.choices == ()
    assert not slate.trending_only
    assert (slate.considered, slate.matched) == (len(EVERYONE), 0)


def test_a_reader_of_whom_nothing_is_known_gets_what_is_trending() -> None:
    slate = slate_of(profile(size=3))
    assert slate.trending_only
    assert ids(slate, "trending") == [POPULAR.id, DIFFUSION.id, REINFORCEMENT.id]
    assert reasons(slate, POPULAR.id) == ["trending: 420 upvotes, 9,000 stars"]


def test_only_exclusions_are_not_a_taste() -> None:
    slate = slate_of(profile(keyword("language model", excluded=True), size=3))
    assert slate.trending_only
    assert POPULAR.id not in ids(slate, "trending")


def test_exclusions_are_respected_and_counted_once_each() -> None:
    reader = profile(
        keyword("Koopman operator", 1),
        topic("control", "Control", 2, excluded=True),
        interest("category", "eess.SY", 3, excluded=True),
        vote("mute", POPULAR),
        seen=frozenset({KOOPMAN.id, 999}),
    )
    slate = slate_of(reader)
    assert slate.excluded == {"already sent": 1, "muted": 1, "on your never-show list": 1}
    assert ids(slate) == []
    assert not {KOOPMAN.id, KOOPMAN_CONTROL.id, POPULAR.id} & {choice.paper for choice in slate.choices}


def test_papers_listed_before_the_window_are_not_considered() -> None:
    slate = slate_of(profile(keyword("Koopman operator")), (*EVERYONE, OLD))
    assert OLD.id not in ids(slate)
    assert slate.considered == len(EVERYONE)


def test_never_more_than_the_size_and_what_is_left_is_a_near_miss() -> None:
    slate = slate_of(profile(keyword("Koopman operator"), size=1))
    assert len(slate.choices) == 1
    assert len(slate.near_misses) == 1
    assert slate.near_misses[0].score <= slate.choices[0].score


def test_every_score_is_exactly_the_sum_of_its_terms_and_survives_json() -> None:
    slate = slate_of(
        profile(keyword("Koopman operator"), topic("control", "Control", 2), vote("more", AGB), vote("less", POPULAR, 2))
    )
    assert slate.choices
    for choice in slate.choices:
        assert sum(term.value for term in choice.terms) == choice.score
    stored = json.loads(json.dumps(slate.as_json()))
    assert [entry["score"] for entry in stored] == [choice.score for choice in slate.choices]
    assert list(stored[0]) == ["paper", "revision", "score", "slot", "terms", "reasons"]


def test_removing_an_interest_lowers_the_score_by_exactly_its_term() -> None:
    whole: list[Interest | Vote] = [
        keyword("Koopman operator", 1),
        topic("control", "Control", 2),
        interest("category", "eess.SY", 3),
        vote("save", KOOPMAN),
    ]
    before = next(c for c in slate_of(profile(*whole)).choices if c.paper == KOOPMAN_CONTROL.id)
    for item in whole:
        rest = slate_of(profile(*(other for other in whole if other is not item)))
        after = next(c for c in rest.choices if c.paper == KOOPMAN_CONTROL.id)
        assert before.score - after.score == sum(term.value for term in before.terms if term.handle == item.handle)


def test_every_reason_with_a_handle_belongs_to_a_term() -> None:
    slate = slate_of(profile(keyword("Koopman operator"), vote("save", AGB)))
    for choice in slate.choices:
        for reason in choice.reasons:
            assert any(term.handle == reason.handle for term in choice.terms)


def test_the_order_of_papers_and_profiles_changes_nothing() -> None:
    readers = [profile(keyword("Koopman operator")), profile(), profile(vote("more", AGB))]
    forward = rank(EVERYONE, readers, Configuration(), NOW)
    backward = rank(EVERYONE[::-1], readers[::-1], Configuration(), NOW)[::-1]
    assert forward == backward


def test_papers_prepared_once_give_the_same_slates_to_every_batch_of_readers() -> None:
    readers = [
        profile(keyword("Koopman operator")),
        profile(vote("more", AGB), vote("less", POPULAR, 2), keyword("unheard words of nobody", 3)),
        profile(),
        profile(topic("control", "Control"), vote("save", OLD)),
    ]
    prepared = prepare(EVERYONE, Configuration(), NOW)
    one_by_one = [slate for reader in readers[::-1] for slate in prepared.rank([reader])][::-1]
    assert one_by_one == rank(EVERYONE, readers, Configuration(), NOW)


def test_a_mistake_in_a_profile_is_named() -> None:
    with pytest.raises(BadProfile, match="interest:1 has the kind 'colour'"):
        slate_of(profile(interest("colour", "blue")))
    with pytest.raises(BadProfile, match="vote:1 has the kind 'love'"):
        slate_of(profile(vote("love", AGB)))
    with pytest.raises(BadProfile, match="asks for 0 papers"):
        slate_of(profile(size=0))
    with pytest.raises(ValueError, match="two papers of one id"):
        slate_of(profile(), (AGB, dataclasses.replace(POPULAR, id=AGB.id)))


def test_of_two_votes_the_recent_one_counts_more_and_a_fresh_vote_gives_most() -> None:
    robots = [paper(n, f"Robots that fold cloth {n}", "Grippers fold sleeves with care.") for n in (70, 71)]
    stars = [paper(n, f"Dust around giant stars {n}", "Grains condense in stellar winds.") for n in (80, 81)]
    window = (robots[1], stars[1], *(paper(n, f"Subject {n} of no kind", f"Nothing but matter {n}.") for n in range(8, 40)))

    def given(robots_days: float, stars_days: float) -> tuple[float, float]:
        votes = [
            dataclasses.replace(vote("save", each[0], n), at=NOW - days * DAY)
            for n, (each, days) in enumerate(((robots, robots_days), (stars, stars_days)))
        ]
        scores = {each.paper: each for each in explain(window, profile(*votes), Configuration(), NOW)}
        robot, star = (sum(t.value for t in scores[n].terms if t.name.startswith("vote")) for n in (71, 81))
        return robot, star

    assert given(0, 0)[0] == pytest.approx(given(0, 0)[1], rel=0.2)
    robot, star = given(0, 90)
    assert robot > 1.2 * star > 0
    robot, star = given(90, 0)
    assert star > 1.2 * robot > 0
    alone = [dataclasses.replace(vote("save", robots[0], 0), at=NOW - days * DAY) for days in (0, 90, 900)]
    values = [explain(window, profile(each), Configuration(), NOW)[0].terms[0].value for each in alone]
    assert values[0] > values[1] > values[2]


def test_likes_that_have_nothing_in_common_are_trusted_less_than_likes_that_have() -> None:
    about = [paper(n, f"Koopman operator study {n}", "The Koopman operator of a flow, and its spectrum.") for n in range(1, 5)]
    apart = [
        paper(5, "Dust around old stars", "Grains form in winds."),
        paper(6, "Robots that fold cloth", "Grippers and sleeves."),
        paper(7, "Voting in parliaments", "Ballots and quorums."),
    ]
    alike = [dataclasses.replace(each, id=60 + each.id) for each in apart]
    window = [*about, *apart, *alike, *(paper(n, f"Subject {n} of no kind", f"Nothing but matter {n}.") for n in range(8, 60))]

    def given(liked: list[Paper]) -> float:
        reader = profile(*(vote("save", each, n) for n, each in enumerate(liked)))
        found = {choice.paper: choice for choice in explain(window, reader, Configuration(), NOW)}
        return sum(term.value for term in found[liked[0].id].terms if term.name.startswith("vote"))

    assert given(about[:3]) > 2 * given(apart) > 0
