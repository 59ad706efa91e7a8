"""What papers and readers' texts mean counts in issues, previews and explanations with the optional extra, and only then."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest import issues, papers, previews, search, tasks
from digest.feedback import tastes
from digest.held import held
from digest.issues import explaining, frozen
from digest.models import Issue, Paper, PaperState, PaperVector
from digest.ranking import dense
from digest.ranking.meaning import Vectors
from subscriptions import sessions, tokens
from subscriptions.interests import Wishes
from subscriptions.models import Interest, Subscription
from tests.issues.cast import MONDAY, digest_for, paper, reader

pytestmark = pytest.mark.django_db
TEXT = "machines that stride along on two legs"
_THEMES = {"dust": 1, "giants": 1, "legs": 0, "bipedal": 0}


class StandIn:
    """Fixed vectors: texts of one theme lie near each other. `turned` is another model: the same themes, elsewhere."""

    def __init__(self, turned: int = 0) -> None:
        self._axes = np.random.default_rng(turned).standard_normal((3, dense.SIZE)).astype(np.float32)
        self.read: list[str] = []

    def vectors(self, texts: Sequence[str]) -> Vectors:
        self.read += texts
        themes = [next((theme for word, theme in _THEMES.items() if word in text.lower()), 2) for text in texts]
        rows = self._axes[themes] + 0.01 * np.array([[len(text)] for text in texts], np.float32)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


Install = Callable[[str, StandIn], StandIn]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a stand-in in the extra's place, under a name; "" is a machine without the extra."""

    def put(name: str, embedder: StandIn) -> StandIn:
        monkeypatch.setattr(dense, "model", lambda: name)
        monkeypatch.setattr(dense, "embedder", lambda: embedder)
        dense.of_text.cache_clear()
        previews.forget()
        return embedder

    put("", StandIn())
    yield put
    dense.of_text.cache_clear()
    previews.forget()


def _library() -> dict[str, Paper]:
    """Two hold a word of the text; "near" and "wordless" are near it in meaning."""
    return {
        "elsewhere": paper("Dust that strides along on two legs"),
        "near": paper("Bipedal machines that stride along"),
        "giants": paper("Old giants, seen again"),
        "wordless": paper("Bipedal gaits, learned"),
    }


def _asks(text: str = TEXT) -> Subscription:
    wants = digest_for(reader())
    Interest.objects.create(subscription=wants, kind=Interest.Kind.TEXT, value=text)
    return wants


def _scores(subscription: Subscription) -> dict[int, float]:
    explained = explaining.explain(subscription, MONDAY)
    return {each.paper.id: each.score for each in explained.candidates}


def _embed() -> None:
    assert tasks.embed_papers() == {"embedded": Paper.objects.count(), "texts": 1}


def _stored() -> bytes:
    return bytes(Interest.objects.get().meaning or b"")


def _replayed(issue: Issue) -> bool:
    slate = issues.replay(issue)
    chosen = [(each["paper"], each["score"], each["terms"], each["reasons"]) for each in json.loads(json.dumps(issue.slate))]
    near = [(each["paper"], each["score"]) for each in issue.receipt["near_misses"]]
    return chosen == [
        (each["paper"], each["score"], each["terms"], each["reasons"]) for each in json.loads(json.dumps(slate.as_json()))
    ] and near == [(each.paper, each.score) for each in slate.near_misses]


def test_papers_near_in_meaning_score_higher_with_or_without_a_common_word(install: Install) -> None:
    library = _library()
    wants = _asks()
    before = _scores(wants)
    install("stand-in 1", StandIn())
    assert _scores(wants) == before
    _embed()
    after = _scores(wants)
    gained = {name: after[each.pk] - before[each.pk] for name, each in library.items()}
    assert gained["near"] > 0.05
    assert gained["wordless"] > 0.05
    assert gained["near"] > gained["elsewhere"] >= 0
    assert gained["giants"] == 0
    issues.publish_due(MONDAY, limit=10)
    (issue,) = Issue.objects.all()
    assert {each["paper"]: each["score"] for each in issue.slate if each["slot"] == "match"} == {
        library[name].pk: after[library[name].pk] for name in ("near", "elsewhere", "wordless")
    }
    (chosen,) = (each for each in issue.slate if each["paper"] == library["wordless"].pk)
    assert f"close in meaning to “{TEXT}”" in [each["text"] for each in chosen["reasons"]]
    assert [term["name"] for term in chosen["terms"] if term["handle"]] == ["text"]


