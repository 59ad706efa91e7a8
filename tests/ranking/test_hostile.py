"""Whatever a reader types and whatever a feed says, the ranking answers with finite numbers."""

import math

from hypothesis import given
from hypothesis import strategies as st

from digest.ranking import Configuration, Interest, Paper, Profile, Vote, rank
from tests.ranking.cast import EVERYONE, KOOPMAN, KOOPMAN_CONTROL, NOW, keyword, paper, profile

CHINESE = paper(11, "扩散模型综述", "本文综述扩散模型在图像生成中的应用。")

text = st.text(max_size=40)
numbers = st.integers(0, 10**9)
papers = st.builds(
    Paper,
    id=numbers,
    revision=st.integers(1, 9),
    title=text,
    abstract=st.text(max_size=200),
    authors=st.lists(text, max_size=3).map(tuple),
    categories=st.lists(text, max_size=2).map(tuple),
    keywords=st.lists(text, max_size=2).map(tuple),
    topics=st.dictionaries(st.sampled_from(["a", "b"]), st.floats(0, 1)),
    upvotes=numbers,
    stars=numbers,
    appearances=st.integers(0, 50),
    picked=st.booleans(),
    announced_at=st.floats(0, 4e9),
    listed_at=st.floats(0, 4e9),
)
interests = st.builds(
    Interest,
    handle=st.integers(0, 99).map("interest:{}".format),
    kind=st.sampled_from(["topic", "category", "keyword", "author", "text"]),
    value=text | st.sampled_from(["a", "b"]),
    label=text,
    excluded=st.booleans(),
)
votes = st.builds(
    Vote,
    handle=st.integers(0, 99).map("vote:{}".format),
    kind=st.sampled_from(["more", "less", "save", "mute"]),
    paper=papers,
    at=st.floats(0, 4e9),
)
profiles = st.builds(
    Profile,
    key=numbers,
    interests=st.lists(interests, max_size=4).map(tuple),
    votes=st.lists(votes, max_size=4).map(tuple),
    seen=st.frozensets(numbers, max_size=3),
    size=st.integers(1, 6),
    listed_from=st.floats(0, 2e9),
)


@given(st.lists(papers, max_size=6, unique_by=lambda each: each.id), st.lists(profiles, max_size=3))
def test_slates_are_finite_exact_and_within_their_rules(candidates: list[Paper], readers: list[Profile]) -> None:
    slates = rank(candidates, readers, Configuration(), NOW)
    assert len(slates) == len(readers)
    known = {candidate.id: candidate for candidate in candidates}
    for reader, slate in zip(readers, slates, strict=True):
        chosen = [choice.paper for choice in slate.choices]
        assert len(chosen) == len(set(chosen)) <= reader.size
        assert not set(chosen) & reader.seen
        assert all(known[number].listed_at >= reader.listed_from for number in chosen)
        assert slate.considered >= sum(slate.excluded.values()) + len(chosen)
        for choice in slate.choices:
            assert all(math.isfinite(term.value) for term in choice.terms)
            assert sum(term.value for term in choice.terms) == choice.score


def test_a_profile_of_stop_words_says_nothing_and_gets_what_is_trending() -> None:
    (slate,) = rank(EVERYONE, [profile(keyword("the and of to which"))], Configuration(), NOW)
    assert slate.trending_only


def test_ten_thousand_words_still_find_what_they_are_about() -> None:
    typed = " ".join(f"word{n}" for n in range(9_998)) + " Koopman operator"
    (slate,) = rank(EVERYONE, [profile(Interest("interest:1", "text", typed, "My notes"))], Configuration(serendipity=0), NOW)
    assert {choice.paper for choice in slate.choices} == {KOOPMAN.id, KOOPMAN_CONTROL.id}


def test_chinese_phrases_match_chinese_papers() -> None:
    (slate,) = rank((*EVERYONE, CHINESE), [profile(keyword("扩散模型"))], Configuration(serendipity=0), NOW)
    assert [choice.paper for choice in slate.choices] == [CHINESE.id]


def test_expressions_and_statements_are_only_words() -> None:
    for typed in ("(a+)+$", "'; DROP TABLE papers; --", "[[[", "%_%", "\\", "\x00", "koopman.*|stars"):
        (slate,) = rank(EVERYONE, [profile(keyword(typed))], Configuration(serendipity=0), NOW)
        assert slate.trending_only or not slate.choices
    for typed in ("(koopman) [operator]+", "Koopman's operator%", "koopman operator; --"):
        (slate,) = rank(EVERYONE, [profile(keyword(typed))], Configuration(serendipity=0), NOW)
        assert {choice.paper for choice in slate.choices} == {KOOPMAN.id, KOOPMAN_CONTROL.id}


def test_an_empty_window_gives_an_empty_slate() -> None:
    (slate,) = rank((), [profile(keyword("Koopman operator"))], Configuration(), NOW)
    assert (slate.choices, slate.near_misses, slate.considered) == ((), (), 0)
    assert rank((), [], Configuration(), NOW) == []


def test_a_corpus_of_one_paper_still_matches() -> None:
    (slate,) = rank(EVERYONE[:1], [profile(keyword("Koopman operator"))], Configuration(), NOW)
    assert [choice.paper for choice in slate.choices] == [EVERYONE[0].id]
