"""The operator's jobs, each by its page."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digest.access import roles
from digest.admin.urls import desk
from digest.models import Brake, Delivery, Issue, Preflight, RankingConfiguration
from subscriptions import bulk, jobs
from subscriptions.models import AuditEntry, Job, Subscriber, Subscription
from tests.admin.conftest import signed_in

pytestmark = pytest.mark.django_db
CSV = b"email,name\nada.import@example.org,Ada\nnobody,\n"


def member(role: str) -> Client:
    user = User.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return signed_in(user)


@pytest.fixture
def owner() -> Client:
    return member(roles.OWNER)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def path_of(name: str) -> str:
    return reverse(
        f"admin:{name}", args=[1] if "<int:" in next(str(each.pattern) for each in desk if each.name == name) else []
    )


@pytest.mark.parametrize("name", [each.name for each in desk])
@pytest.mark.parametrize("method", ["get", "post"])
def test_editors_are_refused_every_page_of_the_desk(name: str, method: str, full: None) -> None:
    editor = member(roles.EDITOR)
    assert getattr(editor, method)(path_of(name)).status_code in {403, 405}
    assert not AuditEntry.objects.exclude(action="signed in").exists()


@pytest.mark.parametrize("name", [each.name for each in desk])
def test_strangers_are_asked_to_sign_in(name: str, client: Client) -> None:
    answer = client.get(path_of(name))
    assert answer.status_code == 405 or answer.headers["Location"].startswith("/admin/login/")


def test_a_pause_needs_a_reason_and_shows_on_every_page_until_it_is_lifted(owner: Client) -> None:
    path = reverse("admin:desk-sending")
    assert owner.post(path, {"act": "pause", "why": " "}).status_code == 400
    owner.post(path, {"act": "pause", "why": "a wrong issue"})
    assert Brake.objects.standing().get().why == "a wrong issue"
    assert "Sending stands still: a wrong issue" in text(owner, "/admin/subscriptions/topic/")
    owner.post(path, {"act": "resume"})
    assert not Brake.objects.standing().exists()
    assert "stands still: a wrong" not in text(owner, "/admin/subscriptions/topic/")
    assert list(AuditEntry.objects.filter(target="all sending").order_by("id").values_list("action", flat=True)) == [
        "pause",
        "resume",
    ]


def _import(owner: Client) -> dict[str, str]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    page = owner.post(reverse("admin:desk-import"), {"file": SimpleUploadedFile("people.csv", CSV)}).content.decode()
    packed = re.search(r'name="packed" value="([^"]+)"', page)
    assert packed
    assert 'value="address" selected' in page
    return {"packed": packed.group(1), "column-0": "address", "column-1": "name"}


def test_an_import_is_looked_at_before_it_is_done(owner: Client) -> None:
    form = _import(owner)
    page = owner.post(reverse("admin:desk-import"), {**form, "act": "compare"}).content.decode()
    assert "Import 1 person" in page
    assert not Job.objects.exists()


def test_an_import_without_words_on_consent_is_refused_and_keeps_what_was_typed(owner: Client) -> None:
    answer = owner.post(
        reverse("admin:desk-import"), {**_import(owner), "act": "import", "how": "bought", "start": "2026-12-01"}
    )
    assert answer.status_code == 400
    assert "Say in a sentence how these people agreed" in answer.content.decode()
    assert "bought" in answer.content.decode()


def test_an_import_becomes_a_job_with_a_page(owner: Client) -> None:
    how = "Ticked a box on the form of the reading group, with the words: send me the list."
    answer = owner.post(reverse("admin:desk-import"), {**_import(owner), "act": "import", "how": how, "start": "2026-12-01"})
    job = Job.objects.get()
    assert answer.headers["Location"] == reverse("admin:desk-job", args=[job.pk])
    assert owner.get(answer.headers["Location"]).headers["Refresh"] == "3"
    while jobs.advance(timezone.now, dt.timedelta(seconds=5)):
        pass
    page = text(owner, answer.headers["Location"])
    assert "Done 2 of 2 done" in page
    assert Subscriber.objects.filter(address="ada.import@example.org").exists()


def test_a_job_is_ended_from_its_page(owner: Client) -> None:
    job = jobs.start(bulk.ERASE, {"ids": [1], "why": "x"}, User.objects.get(username="owners"), timezone.now())
    owner.post(reverse("admin:desk-job", args=[job.pk]))
    job.refresh_from_db()
    assert job.cancel_asked


def test_an_export_is_neutral_csv_and_leaves_a_line_in_the_audit_log(owner: Client, full: None) -> None:
    Subscriber.objects.filter(pk=Subscriber.objects.order_by("id")[0].pk).update(name="=HYPERLINK()")
    answer = owner.post(reverse("admin:desk-export"))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]  # of a streaming answer
    assert lines[0].startswith("address,name,status")
    assert any("'=HYPERLINK()" in line for line in lines)
    assert AuditEntry.objects.filter(action="export").exists()
    assert owner.get(reverse("admin:desk-export")).status_code == 405


def test_erasing_the_chosen_says_what_it_means_and_asks_why(owner: Client, full: None) -> None:
    chosen = list(Subscriber.objects.order_by("id").values_list("pk", flat=True)[:2])
    page = owner.post(
        reverse("admin:subscriptions_subscriber_changelist"), {"action": "erase_chosen", "_selected_action": chosen}
    ).content.decode()
    assert "2 people are chosen" in re.sub(r"\s+", " ", page)
    assert Subscriber.objects.filter(pk__in=chosen).count() == 2
    assert owner.post(reverse("admin:desk-many"), {"kind": "erase", "id": chosen, "why": ""}).status_code == 400
    owner.post(reverse("admin:desk-many"), {"kind": "erase", "id": chosen, "why": "asked by letter", "act": "start"})
    while jobs.advance(timezone.now, dt.timedelta(seconds=5)):
        pass
    assert not Subscriber.objects.filter(pk__in=chosen).exists()


def test_a_preview_shows_terms_and_is_written_down(owner: Client, full: None) -> None:
    subscription = Subscription.objects.live().order_by("id")[0]
    page = text(owner, reverse("admin:desk-preview", args=[subscription.pk]))
    assert "considered" in page or "Everything up to" in page
    assert AuditEntry.objects.filter(action="preview", target=f"subscription {subscription.pk}").exists()


def test_a_preview_at_no_time_says_how_to_write_one(owner: Client, full: None) -> None:
    subscription = Subscription.objects.live().order_by("id")[0]
    assert "Write it as 2026-03-16T07:00" in text(owner, reverse("admin:desk-preview", args=[subscription.pk]) + "?at=tomorrow")


def test_a_message_is_shown_in_a_frame_that_can_do_nothing(owner: Client, full: None) -> None:
    issue = Issue.objects.order_by("id")[0]
    answer = owner.get(reverse("admin:desk-message", args=[issue.pk]))
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    page = owner.get(reverse("admin:digest_issue_change", args=[issue.pk])).content.decode()
    assert 'sandbox=""' in page


def test_an_uncertain_delivery_is_held_and_released_from_its_page(owner: Client, full: None) -> None:
    delivery = Delivery.objects.filter(state=Delivery.State.UNCERTAIN).order_by("id")[0]
    path = reverse("admin:desk-decide", args=[delivery.pk])
    page = reverse("admin:digest_delivery_change", args=[delivery.pk])
    assert "It is sent once more by itself." in owner.get(page).content.decode()
    owner.post(path, {"act": "hold"})
    delivery.refresh_from_db()
    assert delivery.held
    assert "It is held by an operator." in owner.get(page).content.decode()
    owner.post(path, {"act": "release"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.held) == (Delivery.State.DEFERRED, False)
    assert set(AuditEntry.objects.filter(target=f"delivery {delivery.pk}").values_list("action", flat=True)) == {
        "hold",
        "release",
    }


def test_other_weights_are_tried_adopted_and_taken_back(owner: Client) -> None:
    path = reverse("admin:desk-what-if")
    assert "There is no issue of the last week" in owner.post(path, {"topic": "1.2"}).content.decode()
    assert RankingConfiguration.objects.count() == 1
    owner.post(reverse("admin:desk-adopt"), {"topic": "1.2", "note": "topics first"})
    assert RankingConfiguration.objects.order_by("-version")[0].weights["topic"] == 1.2
    owner.post(reverse("admin:desk-adopt"), {"version": "1", "note": "back to version 1"})
    newest = RankingConfiguration.objects.order_by("-version")[0]
    assert (newest.version, newest.weights["topic"]) == (3, RankingConfiguration.objects.get(version=1).weights["topic"])


def test_weights_that_are_none_are_refused_in_words(owner: Client) -> None:
    answer = owner.post(reverse("admin:desk-what-if"), {"topic": "a lot"})
    assert answer.status_code == 400
    assert "which is no number" in answer.content.decode()


def test_weights_are_not_adopted_without_a_note(owner: Client) -> None:
    owner.post(reverse("admin:desk-adopt"), {"topic": "1.2"})
    assert not RankingConfiguration.objects.filter(version__gt=1).exists()


def test_the_preflight_page_shows_the_last_run_and_how_to_mend_it(owner: Client) -> None:
    assert "It has never run here" in text(owner, reverse("admin:desk-preflight"))
    finding = {"check": "SPF", "level": "fatal", "found": "no record", "mend": "Publish one."}
    Preflight.objects.create(ran_at=timezone.now(), fatal=True, findings=[finding])
    page = text(owner, reverse("admin:desk-preflight"))
    assert "Issues are held back" in page
    assert "Publish one." in page
