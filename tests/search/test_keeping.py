"""Search stays in step with the papers, whoever changes them."""

import threading

import pytest
from django.core.management import call_command
from django.db import connection

from digest import search, tasks
from digest.models import Paper, PaperSearch, PaperTopic, SearchPending, SearchWord
from digest.ranking import dense
from digest.search import keeping
from subscriptions.models import Topic
from tests.search.cast import exact, find, library, paper


@pytest.mark.django_db
def test_what_readers_cannot_see_of_a_paper_leaves_no_note() -> None:
    papers = library()
    Paper.objects.filter(pk=papers["koopman"].pk).update(upvotes=9, stars=9)
    assert not SearchPending.objects.exists()


@pytest.mark.django_db
def test_a_paper_is_found_by_a_topic_it_was_given_later_and_not_by_one_it_lost() -> None:
    papers = library()
    topic = Topic.objects.create(slug="ergodic", name="Ergodic theory", field="Mathematics")
    given = PaperTopic.objects.create(paper=papers["koopman"], topic=topic, score=0.5)
    search.refresh_all()
    assert exact(find("ergodic")) == [papers["koopman"].title]
    given.delete()
    search.refresh_all()
    assert exact(find("ergodic", as_typed=True)) == []


@pytest.mark.django_db
def test_a_withdrawn_paper_that_returns_is_found_again() -> None:
    papers = library()
    row = Paper.objects.filter(pk=papers["bridges"].pk)
    row.update(withdrawn_at=papers["bridges"].listed_at)
    search.refresh_all()
    assert not PaperSearch.objects.filter(paper=papers["bridges"]).exists()
    row.update(withdrawn_at=None)
    search.refresh_all()
    assert exact(find("schrodinger")) == [papers["bridges"].title]


@pytest.mark.django_db
def test_reading_again_counts_no_word_twice() -> None:
    library()
    counts = dict(SearchWord.objects.values_list("word", "papers"))
    call_command("refresh_search", all=True)
    assert dict(SearchWord.objects.values_list("word", "papers")) == counts
    assert not SearchPending.objects.exists()


@pytest.mark.django_db
def test_a_topic_that_was_renamed_is_found_by_its_new_name_once_all_is_read() -> None:
    papers = library()
    Topic.objects.filter(slug="graphs").update(name="Relational learning")
    call_command("refresh_search", all=True)
    assert papers["graphs"].title in exact(find("relational"))


@pytest.mark.django_db
def test_the_tasks_read_what_changed_and_compute_what_is_missing() -> None:
    paper("Koopman operators")
    assert tasks.read_for_search() == {"read": 1}
    assert tasks.read_for_search() == {"read": 0}
    assert tasks.embed_papers() == {"embedded": int(dense.installed()), "texts": 0}
    assert exact(find("koopman")) == ["Koopman operators"]


@pytest.mark.django_db(transaction=True)
def test_one_process_reads_notes_at_a_time_and_none_is_lost() -> None:
    paper("Koopman operators")
    holding, done = threading.Event(), threading.Event()

    def other_process() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [keeping.LOCK])
            holding.set()
            done.wait(120)
            # Hanging up would free it too, but only some time after.
            cursor.execute("SELECT pg_advisory_unlock(%s)", [keeping.LOCK])
        connection.close()

    thread = threading.Thread(target=other_process)
    thread.start()
    try:
        assert holding.wait(120)
        assert search.refresh() == search.Refreshed((), more=False)
        assert SearchPending.objects.exists()
    finally:
        done.set()
        thread.join()
    assert len(search.refresh().papers) == 1
    assert exact(find("koopman")) == ["Koopman operators"]
