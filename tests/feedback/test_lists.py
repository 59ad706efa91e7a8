"""Saved papers and votes, in a session."""

import datetime as dt

import pytest
from django.test import Client

from digest import feedback
from digest.models import Feedback, Paper
from subscriptions import account, tokens
from subscriptions.models import Subscription

from . import cast

pytestmark = pytest.mark.django_db


def test_saved_papers_are_listed_taken_off_and_exported(
    inside: Client, ada: Subscription, lifted: Paper, routed: Paper, now: dt.datetime
) -> None:
    for paper, vote in ((lifted, "save"), (routed, "save"), (routed, "more")):
        feedback.cast(ada.pk, paper.pk, vote, now)
    page = inside.get("/you/saved/").content.decode()
    assert "2 papers" in page
    exported = inside.get("/you/saved/papers.bib")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="paper-round.bib"'
    assert "eprint = {2603.00001}" in exported.content.decode()
    assert exported.content.decode().count("@misc{") == 2
    row = Feedback.objects.get(paper=routed, vote="save")
    assert "is off the list" in inside.post("/you/saved/", {"proof": cast.proof(inside), "vote": str(row.pk)}).content.decode()
    assert set(Feedback.objects.values_list("paper_id", "vote")) == {(lifted.pk, "save"), (routed.pk, "more")}


def test_votes_are_listed_and_taken_back_and_nobody_elses(
    inside: Client, ada: Subscription, lifted: Paper, now: dt.datetime
) -> None:
    grace = cast.ada(now, "grace@example.org")
    feedback.cast(ada.pk, lifted.pk, "less", now)
    feedback.cast(grace.pk, lifted.pk, "more", now)
    assert "1 vote," in inside.get("/you/votes/").content.decode()
    foreign = Feedback.objects.get(subscription=grace)
    inside.post("/you/votes/", {"proof": cast.proof(inside), "vote": str(foreign.pk)})
    inside.post("/you/votes/", {"proof": cast.proof(inside), "vote": "all"})
    assert Feedback.objects.count() == 2
    own = Feedback.objects.get(subscription=ada)
    page = inside.post("/you/votes/", {"proof": cast.proof(inside), "vote": str(own.pk)}).content.decode()
    assert "is taken back" in page
    assert "You have not voted yet" in page


def test_a_list_takes_nothing_back_without_the_session_s_proof(
    inside: Client, ada: Subscription, lifted: Paper, now: dt.datetime
) -> None:
    feedback.cast(ada.pk, lifted.pk, "save", now)
    assert inside.post("/you/saved/", {"vote": str(Feedback.objects.get().pk)}).status_code == 403
    assert Feedback.objects.exists()


@pytest.mark.parametrize("path", ["/you/saved/", "/you/votes/", "/you/issues/", "/you/feeds/", "/you/submissions/"])
def test_a_link_mailed_from_a_page_leads_back_to_it(ada: Subscription, client: Client, path: str, now: dt.datetime) -> None:
    assert f'name="then" value="{path}"' in client.get(path).content.decode()
    notice = account.send_link("ada@example.org", now, path).notice
    assert notice
    assert client.post(tokens.notice_path(notice)).headers["Location"] == path


def test_a_session_leads_nowhere_else(ada: Subscription, client: Client, now: dt.datetime) -> None:
    for then in ("https://evil.example/", "//evil.example/you/saved/", "/you/erase/", "/admin/"):
        notice = account.send_link("ada@example.org", now + dt.timedelta(microseconds=len(then)), then).notice
        assert notice
        assert client.post(tokens.notice_path(notice)).headers["Location"] == "/you/"
