"""How an issue is put together: budgets, diversity, surprises, near misses."""

from digest.ranking import Configuration, Profile, Slate, rank
from digest.ranking.pace import minutes
from tests.ranking.cast import DAY, EVERYONE, NOW, keyword, paper, profile

LONG = "The spectrum of the operator predicts the statistics of the flow. " * 10
TWINS = tuple(
    paper(300 + n, "Koopman operator of a pipe flow", "A Koopman operator and its spectrum in a pipe.") for n in range(4)
)
OTHERS = tuple(
    paper(400 + n, f"Koopman operator {word}", f"A Koopman operator and {word}.")
    for n, word in enumerate(["turbulence", "epidemics", "markets"])
)


def slate_of(papers: tuple[object, ...], reader: Profile, **weights: float) -> Slate:
    return rank(papers, [reader], Configuration(**weights), NOW)[0]  # type: ignore[arg-type]


def test_minutes_of_reading_are_a_budget() -> None:
    papers = tuple(paper(n, f"Koopman operator {n}", LONG) for n in range(1, 9))
    budget = 3 * minutes(papers[0]) + 0.01
    reader = Profile(key=1, interests=(keyword("Koopman operator"),), size=8, minutes=budget, listed_from=NOW - 7 * DAY)
    slate = rank(papers, [reader], Configuration(serendipity=0), NOW)[0]
    assert len(slate.choices) == 3


def test_even_a_tiny_budget_gets_one_paper() -> None:
    reader = Profile(key=1, interests=(keyword("Koopman operator"),), minutes=0.01)
    assert len(rank(EVERYONE, [reader], Configuration(serendipity=0), NOW)[0].choices) == 1


def test_papers_that_say_the_same_do_not_crowd_out_the_rest() -> None:
    reader = profile(keyword("Koopman operator"), size=4)
    chosen = {choice.paper for choice in slate_of((*TWINS, *OTHERS), reader, diversity=0.9, serendipity=0).choices}
    assert len(chosen & {twin.id for twin in TWINS}) == 1


def test_without_diversity_the_score_alone_decides() -> None:
    reader = profile(keyword("Koopman operator"), size=4)
    slate = slate_of((*TWINS, *OTHERS), reader, diversity=0.0, serendipity=0, near_misses=9)
    assert min(choice.score for choice in slate.choices) >= max(choice.score for choice in slate.near_misses)


def test_the_surprise_is_counted_within_the_size_and_says_what_it_is() -> None:
    popular = paper(900, "A language model", "We train a language model.", upvotes=500)
    slate = slate_of((*TWINS, *OTHERS, popular), profile(keyword("Koopman operator"), size=4))
    assert len(slate.choices) == 4
    assert [choice.slot for choice in slate.choices] == ["match", "match", "match", "serendipity"]
    assert slate.choices[-1].reasons[0].text == "outside your topics, trending: 500 upvotes"


def test_near_misses_are_the_best_that_were_left_out() -> None:
    slate = slate_of((*TWINS, *OTHERS), profile(keyword("Koopman operator"), size=3), near_misses=2)
    assert len(slate.near_misses) == 2
    assert not {miss.paper for miss in slate.near_misses} & {choice.paper for choice in slate.choices}
    assert slate.matched == 7
