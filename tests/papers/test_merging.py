"""Papers that turn out to be one."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from digest import feedback, papers
from digest.models import Appearance, Feedback, Paper, PaperIdentifier, PaperTopic, Pick, Upvote
from subscriptions.models import Subscriber, Subscription
from tests.locks import until_somebody_waits
from tests.papers.cast import NOW, ON_ARXIV, entry, source

pytestmark = pytest.mark.django_db


def _subscription(name: str) -> Subscription:
    reader = Subscriber.objects.create(
        address=f"{name}@example.org",
        mailbox_hash=name.encode(),
        time_zone="Europe/Paris",
        status="confirmed",
        confirmed_at=NOW,
    )
    return Subscription.objects.create(subscriber=reader)


def _two() -> tuple[Paper, Paper]:
    papers.store([ON_ARXIV], source("arxiv"), NOW)
    papers.store([entry(arxiv_id="", url="", doi="10.1234/abc", version=None, title="In a journal")], source("journal"), NOW)
    kept, gone = Paper.objects.order_by("id")
    return kept, gone


def _bridge() -> papers.Stored:
    return papers.store([entry(doi="10.1234/abc")], source("arxiv"), NOW)


def test_votes_picks_and_feedback_move_and_none_counts_twice() -> None:
    kept, gone = _two()
    ada, alan = _subscription("ada"), _subscription("alan")
    editor = get_user_model().objects.create(username="editor")
    for paper, reader in ((kept, ada), (gone, ada), (gone, alan)):
        Upvote.objects.create(paper=paper, subscriber=reader.subscriber)
        Feedback.objects.create(paper=paper, subscription=reader, vote="save")
    Pick.objects.create(paper=gone, editor=editor, note="Read this.")
    assert _bridge().merged == 1
    assert set(Upvote.objects.values_list("paper", "subscriber__address")) == {
        (kept.pk, "ada@example.org"),
        (kept.pk, "alan@example.org"),
    }
    assert set(Feedback.objects.values_list("paper", "subscription")) == {(kept.pk, ada.pk), (kept.pk, alan.pk)}
    assert Pick.objects.get().paper == kept
    assert not PaperTopic.objects.filter(paper=gone).exists()


def test_a_vote_that_lands_on_a_merged_paper_is_moved_later() -> None:
    kept, gone = _two()
    _bridge()
    Upvote.objects.create(paper=gone, subscriber=_subscription("ada").subscriber)
    with transaction.atomic():
        assert papers.settle() == 1
        assert papers.settle() == 0
    assert Upvote.objects.get().paper == kept


@pytest.mark.django_db(transaction=True)
def test_a_vote_cast_while_its_paper_is_merged_moves_at_once() -> None:
    kept, gone = _two()
    ada = _subscription("ada")
    voter = _Thread(lambda: feedback.cast(ada.pk, gone.pk, "more", NOW))
    with transaction.atomic():
        _bridge()
        voter.start()
        until_somebody_waits()
    voter.join()
    assert voter.failed is None
    assert Feedback.objects.get().paper == kept
    assert papers.settle() == 0


@pytest.mark.django_db(transaction=True)
def test_a_merge_waits_for_a_vote_under_way_and_takes_it_along() -> None:
    kept, gone = _two()
    ada = _subscription("ada")
    merger = _Thread(_bridge)
    with transaction.atomic():
        feedback.cast(ada.pk, gone.pk, "more", NOW)
        merger.start()
        until_somebody_waits()
    merger.join()
    assert merger.failed is None
    assert Feedback.objects.get().paper == kept


class _Thread(threading.Thread):
    """Work on a connection of its own; `failed` is what it raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failed = error
        finally:
            connection.close()


def test_a_chain_of_merges_leads_to_the_last() -> None:
    kept, gone = _two()
    papers.store([entry(arxiv_id="", url="https://blog.example.org/a", version=None, title="On a blog")], source("blog"), NOW)
    third = Paper.objects.latest("id")
    papers.store([entry(arxiv_id="", doi="10.1234/abc", url="https://blog.example.org/a", version=None)], source("blog"), NOW)
    _bridge()
    assert papers.successors([gone.pk, third.pk]) == {gone.pk: kept.pk, third.pk: kept.pk}


def test_what_an_archive_deletes_is_withdrawn_here() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    stored = papers.store([entry(title="", withdrawn=True)], source(), NOW)
    assert (stored.known, stored.updated, stored.refused) == (1, 1, [])
    assert Paper.objects.get().withdrawn_at == NOW


def test_what_a_version_changed_is_told() -> None:
    said = ("A title", "One two three four five six seven eight nine ten.")
    assert str(papers.changed(said, said)) == "neither title nor abstract"
    assert str(papers.changed(said, ("A new title", said[1]))) == "the title"
    assert str(papers.changed(said, ("A new title", said[1].replace("ten", "eleven")))) == "the title and 10% of the abstract"


@pytest.mark.django_db(transaction=True)
def test_merges_at_the_same_time_end_as_one_paper_without_a_deadlock() -> None:
    """Eight places know the work by one name each; eight others, at once, say of two names each that they are the same."""
    for number in range(8):
        single = entry(arxiv_id="", url="", version=None, doi=f"10.1234/{number}", title=f"Title {number}")
        papers.store([single], source(f"place-{number}"), NOW)
    bridges = [
        entry(
            arxiv_id="", version=None, doi=f"10.1234/{number}", url=f"https://doi.org/10.1234/{(number + 1) % 8}", title="All"
        )
        for number in range(8)
    ]
    places = [source(f"bridge-{number}") for number in range(8)]
    barrier, failed = threading.Barrier(8), list[BaseException]()

    def run(number: int) -> None:
        try:
            barrier.wait()
            papers.store([bridges[number]], places[number], NOW)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    (paper,) = Paper.objects.filter(merged_into=None)
    assert PaperIdentifier.objects.filter(paper=paper, kind="doi").count() == 8
    assert Appearance.objects.filter(paper=paper).count() == 16
    assert set(Paper.objects.exclude(pk=paper.pk).values_list("merged_into", flat=True)) == {paper.pk}
