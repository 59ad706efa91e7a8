"""The links of a digest that answer it."""

import datetime as dt

import pytest
from django.test import Client

from digest.models import Feedback, Paper
from subscriptions import tokens
from subscriptions.models import Interest, Subscriber, Subscription

from . import cast

pytestmark = pytest.mark.django_db


def _path(subscription: Subscription, paper: Paper, vote: str) -> str:
    return tokens.feedback_path(cast.message(subscription), paper.pk, vote)


@pytest.mark.parametrize(
    ("vote", "button", "told"),
    [
        ("more", "Show me more like this", "Noted: more like this"),
        ("less", "Show me less like this", "Noted: less like this"),
        ("save", "Save this paper", "Saved"),
        ("mute", "Never show it again", "It will not come again"),
    ],
)
def test_looking_asks_and_the_button_votes_and_undoes(
    ada: Subscription, lifted: Paper, client: Client, vote: str, button: str, told: str
) -> None:
    path = _path(ada, lifted, vote)
    for _ in range(2):
        page = client.get(path).content.decode()
        assert button in page
        assert "Nothing has been changed yet." in page
        assert "koopman operators" in page
    assert not Feedback.objects.exists()
    page = client.post(path).content.decode()
    assert f"<h1>{told}</h1>" in page
    assert "Undo" in page
    assert Feedback.objects.get().vote == vote
    assert f"<h1>{told}</h1>" in client.get(path).content.decode()
    assert "Undone" in client.post(path, {"do": "undo"}).content.decode()
    assert not Feedback.objects.exists()


def test_a_forwarded_vote_gives_away_nothing_personal(ada: Subscription, lifted: Paper, client: Client) -> None:
    page = client.post(_path(ada, lifted, "mute")).content.decode()
    assert "ada@example.org" not in page
    assert "/you/" not in page


def test_muting_offers_the_topic_and_the_authors_and_takes_them_back(ada: Subscription, lifted: Paper, client: Client) -> None:
    path = _path(ada, lifted, "mute")
    page = client.get(path).content.decode()
    assert "Never show Koopman operators" in page
    assert "Never show Emmy Noether" in page
    client.post(path, {"do": "mute", "kind": "author", "value": "Emmy Noether"})
    noether = ada.interests.get(kind="author")
    assert (noether.value, noether.excluded) == ("Emmy Noether", True)
    page = client.post(path, {"do": "mute", "kind": "topic", "value": "koopman"}).content.decode()
    assert "Undo: show it again" in page
    wanted = ada.interests.get(kind="topic")
    assert ada.interests.filter(kind="topic", excluded=True).exists()
    client.post(path, {"do": "unmute", "interest": str(wanted.pk), "before": "wanted"})
    assert ada.interests.filter(kind="topic", excluded=False).exists()
    client.post(path, {"do": "unmute", "interest": str(noether.pk), "before": ""})
    assert not ada.interests.filter(kind="author").exists()


@pytest.mark.parametrize("value", ["alchemy", "", "x" * 200, "a\0b"])
def test_what_cannot_be_muted_changes_nothing(ada: Subscription, lifted: Paper, client: Client, value: str) -> None:
    for kind in ("topic", "author", "moon"):
        if kind == "author" and value == "alchemy":
            continue
        assert client.post(_path(ada, lifted, "mute"), {"do": "mute", "kind": kind, "value": value}).status_code == 200
    assert ada.interests.count() == 1


def test_a_reason_can_be_stopped_and_comes_back_under_its_old_number(ada: Subscription, client: Client) -> None:
    interest = ada.interests.get()
    path = tokens.stop_interest_path(cast.message(ada), interest.pk)
    assert "Stop matching on it" in client.get(path).content.decode()
    assert ada.interests.exists()
    page = client.post(path).content.decode()
    assert "No longer matched on" in page
    assert not ada.interests.exists()
    assert "This was stopped before" in client.get(path).content.decode()
    proof = page.split('name="proof" value="')[1].split('"')[0]
    undo = {"do": "undo", "kind": "topic", "value": "koopman", "excluded": "no", "proof": proof}
    assert "Matched on again" in client.post(path, undo).content.decode()
    assert ada.interests.get().pk == interest.pk
    client.post(path, undo)
    assert ada.interests.count() == 1


def test_undoing_takes_a_proof_and_never_brings_anothers_interest(ada: Subscription, client: Client, now: dt.datetime) -> None:
    path = tokens.stop_interest_path(cast.message(ada), 12345)
    grace = cast.ada(now, "grace@example.org", topics=("koopman",))
    foreign = tokens.sign(tokens.Scope.UNDO, grace.pk, 12345)
    for proof in ("", "x", foreign, tokens.sign(tokens.Scope.UNDO, ada.pk, grace.interests.get().pk)):
        client.post(path, {"do": "undo", "kind": "author", "value": "Eve", "excluded": "no", "proof": proof})
    assert not Interest.objects.filter(kind="author").exists()


def test_a_stranger_to_the_digest_cannot_stop_its_interests(ada: Subscription, client: Client, now: dt.datetime) -> None:
    grace = cast.ada(now, "grace@example.org")
    client.post(tokens.stop_interest_path(cast.message(grace), ada.interests.get().pk))
    assert ada.interests.exists()


def test_wrong_revoked_and_ended_links_get_the_one_page_of_dead_links(
    ada: Subscription, lifted: Paper, client: Client, now: dt.datetime
) -> None:
    token = cast.message(ada)
    dead = [
        tokens.feedback_path("x", lifted.pk, "more"),
        tokens.feedback_path(token, 0, "more"),
        tokens.feedback_path(token, lifted.pk, "sell"),
        tokens.stop_interest_path("x", 1),
    ]
    pages = {client.get(path).content for path in dead} | {client.post(path).content for path in dead}
    assert len(pages) == 1
    Subscriber.objects.update(token_generation=1)
    assert client.post(_path(ada, lifted, "more")).status_code == 404
    Subscriber.objects.update(token_generation=0)
    Subscription.objects.update(ended_at=now, next_issue_at=None)
    assert client.post(_path(ada, lifted, "more")).status_code == 404
    assert not Feedback.objects.exists()
