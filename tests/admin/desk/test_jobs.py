"""Every job that an operator starts can be ended half-way; it then says what it did, and leaves the rest as it was."""

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digest.delivery import resending
from digest.models import Delivery
from subscriptions import bulk, consent, jobs
from subscriptions.models import AuditEntry, Job, Notice, Subscriber, Suppression
from tests.admin.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 4


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bulk, resending):
        monkeypatch.setattr(module, "_BATCH", 2)


def people() -> list[int]:
    """So many who have not confirmed, asked three days ago."""
    asked = timezone.now() - dt.timedelta(days=3)
    for each in range(MANY):
        consent.subscribe(consent.SignUp(address=f"reader{each}@example.org"), asked)
    Notice.objects.update(created_at=asked)
    return list(Subscriber.objects.order_by("id").values_list("pk", flat=True))


def failed(operator: User) -> Job:
    made = timezone.now() - dt.timedelta(hours=1)
    for each in people():
        Delivery.objects.create(
            notice=Notice.objects.get(subscriber=each), subscriber_id=each, domain="example.org", priority=0, state="failed",
            reason="refused", message_id=f"<{each}@example.org>", next_attempt_at=made, created_at=made, finished_at=made,
        )  # fmt: skip
    return resending.begin(made - dt.timedelta(hours=1), timezone.now(), "", "misled", operator, timezone.now(), "")


def chosen(kind: str) -> Callable[[User], Job]:
    return lambda operator: bulk.begin(kind, people(), "asked by letter", operator, timezone.now(), "")


@pytest.mark.parametrize(
    ("begin", "outcome", "untouched"),
    [
        (chosen(bulk.ERASE), "erased", lambda: Subscriber.objects.count() == MANY - 2),
        (chosen(bulk.SUPPRESS), "suppressed", lambda: Suppression.objects.standing().count() == 2),
        (chosen(bulk.ASK_AGAIN), "asked again", lambda: Notice.objects.count() == MANY + 2),
        (failed, "queued again", lambda: Delivery.objects.filter(state="failed").count() == MANY - 2),
    ],
    ids=[bulk.ERASE, bulk.SUPPRESS, bulk.ASK_AGAIN, resending.RESEND],
)
def test_a_job_is_ended_after_its_first_batch_and_says_what_it_did(
    operator: User, begin: Callable[[User], Job], outcome: str, untouched: Callable[[], bool]
) -> None:
    job = begin(operator)
    page, client = reverse("admin:desk-job", args=[job.pk]), signed_in(operator)
    now = timezone.now()
    # A worker with time for one batch.
    jobs.advance(itertools.chain([now] * 3, itertools.repeat(now + dt.timedelta(hours=1))).__next__, dt.timedelta(minutes=1))
    client.post(page)
    while jobs.advance(timezone.now, dt.timedelta(seconds=5)):
        pass
    job.refresh_from_db()
    assert (job.state, job.done, job.result["counts"][outcome]) == ("cancelled", 2, 2)
    assert untouched()
    said = client.get(page).content.decode()
    assert outcome in said
    assert AuditEntry.objects.filter(action=f"cancel {job.kind}", actor=operator).exists()


def test_the_list_of_jobs_leads_to_each(operator: User, client: Client) -> None:
    job = bulk.begin(bulk.ERASE, people(), "asked by letter", operator, timezone.now(), "")
    client.force_login(operator)
    assert reverse("admin:desk-job", args=[job.pk]) in client.get(reverse("admin:desk-jobs")).content.decode()
