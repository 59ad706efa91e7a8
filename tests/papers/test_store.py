"""Entries into papers."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction

from digest import papers
from digest.management.commands.load_seeds import load_topics
from digest.models import Appearance, Paper, PaperIdentifier, PaperTopic, PaperVersion
from digest.sources.entries import Link
from tests.locks import until_somebody_waits
from tests.papers.cast import FRIDAY, NOW, ON_A_PAGE, ON_ARXIV, ON_HUGGING_FACE, entry, source

pytestmark = pytest.mark.django_db


def _names(paper: Paper) -> set[tuple[str, str]]:
    return set(PaperIdentifier.objects.filter(paper=paper).exclude(kind="title").values_list("kind", "value"))


def test_a_new_paper_is_clean_and_keeps_what_the_feed_said() -> None:
    stored = papers.store([ON_ARXIV], source(), NOW)
    assert (stored.new, stored.known, stored.refused) == (1, 0, [])
    paper = Paper.objects.get(pk=stored.papers[0])
    assert (paper.title, paper.title_source) == ("Koopman learning of chaotic flows", ON_ARXIV.title)
    assert (paper.abstract, paper.abstract_source) == ("We learn λ₁ of a flow. It works.", ON_ARXIV.abstract)
    assert paper.url == "https://arxiv.org/abs/2603.01234"
    assert (paper.announced_at, paper.listed_at) == (FRIDAY, NOW)
    assert _names(paper) == {("arxiv", "2603.01234")}


def test_storing_twice_changes_nothing() -> None:
    entries = [ON_ARXIV, ON_A_PAGE, entry(arxiv_id="2603.05555", url="", title="Another")]
    papers.store(entries, source(), NOW)
    before = list(Paper.objects.order_by("id").values())
    again = papers.store(entries, source(), NOW + dt.timedelta(days=1))
    assert (again.new, again.known, again.updated) == (0, 3, 0)
    assert list(Paper.objects.order_by("id").values()) == before


def test_one_paper_in_three_places_is_one_paper_with_three_appearances() -> None:
    for name, each in (("page", ON_A_PAGE), ("arxiv", ON_ARXIV), ("hugging-face", ON_HUGGING_FACE)):
        papers.store([each], source(name), NOW)
    (paper,) = Paper.objects.all()
    assert Appearance.objects.filter(paper=paper).count() == 3
    assert (paper.upvotes, paper.keywords, paper.categories) == (12, ["koopman operator"], ["math.DS", "cs.LG"])
    assert paper.abstract == "We learn λ₁ of a flow. It works."  # arXiv's own words win over the others'


def test_a_title_alone_tells_apart_different_first_authors() -> None:
    page = entry(arxiv_id="", url="", version=None, trust=0)
    papers.store([page], source(), NOW)
    papers.store([entry(arxiv_id="", url="", version=None, authors=("Grace Hopper",))], source(), NOW)
    assert Paper.objects.count() == 2


def test_two_papers_with_names_of_their_own_may_share_a_title() -> None:
    papers.store([ON_ARXIV, entry(arxiv_id="2603.09999", url="https://arxiv.org/abs/2603.09999")], source(), NOW)
    assert Paper.objects.count() == 2


def test_an_arxiv_doi_is_the_arxiv_paper() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    papers.store(
        [entry(arxiv_id="", url="", doi="https://doi.org/10.48550/arXiv.2603.01234v2", title="Renamed")], source(), NOW
    )
    (paper,) = Paper.objects.all()
    assert _names(paper) == {("arxiv", "2603.01234")}


def test_papers_that_turn_out_to_be_one_are_merged_and_nothing_is_lost() -> None:
    journal = entry(
        arxiv_id="",
        url="",
        doi="10.1234/abc",
        version=None,
        title="In a journal",
        links=(Link("code", "https://example.org/code"),),
    )
    papers.store([ON_ARXIV], source("arxiv"), NOW)
    papers.store([journal], source("journal"), NOW)
    kept, gone = Paper.objects.order_by("id")
    bridge = papers.store([entry(doi="10.1234/abc", upvotes=3)], source("arxiv"), NOW)
    assert (bridge.new, bridge.known, bridge.merged) == (0, 1, 1)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert gone.merged_into == kept
    assert papers.successors([kept.pk, gone.pk]) == {gone.pk: kept.pk}
    assert _names(kept) == {("arxiv", "2603.01234"), ("doi", "10.1234/abc")}
    assert set(kept.appearances.values_list("source__slug", flat=True)) == {"arxiv", "journal"}
    assert kept.links == [{"kind": "code", "url": "https://example.org/code"}]
    assert kept.upvotes == 3


def test_a_new_version_is_kept_beside_the_old_one_and_shown() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    papers.store([entry(version=2, abstract="We learn more of a flow.", announcement="replace")], source(), NOW)
    paper = Paper.objects.get()
    assert list(PaperVersion.objects.order_by("number").values_list("number", "abstract_source")) == [
        (1, ON_ARXIV.abstract),
        (2, "We learn more of a flow."),
    ]
    assert (paper.abstract, paper.revision) == ("We learn more of a flow.", 2)


def test_an_old_version_that_comes_late_is_kept_and_not_shown() -> None:
    papers.store([entry(version=2, abstract="We learn more of a flow.", announcement="replace")], source(), NOW)
    papers.store([ON_ARXIV], source(), NOW)
    assert Paper.objects.get().abstract == "We learn more of a flow."
    assert PaperVersion.objects.count() == 2


def test_a_replacement_of_an_unknown_paper_is_not_news() -> None:
    papers.store([entry(arxiv_id="2510.00001", url="", version=3, announcement="replace")], source(), NOW)
    assert Paper.objects.get().announced_at == dt.datetime(2025, 10, 1, tzinfo=dt.UTC)


def test_what_cannot_be_stored_is_refused_with_its_reason_and_the_rest_is_stored() -> None:
    stored = papers.store([entry(title=" \u200b"), ON_ARXIV, entry(title="x" * 1001, arxiv_id="2603.00002")], source(), NOW)
    assert stored.new == 1
    assert [refusal.why for refusal in stored.refused] == [
        "it has no title",
        "its title has 1,001 characters; at most 1,000 are taken",
    ]


def test_a_date_that_cannot_be_counts_as_now_and_is_noted() -> None:
    stored = papers.store([entry(announced_at=dt.datetime(2062, 1, 1, tzinfo=dt.UTC))], source(), NOW)
    assert Paper.objects.get().announced_at == NOW
    assert stored.notes == ["1 of 1 entries carried a date that cannot be; they count as announced now"]


def test_characters_that_postgresql_refuses_do_no_harm() -> None:
    papers.store([entry(title="A\0 \ud800title", abstract="\0", keywords=("\0", "k"))], source(), NOW)
    assert Paper.objects.get().title == "A ?title"


def test_the_saved_page_gets_topics_that_fit() -> None:
    load_topics()
    papers.store([ON_ARXIV], source(), NOW)
    scores = dict(PaperTopic.objects.values_list("topic__slug", "score"))
    assert {"dynamical-systems", "koopman"} <= set(scores)
    assert all(0 < score <= 1 for score in scores.values())


def test_topics_that_change_are_matched_anew() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    assert not PaperTopic.objects.exists()
    load_topics()
    assert papers.retopic() == 1
    assert PaperTopic.objects.exists()


def test_withdrawn_papers_are_counted_and_not_offered() -> None:
    papers.store([ON_ARXIV, entry(arxiv_id="2603.07777", url="", title="Taken back", withdrawn=True)], source(), NOW)
    papers.store(
        [entry(arxiv_id="2601.07777", url="", title="Old", announced_at=FRIDAY - dt.timedelta(days=60))], source(), NOW
    )
    found = papers.candidates(NOW - dt.timedelta(days=7), NOW + dt.timedelta(seconds=1))
    assert [paper.title for paper in found.papers] == ["Koopman learning of chaotic flows"]
    assert found.excluded == {"withdrawn": 1, "announced long before": 1}
    assert found.papers[0].announced_at == FRIDAY.timestamp()


def test_windows_are_half_open() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    assert papers.candidates(NOW - dt.timedelta(days=7), NOW).papers == []
    assert len(papers.candidates(NOW, NOW + dt.timedelta(days=7)).papers) == 1


@pytest.mark.django_db(transaction=True)
def test_stores_at_the_same_time_make_one_paper() -> None:
    places = [source(f"place-{number}") for number in range(6)]
    entries = [ON_ARXIV, ON_HUGGING_FACE, ON_A_PAGE] * 2
    barrier = threading.Barrier(len(places))
    failed: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait()
            papers.store([entries[index]], places[index], NOW)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(places))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Paper.objects.filter(merged_into=None).count() == 1
    assert Appearance.objects.filter(paper__merged_into=None).count() == 6


@pytest.mark.django_db(transaction=True)
def test_nothing_is_listed_while_a_publisher_reads() -> None:
    place = source()

    def run() -> None:
        papers.store([ON_ARXIV], place, NOW)
        connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        papers.publishing_lock()
        thread.start()
        until_somebody_waits(over=lambda: not thread.is_alive())
        assert papers.candidates(NOW - dt.timedelta(days=7), NOW + dt.timedelta(days=7)).papers == []
    thread.join()
    assert Paper.objects.count() == 1


def test_a_later_paper_is_never_listed_before_an_earlier_one() -> None:
    papers.store([ON_ARXIV], source(), NOW)
    papers.store([entry(arxiv_id="2603.05555", url="", title="Another")], source(), NOW - dt.timedelta(hours=1))
    assert set(Paper.objects.values_list("listed_at", flat=True)) == {NOW}
