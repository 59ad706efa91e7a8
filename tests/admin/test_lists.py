"""What lists say and find, and what an operator may mend."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Delivery, Issue, Paper, Pick, Source
from subscriptions.admin import filters, reach
from subscriptions.models import Subscriber, Topic


def topics(number: int) -> None:
    Topic.objects.bulk_create(Topic(slug=f"t{i}", name=f"t{i}", field="f", description="d") for i in range(number))


@pytest.mark.django_db
def test_a_short_list_is_counted_exactly() -> None:
    topics(7)
    pages = reach.ReachPaginator(Topic.objects.order_by("id"), 5)
    assert (pages.count, pages.num_pages, pages.total, pages.truncated) == (7, 2, "7", False)


@pytest.mark.django_db
def test_a_long_list_says_about_how_many_and_a_filtered_one_more_than(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach.ReachPaginator, "reach", 10)
    topics(25)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE subscriptions_topic")
    everything = reach.ReachPaginator(Topic.objects.order_by("id"), 5)
    assert (everything.count, everything.num_pages, everything.total) == (10, 2, "about 25")
    assert reach.ReachPaginator(Topic.objects.filter(field="f"), 5).total == "more than 10"


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), st.integers(0, 400))
def test_a_span_of_days_is_read_as_it_was_written(first: dt.date, more: int) -> None:
    last = first + dt.timedelta(days=more)
    bounds = filters.read_span(filters.span(first, last))
    assert bounds is not None
    start, end = bounds
    assert (start.date(), end - start) == (first, dt.timedelta(days=more + 1))


@given(st.text(max_size=30))
def test_no_text_in_the_place_of_days_is_an_error(text: str) -> None:
    bounds = filters.read_span(text)
    assert bounds is None or bounds[0] < bounds[1]


@pytest.mark.usefixtures("full")
def test_a_whole_address_finds_the_person_and_their_issues(viewer: Client) -> None:
    reader = Subscriber.objects.get(address__startswith="reader3@")
    found = viewer.get(reverse("admin:subscriptions_subscriber_changelist"), {"q": reader.address.upper()})
    assert list(found.context["cl"].queryset) == [reader]
    issues = viewer.get(reverse("admin:digest_issue_changelist"), {"q": reader.address}).context["cl"].queryset
    assert set(issues) == set(Issue.objects.filter(subscription__subscriber=reader))


@pytest.mark.usefixtures("full")
def test_consent_is_found_after_the_person_was_erased(viewer: Client) -> None:
    reader = Subscriber.objects.get(address__startswith="reader3@")
    address = reader.address
    reader.delete()
    response = viewer.get(reverse("admin:subscriptions_consent_changelist"), {"q": address})
    assert response.context["cl"].result_count == 2
    assert "erased" in response.content.decode()


@pytest.mark.usefixtures("full")
def test_an_issue_shows_its_papers_scores_and_reasons(viewer: Client) -> None:
    issue = Issue.objects.earliest("id")
    body = viewer.get(reverse("admin:digest_issue_change", args=[issue.pk])).content.decode()
    for choice in issue.slate:
        assert Paper.objects.get(pk=choice["paper"]).title in body
        assert f"score {choice['score']:.3f}" in body
        assert choice["reasons"][0]["text"] in body
    assert "412" in body


@pytest.mark.usefixtures("full")
def test_a_paper_that_is_gone_leaves_its_line_in_the_slate(viewer: Client) -> None:
    issue = Issue.objects.earliest("id")
    Paper.objects.get(pk=issue.paper_ids[0]).delete()
    body = viewer.get(reverse("admin:digest_issue_change", args=[issue.pk])).content.decode()
    assert f"paper {issue.paper_ids[0]}, which is no longer here" in body


@pytest.mark.usefixtures("full")
def test_what_a_feed_wrote_is_shown_as_text(viewer: Client) -> None:
    paper = Paper.objects.earliest("id")
    Paper.objects.filter(pk=paper.pk).update(title="<script>alert(1)</script>", url="https://papers.example.org/'><b>")
    for path in (reverse("admin:digest_paper_change", args=[paper.pk]), reverse("admin:digest_paper_changelist")):
        body = viewer.get(path).content.decode()
        assert "<script>alert" not in body
        assert "'><b>" not in body


@pytest.mark.usefixtures("full")
def test_a_pick_bears_the_name_of_who_made_it(operator: Client) -> None:
    paper = Paper.objects.latest("id")
    operator.post(reverse("admin:digest_pick_add"), {"paper": paper.pk, "note": "Read this."})
    assert Pick.objects.get(paper=paper).editor == User.objects.get(username="operator")


@pytest.mark.usefixtures("full")
def test_picking_a_paper_twice_is_refused_in_words(operator: Client) -> None:
    paper = Paper.objects.latest("id")
    for _ in range(2):
        response = operator.post(reverse("admin:digest_pick_add"), {"paper": paper.pk, "note": "Read this."})
    assert "You picked this paper before." in response.content.decode()
    assert Pick.objects.filter(paper=paper).count() == 1


@pytest.mark.usefixtures("full")
def test_topics_and_sources_in_use_stay_and_new_ones_may_go(operator: Client) -> None:
    used = Topic.objects.filter(papers__isnull=False).first()
    assert used is not None
    spare = Topic.objects.create(slug="spare", name="Spare", field="Science", description="Nobody asked for it.")
    fed = Source.objects.earliest("id")
    for record, status in ((used, 403), (spare, 302), (fed, 403)):
        meta = record._meta
        path = reverse(f"admin:{meta.app_label}_{meta.model_name}_delete", args=[record.pk])
        assert operator.post(path, {"post": "yes"}).status_code == status
    assert not Topic.objects.filter(slug="spare").exists()


@pytest.mark.usefixtures("full")
def test_an_address_is_not_changed_by_hand(operator: Client) -> None:
    reader = Subscriber.objects.earliest("id")
    path = reverse("admin:subscriptions_subscriber_change", args=[reader.pk])
    hidden = re.findall(r'type="hidden" name="([^"]+_FORMS)" value="(\d+)"', operator.get(path).content.decode())
    operator.post(path, {**dict(hidden), "name": "Ada L.", "address": "eve@example.org", "status": "pending"})
    changed = Subscriber.objects.get(pk=reader.pk)
    assert (changed.name, changed.address, changed.status) == ("Ada L.", reader.address, reader.status)


def test_the_uncertain_are_listed_by_what_they_wait_for(viewer: Client, full: None) -> None:
    held, resent = Delivery.objects.filter(state__in=["uncertain", "deferred"]).order_by("id")[:2]
    Delivery.objects.filter(pk=held.pk).update(state="uncertain", doubts=1, held=True, reason="held by ada")
    Delivery.objects.filter(pk=resent.pk).update(state="uncertain", doubts=1, held=False)

    def listed(asked: str) -> set[int]:
        answer = viewer.get(reverse("admin:digest_delivery_changelist"), {"uncertain": asked, "all": ""})
        return {each.pk for each in answer.context["cl"].result_list}

    assert held.pk in listed("held") & listed("operator")
    assert resent.pk in listed("resent")
    assert not listed("resent") & listed("held")
    assert not listed("twice")
    assert listed("no such word") == set()


def test_the_first_page_tells_the_held_from_those_that_are_sent_once_more(viewer: Client, full: None) -> None:
    Delivery.objects.filter(pk=Delivery.objects.filter(state="uncertain").order_by("id")[0].pk).update(held=True)
    page = viewer.get(reverse("admin:index")).content.decode()
    assert "uncertain, sent once more" in page
    assert "uncertain, held" in page
