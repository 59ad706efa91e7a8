"""Submissions in the admin."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest import submissions
from digest.models import Paper, Submission
from subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("AK", password="a long password of the editor"))
    return client


@pytest.fixture
def waiting(ada: Subscription, now: dt.datetime) -> Submission:
    taken = submissions.submit(ada.subscriber, "https://example.net/p/1", "A paper elsewhere", ("Ada Lovelace",), now)
    assert taken.submission
    return taken.submission


def _path(submission: Submission) -> str:
    return f"/admin/digest/submission/{submission.pk}/change/"


def test_an_editor_approves_in_their_own_name(editor: Client, waiting: Submission) -> None:
    assert "Ada Lovelace" in editor.get(_path(waiting)).content.decode()
    assert editor.post(_path(waiting), {"decision": "approve", "why": ""}).status_code == 302
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by, waiting.paper) == ("approved", "AK", Paper.objects.get())
    assert 'name="decision"' not in editor.get(_path(waiting)).content.decode()


def test_a_no_needs_a_reason(editor: Client, waiting: Submission) -> None:
    answer = editor.post(_path(waiting), {"decision": "decline", "why": " "})
    assert "Please say why" in answer.content.decode()
    editor.post(_path(waiting), {"decision": "decline", "why": "An advertisement."})
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("declined", "An advertisement.")


def test_several_are_approved_at_once_and_those_that_cannot_be_are_named(
    editor: Client, waiting: Submission, ada: Subscription, now: dt.datetime
) -> None:
    early = submissions.submit(ada.subscriber, "2603.01234", "", (), now).submission
    assert early
    ticked = {"action": "approve", "_selected_action": [str(waiting.pk), str(early.pk)]}
    page = editor.post("/admin/digest/submission/", ticked, follow=True).content.decode()
    assert "1 approved." in page
    assert "Nothing is known of it yet" in page


def test_leaving_it_waiting_changes_nothing(editor: Client, waiting: Submission) -> None:
    editor.post(_path(waiting), {"decision": "", "why": ""})
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
