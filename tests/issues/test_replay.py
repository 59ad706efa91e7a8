"""An issue's frozen inputs make the same slate again, whatever has become of the papers and the reader's taste since."""

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import corpus, issues, ranking
from digest.issues import frozen
from digest.models import CandidateList, Feedback, Issue, Paper, PaperState, PaperTopic, RankingConfiguration
from subscriptions.models import Interest, Subscription
from tests.issues.cast import DAY, HOUR, MONDAY, WEEK, digest_for, paper, reader, settle, topic

pytestmark = pytest.mark.django_db


def _library() -> list[Paper]:
    robots, stars = topic("robot-learning"), topic("stellar-physics")
    return [
        paper("Koopman operators for robots", robots, upvotes=12, authors=["Ada Lovelace"], keywords=["koopman operator"]),
        paper("Schrödinger bridges and 拡散 models", upvotes=3, stars=40),
        paper("AGB stars in the Magellanic Clouds", stars, categories=["astro-ph.SR"]),
        paper("Old giants, seen again", stars, upvotes=7, listed_at=MONDAY - 2 * DAY),
        paper("Grasping soft things", robots, listed_at=MONDAY - 3 * DAY),
        paper("Something else entirely", upvotes=99),
    ]


def _publish() -> None:
    """Six readers of different tastes, some of whom have voted."""
    library = _library()
    earlier = paper("Koopman control", topic("robot-learning"), listed_at=MONDAY - 5 * WEEK)
    for number, (kind, value) in enumerate(
        [("keyword", "koopman"), ("text", "bridges between distributions"), ("author", "Lovelace"), ("category", "astro-ph.SR")]
    ):
        wants = digest_for(reader(f"reader{number}"), topic("stellar-physics"), size=2 + number)
        Interest.objects.create(subscription=wants, kind=kind, value=value)
        for vote, voted in (("save", earlier), ("less", library[3])):
            Feedback.objects.create(
                subscription=wants, paper=voted, vote=vote, created_at=MONDAY - number * DAY - dt.timedelta(microseconds=7)
            )
    digest_for(reader("knows nothing"))
    muting = digest_for(reader("mutes"), topic("robot-learning"))
    Feedback.objects.create(subscription=muting, paper=library[0], vote="mute", created_at=MONDAY - DAY)
    assert issues.publish_due(MONDAY, limit=10).published == 6


def _same(issue: Issue) -> bool:
    slate = issues.replay(issue)
    near = [{"paper": each.paper, "score": each.score} for each in slate.near_misses]
    again = json.dumps([slate.as_json(), near])
    return again == json.dumps([_as_stored(issue), issue.receipt["near_misses"]])


def _as_stored(issue: Issue) -> list[dict[str, object]]:
    """The stored slate with its keys in the order in which `Slate.as_json` gives them; jsonb keeps no order."""
    term, reason = ("name", "value", "handle", "words"), ("text", "handle")
    return [
        {
            **{key: each[key] for key in ("paper", "revision", "score", "slot")},
            "terms": [{key: part[key] for key in term} for part in each["terms"]],
            "reasons": [{key: part[key] for key in reason} for part in each["reasons"]],
        }
        for each in issue.slate
    ]


@pytest.mark.parametrize("learned", [False, True])
def test_a_replay_makes_the_same_slate_bit_for_bit(learned: bool) -> None:
    if learned:
        _library()
        corpus.learn(MONDAY - WEEK)
        Paper.objects.update(listed_at=MONDAY - 4 * WEEK)
    _publish()
    before = list(Issue.objects.order_by("pk"))
    assert all((issue.content_model is not None) == learned for issue in before)

    Paper.objects.update(title="Rewritten", abstract="All new.", upvotes=0, revision=9, authors=[], keywords=[])
    PaperTopic.objects.all().delete()
    Interest.objects.all().delete()
    Feedback.objects.all().delete()
    Subscription.objects.update(size=1)
    RankingConfiguration.objects.create(version=2, weights={**before[0].configuration.weights, "topic": 0.0, "version": 2})
    corpus.learn(MONDAY + DAY)

    for issue in Issue.objects.select_related("candidates", "configuration", "content_model"):
        assert _same(issue)


def test_an_issue_with_nothing_in_it_can_be_replayed_too() -> None:
    digest_for(reader(), topic("robot-learning"))
    paper("Old giants", topic("stellar-physics"))
    issues.publish_due(MONDAY, limit=10)
    slate = issues.replay(Issue.objects.get())
    assert (slate.choices, slate.considered) == ((), 1)


def test_an_issue_that_was_never_ranked_says_so() -> None:
    digest_for(reader())
    paper("Something", listed_at=MONDAY + 5 * WEEK - DAY)
    issues.publish_due(MONDAY + 5 * WEEK, limit=10)
    with pytest.raises(issues.NeverRanked, match="was never ranked: too late"):
        issues.replay(Issue.objects.get(number=None))


def test_papers_and_lists_are_frozen_once_however_many_issues_share_them() -> None:
    library = _library()
    for number in range(5):
        digest_for(reader(f"reader{number}"), next_issue_at=MONDAY + (number % 2) * HOUR)
    issues.publish_due(MONDAY, limit=2)
    issues.publish_due(MONDAY, limit=2)
    issues.publish_due(MONDAY + HOUR, limit=10)
    assert PaperState.objects.count() == len(library)
    assert CandidateList.objects.count() == 1
    settle(Issue.objects.all())
    Paper.objects.filter(pk=library[0].pk).update(upvotes=500)
    late = digest_for(reader("late"), next_issue_at=MONDAY + 2 * HOUR)
    issues.publish_due(MONDAY + 2 * HOUR, limit=10)
    assert PaperState.objects.count() == len(library) + 1
    assert CandidateList.objects.count() == 2
    assert Issue.objects.get(subscription=late).candidates != Issue.objects.first().candidates  # type: ignore[union-attr] # it is there


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
numbers = st.floats(min_value=0, max_value=4e9, allow_nan=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.builds(
        ranking.Paper,
        id=st.integers(1, 2**62), revision=st.integers(1, 9), title=texts, abstract=texts,
        authors=st.lists(texts, max_size=3).map(tuple), categories=st.lists(texts, max_size=2).map(tuple),
        keywords=st.lists(texts, max_size=2).map(tuple), topics=st.dictionaries(texts, st.floats(0.001, 1), max_size=3),
        upvotes=st.integers(0, 10**6), stars=st.integers(0, 10**6), appearances=st.integers(0, 9), picked=st.booleans(),
        announced_at=numbers, listed_at=numbers,
    )
)  # fmt: skip
def test_whatever_a_paper_says_is_read_back_as_it_was(given_: ranking.Paper) -> None:
    states = frozen.store_states([given_])
    (again,) = frozen.read_states(states.values()).values()
    assert again == given_