def test_replay_makes_the_same_slate_after_another_model_has_computed_all_vectors_anew(install: Install) -> None:
    _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    issues.publish_due(MONDAY, limit=10)
    (issue,) = Issue.objects.all()
    explained = explaining.explain_issue(issue).candidates
    before = _stored()

    install("stand-in 2", StandIn(turned=7))
    _embed()
    assert set(PaperVector.objects.values_list("model", flat=True)) == {"stand-in 2"}
    assert _stored() != before
    assert _replayed(issue)
    PaperVector.objects.all().delete()
    Interest.objects.all().delete()
    install("", StandIn())
    assert _replayed(issue)
    assert explaining.explain_issue(issue).candidates == explained
    assert frozen.inputs_of(issue).profile.interests[0].meaning == before
    assert wants.pk == issue.subscription_id


def test_vectors_of_another_model_are_never_mixed_in(install: Install) -> None:
    _library()
    wants = _asks()
    plain = _scores(wants)
    install("stand-in 1", StandIn())
    _embed()
    install("stand-in 2", StandIn(turned=7))
    assert not tastes([wants.pk])[wants.pk].interests[0].meaning
    assert not any(each.meaning for each in papers.as_ranked(Paper.objects.values_list("pk", flat=True)))
    assert _scores(wants) == plain


def test_a_vector_of_an_earlier_wording_is_not_used(install: Install) -> None:
    library = _library()
    _asks()
    install("stand-in 1", StandIn())
    _embed()
    Paper.objects.filter(pk=library["near"].pk).update(revision=2)
    ranked = {each.id: each.meaning for each in papers.as_ranked(Paper.objects.values_list("pk", flat=True))}
    assert not ranked.pop(library["near"].pk)
    assert all(ranked.values())


def test_vectors_that_come_between_two_batches_are_seen_by_the_second(install: Install) -> None:
    library = _library()
    install("stand-in 1", StandIn())
    _asks()
    other = digest_for(reader("grace"), next_issue_at=MONDAY + dt.timedelta(hours=1))
    Interest.objects.create(subscription=other, kind=Interest.Kind.TEXT, value=TEXT)
    issues.publish_due(MONDAY, limit=10)
    assert tasks.embed_papers() == {"embedded": 4, "texts": 2}
    issues.publish_due(MONDAY + dt.timedelta(hours=1), limit=10)
    first, second = Issue.objects.order_by("pk")
    assert library["wordless"].pk not in [each["paper"] for each in first.slate if each["slot"] == "match"]
    assert library["wordless"].pk in [each["paper"] for each in second.slate if each["slot"] == "match"]
    assert _replayed(first)
    assert _replayed(second)


def test_a_papers_vector_is_frozen_once_for_all_readers_of_the_same_papers(install: Install) -> None:
    _library()
    install("stand-in 1", StandIn())
    for name in ("ada", "grace", "emmy"):
        Interest.objects.create(subscription=digest_for(reader(name)), kind=Interest.Kind.KEYWORD, value="machines")
    tasks.embed_papers()
    issues.publish_due(MONDAY, limit=10)
    assert Issue.objects.count() == 3
    assert PaperState.objects.count() == 4
    assert all(len(interest) == 5 for issue in Issue.objects.all() for interest in issue.profile["interests"])


def test_a_text_is_read_once_however_many_readers_typed_it(install: Install) -> None:
    embedder = install("stand-in 1", StandIn())
    for name in ("ada", "grace"):
        wants = digest_for(reader(name))
        for kind, value in ((Interest.Kind.TEXT, TEXT), (Interest.Kind.KEYWORD, "stars")):
            Interest.objects.create(subscription=wants, kind=kind, value=value)
    Interest.objects.create(subscription=wants, kind=Interest.Kind.TEXT, value="never this", excluded=True)
    assert search.texts_waiting() == 2
    assert search.embed_texts(10) == 2
    assert embedder.read == [TEXT]
    assert search.embed_texts(10) == 0
    assert Interest.objects.exclude(meaning=None).count() == 2


