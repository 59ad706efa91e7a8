"""Upvotes and submissions of signed-in readers."""

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from digest import submissions, upvotes
from digest.models import Paper, Submission, Upvote
from digest.papers import as_ranked
from digest.ranking.trust import FULL_AFTER_DAYS, LEAST, voter_trust
from digest.sources import parsing
from digest.sources.entries import Feed
from digest.sources.fetch import Fetched, FetchFailed
from digest.submissions import SubmissionRefused
from subscriptions.models import Subscriber, Subscription

from . import cast

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ANSWER = Path("tests/data/arxiv-one.atom").read_bytes()


class _Archive:
    """Stands in for arXiv: answers with octets, or not at all."""

    def __init__(self, body: bytes = ANSWER, status: int = 200, fails: bool = False) -> None:
        self.body, self.status, self.fails = body, status, fails
        self.asked: list[str] = []

    def get(self, url: str, now: dt.datetime, *, etag: str = "", last_modified: str = "") -> Fetched:
        self.asked.append(url)
        if self.fails:
            raise FetchFailed("no route to host")
        return Fetched(self.status, self.body, len(self.body), url)


def _read(form: str, body: bytes, url: str) -> Feed:
    return parsing.read(form, body, url)


@given(st.floats(-10, 1000))
def test_trust_lies_between_a_tenth_and_one_and_never_falls_with_age(days: float) -> None:
    assert LEAST <= voter_trust(days) <= voter_trust(days + 1) <= 1
    assert voter_trust(FULL_AFTER_DAYS) == 1


def test_a_reader_has_one_upvote_for_a_paper_and_can_take_it_back(inside: Client, lifted: Paper) -> None:
    path = f"/you/upvotes/{lifted.pk}/"
    assert "Upvote this paper?" in inside.get(path).content.decode()
    assert not Upvote.objects.exists()
    for _ in range(2):
        assert "yours among them" in inside.post(path, {"proof": cast.proof(inside)}).content.decode()
    assert Upvote.objects.count() == 1
    assert "Taken back" in inside.post(path, {"proof": cast.proof(inside), "do": "undo"}).content.decode()
    assert not Upvote.objects.exists()


def test_a_form_of_a_public_page_votes_when_the_browser_says_it_is_ours(inside: Client, lifted: Paper) -> None:
    path = f"/you/upvotes/{lifted.pk}/"
    assert inside.post(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert inside.post(path, headers={"origin": "https://evil.example"}).status_code == 403
    assert not Upvote.objects.exists()
    assert inside.post(path, headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert Upvote.objects.count() == 1


def test_without_a_session_an_upvote_leads_to_a_link(lifted: Paper, client: Client) -> None:
    path = f"/you/upvotes/{lifted.pk}/"
    for answer in (client.get(path), client.post(path, headers={"sec-fetch-site": "same-origin"})):
        assert answer.status_code == 401
        assert f'name="then" value="{path}"' in answer.content.decode()
    assert not Upvote.objects.exists()


def test_votes_of_new_accounts_weigh_less_in_the_ranking(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    Subscriber.objects.update(confirmed_at=now - 40 * DAY)
    ada.subscriber.refresh_from_db()
    grace = cast.ada(now, "grace@example.org").subscriber
    assert upvotes.cast(ada.subscriber, lifted.pk, now).weight == 1
    assert upvotes.cast(grace, lifted.pk, now).weight == LEAST
    # What was cast keeps its weight, so that a crowd of new accounts does not grow by waiting.
    assert upvotes.cast(grace, lifted.pk, now + 40 * DAY).weight == LEAST
    [ranked] = as_ranked([lifted.pk])
    assert ranked.votes == pytest.approx(1 + LEAST)


def test_there_is_an_end_to_a_day_s_votes(
    inside: Client, lifted: Paper, monkeypatch: pytest.MonkeyPatch, now: dt.datetime
) -> None:
    monkeypatch.setattr(upvotes, "EACH_DAY", 1)
    inside.post(f"/you/upvotes/{lifted.pk}/", {"proof": cast.proof(inside)})
    second = cast.paper("Another", "Another.", now)
    answer = inside.post(f"/you/upvotes/{second.pk}/", {"proof": cast.proof(inside)})
    assert answer.status_code == 429
    assert "Enough for today" in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("2603.01234", ("arxiv", "2603.01234")),
        (" arXiv:2603.01234v3 ", ("arxiv", "2603.01234")),
        ("https://arxiv.org/pdf/2603.01234v1.pdf", ("arxiv", "2603.01234")),
        ("arxiv.org/abs/math.GT/0309136", ("arxiv", "math/0309136")),
        ("https://huggingface.co/papers/2603.01234", ("arxiv", "2603.01234")),
        ("10.48550/arXiv.2603.01234", ("arxiv", "2603.01234")),
        ("doi:10.1234/Abc", ("doi", "10.1234/abc")),
        ("http://www.example.org/paper/?utm_source=x", ("url", "https://example.org/paper")),
    ],
)
def test_whatever_names_a_paper_is_understood(typed: str, name: tuple[str, str]) -> None:
    assert submissions.name_of(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "my paper", "https://example.org/", "ftp://example.org/x", "javascript:alert(1).x", "3.14 pi"]
)
def test_what_names_no_paper_is_refused_in_words(typed: str) -> None:
    with pytest.raises(SubmissionRefused, match=r"2603\.01234"):
        submissions.name_of(typed)