def test_the_preview_ranks_by_meaning_too(install: Install) -> None:
    library = _library()
    wishes = Wishes(texts=(TEXT,))
    now = MONDAY - dt.timedelta(minutes=30)

    def shown() -> dict[int, tuple[str, ...]]:
        return {each.paper.pk: each.reasons for each in previews.preview(wishes, 10, None, now).shown if not each.surprise}

    assert library["wordless"].pk not in shown()
    install("stand-in 1", StandIn())
    tasks.embed_papers()
    assert any("close in meaning" in reason for reason in shown()[library["wordless"].pk])


def test_explain_shows_what_meaning_gave(install: Install) -> None:
    library = _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    out = io.StringIO()
    call_command("explain", str(wants.pk), "--at", MONDAY.isoformat(), "--json", stdout=out)
    (found,) = (each for each in json.loads(out.getvalue())["candidates"] if each["paper"] == library["wordless"].pk)
    (term,) = (each for each in found["terms"] if each["name"] == "text")
    assert term["words"] == f"close in meaning to “{TEXT}”"
    assert found["score"] == sum(each["value"] for each in found["terms"])


def test_a_sample_ranks_by_meaning_too(install: Install) -> None:
    library = _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    issues.publish_sample(wants.pk, MONDAY)
    (issue,) = Issue.objects.all()
    assert library["wordless"].pk in [each["paper"] for each in issue.slate if each["slot"] == "match"]
    assert _replayed(issue)


def test_the_vector_is_in_the_readers_export_and_goes_with_the_reader(install: Install) -> None:
    _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    issues.publish_due(MONDAY, limit=10)
    export = held(wants.subscriber, MONDAY)
    (interest,) = export["interests"]
    assert interest["meaning_model"] == "stand-in 1"
    assert interest["meaning"]
    assert interest["meaning"] == export["issues"][0]["profile"]["interests"][0][5]
    wants.subscriber.delete()
    assert not Interest.objects.exists()
    assert not Issue.objects.exists()


def test_the_vector_goes_with_the_text_that_its_reader_stops(install: Install, client: Client) -> None:
    library = _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    interest = wants.interests.get()
    message = tokens.message_token(wants.pk, wants.subscriber.token_generation)
    page = client.post(tokens.stop_interest_path(message, interest.pk)).content.decode()
    assert not Interest.objects.exists()
    assert _scores(wants)[library["wordless"].pk] == _scores(wants)[library["giants"].pk]
    proof = page.split('name="proof" value="')[1].split('"')[0]
    undo = {"do": "undo", "kind": "text", "value": TEXT, "excluded": "no", "proof": proof}
    client.post(tokens.stop_interest_path(message, interest.pk), undo)
    assert Interest.objects.get().value == TEXT
    assert _stored() == b""
    assert tasks.embed_papers() == {"embedded": 0, "texts": 1}
    assert len(_stored()) == dense.SIZE


def test_erasing_oneself_leaves_no_vector_of_what_was_typed(install: Install, client: Client) -> None:
    _library()
    wants = _asks()
    install("stand-in 1", StandIn())
    _embed()
    issues.publish_due(MONDAY, limit=10)
    vector = _stored()
    assert frozen.inputs_of(Issue.objects.get()).profile.interests[0].meaning == vector
    cookie = sessions.start(wants.subscriber, timezone.now())
    client.cookies[sessions.COOKIE] = cookie
    client.post("/you/erase/", {"proof": sessions.proof(cookie)})
    assert not Interest.objects.exists()
    assert not Issue.objects.exists()


def test_without_the_extra_nothing_is_computed_read_or_frozen(install: Install) -> None:
    embedder = install("", StandIn())
    _library()
    wants = _asks()
    with CaptureQueriesContext(connection) as queries:
        assert tasks.embed_papers() == {"embedded": 0, "texts": 0}
    assert not queries.captured_queries
    with CaptureQueriesContext(connection) as queries:
        papers.as_ranked(Paper.objects.values_list("pk", flat=True))
    assert not any("papervector" in each["sql"] for each in queries.captured_queries)
    issues.publish_due(MONDAY, limit=10)
    (issue,) = Issue.objects.all()
    assert [len(each) for each in issue.profile["interests"]] == [5]
    assert not any(each.meaning for each in frozen.inputs_of(issue).papers)
    assert not embedder.read
    assert previews.preview(Wishes(texts=(TEXT,)), 10, None, MONDAY).shown
    assert wants.pk == issue.subscription_id