def test_a_paper_that_is_here_is_shown_instead_of_taken(inside: Client, lifted: Paper) -> None:
    page = inside.post(
        "/you/submissions/", {"proof": cast.proof(inside), "paper": "https://arxiv.org/abs/2603.00001v2"}
    ).content
    assert "It is here already" in page.decode()
    assert not Submission.objects.exists()


def test_a_submission_is_looked_up_shown_to_its_submitter_and_public_after_a_yes(
    inside: Client, ada: Subscription, now: dt.datetime
) -> None:
    answer = inside.post("/you/submissions/", {"proof": cast.proof(inside), "paper": "2104.12255"})
    path = answer.headers["Location"]
    assert "arXiv is being asked" in inside.get(path).content.decode()
    archive = _Archive()
    assert submissions.look_up_waiting(now, archive, _read, 10) == 1  # type: ignore[arg-type]  # it has the one method asked for
    assert archive.asked == ["https://export.arxiv.org/api/query?id_list=2104.12255&max_results=1"]
    found = Submission.objects.get()
    page = inside.get(path).content.decode()
    assert found.title in page
    assert "Only you see this" in page
    assert not Paper.objects.exists()
    paper = submissions.approve(found, "AK", now)
    assert paper.title == found.title
    assert paper.authors
    assert [each.source.slug for each in paper.appearances.select_related("source")] == ["readers"]
    assert f"/papers/{paper.pk}/" in inside.get(path).content.decode()
    with pytest.raises(SubmissionRefused, match="approved before, by AK"):
        submissions.decline(found, "YL", "no", now)


def test_a_no_says_why(ada: Subscription, inside: Client, now: dt.datetime) -> None:
    typed = {
        "proof": cast.proof(inside),
        "paper": "https://example.net/p/1",
        "title": "A paper\u00a0elsewhere",
        "authors": "Ada Lovelace",
    }
    path = inside.post("/you/submissions/", typed).headers["Location"]
    found = Submission.objects.get()
    assert (found.state, found.title) == ("waiting", "A paper elsewhere")
    with pytest.raises(SubmissionRefused, match="say why"):
        submissions.decline(found, "AK", "  ", now)
    submissions.decline(found, "AK", "It is an advertisement.", now)
    assert "It is an advertisement." in inside.get(path).content.decode()
    with pytest.raises(SubmissionRefused):
        submissions.approve(found, "AK", now)


def test_a_paper_elsewhere_needs_a_title_and_is_stored_with_it(inside: Client, ada: Subscription, now: dt.datetime) -> None:
    answer = inside.post("/you/submissions/", {"proof": cast.proof(inside), "paper": "https://example.net/p/1"})
    assert answer.status_code == 422
    assert "Please type that too" in answer.content.decode()
    taken = submissions.submit(ada.subscriber, "https://example.net/p/1", "A paper elsewhere", ("Ada Lovelace",), now)
    assert taken.submission
    paper = submissions.approve(taken.submission, "AK", now)
    assert (paper.title, paper.authors, paper.url) == ("A paper elsewhere", ["Ada Lovelace"], "https://example.net/p/1")


def test_everyone_who_brought_a_paper_is_told_the_same_yes(ada: Subscription, now: dt.datetime) -> None:
    grace = cast.ada(now, "grace@example.org").subscriber
    for subscriber in (ada.subscriber, grace):
        assert submissions.submit(subscriber, "2104.12255", "", (), now).outcome == "new"
    assert submissions.submit(grace, "arXiv:2104.12255v1", "", (), now).outcome == "again"
    submissions.look_up_waiting(now, _Archive(), _read, 10)  # type: ignore[arg-type]  # as above
    paper = submissions.approve(Submission.objects.earliest("id"), "AK", now)
    assert set(Submission.objects.values_list("state", "paper")) == {("approved", paper.pk)}


def test_nothing_is_approved_before_arxiv_has_answered(ada: Subscription, now: dt.datetime) -> None:
    taken = submissions.submit(ada.subscriber, "2104.12255", "", (), now).submission
    assert taken
    with pytest.raises(SubmissionRefused, match="Nothing is known of it yet"):
        submissions.approve(taken, "AK", now)


def test_an_id_that_arxiv_does_not_know_fails_and_can_be_brought_again(ada: Subscription, now: dt.datetime) -> None:
    submissions.submit(ada.subscriber, "2603.09876", "", (), now)
    submissions.look_up_waiting(now, _Archive(), _read, 10)  # type: ignore[arg-type]  # as above
    failed = Submission.objects.get()
    assert (failed.state, failed.reason) == ("failed", "arXiv has no paper 2603.09876.")
    submissions.submit(ada.subscriber, "2603.09876", "", (), now)
    assert Submission.objects.get().state == "asked"


@pytest.mark.parametrize("archive", [_Archive(fails=True), _Archive(status=503), _Archive(b"<not an answer>")])
def test_a_network_that_fails_is_tried_five_times(ada: Subscription, now: dt.datetime, archive: _Archive) -> None:
    submissions.submit(ada.subscriber, "2104.12255", "", (), now)
    answered = [submissions.look_up_waiting(now, archive, _read, 10) for _ in range(6)]  # type: ignore[arg-type]  # as above
    assert answered == [0, 0, 0, 0, 1, 0]
    assert Submission.objects.get().reason.startswith("arXiv could not be asked")


def test_there_is_an_end_to_a_day_s_submissions(inside: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "EACH_DAY", 1)
    for number, status in ((1, 302), (2, 429)):
        answer = inside.post("/you/submissions/", {"proof": cast.proof(inside), "paper": f"2603.0000{number}"})
        assert answer.status_code == status


def test_a_submission_is_shown_to_nobody_else(inside: Client, ada: Subscription, now: dt.datetime) -> None:
    grace = cast.ada(now, "grace@example.org").subscriber
    foreign = submissions.submit(grace, "2104.12255", "", (), now).submission
    assert foreign
    assert inside.get(f"/you/submissions/{foreign.pk}/").status_code == 404
    assert inside.get("/submit/").headers["Location"] == "/you/submissions/"


def test_a_vote_for_a_paper_that_was_merged_counts_for_the_paper_it_became(ada: Subscription, lifted: Paper) -> None:
    merged = Paper.objects.create(
        title="Once apart",
        title_source="Once apart",
        announced_at=lifted.announced_at,
        listed_at=lifted.listed_at,
        merged_into=lifted,
    )
    vote = upvotes.cast(ada.subscriber, merged.pk, lifted.listed_at)
    assert vote.paper_id == lifted.pk
