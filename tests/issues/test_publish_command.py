"""manage.py publish."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from digest.models import Delivery, Issue, RankingConfiguration
from subscriptions.models import Subscription
from tests.issues.cast import DAY, MONDAY, WEEK, digest_for, paper, reader

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("publish", *arguments, stdout=out)
    return out.getvalue()


def test_it_publishes_what_is_due_at_an_instant() -> None:
    digest_for(reader("ada"))
    digest_for(reader("ben"), next_issue_at=MONDAY + DAY)
    paper("Something")
    assert _run("--at", "2026-03-16T07:00+01:00") == "1 claimed, 1 published, 0 skipped.\n"
    assert Issue.objects.get().window_end == MONDAY


def test_it_sends_one_subscription_now_and_refuses_to_do_it_twice() -> None:
    subscription = digest_for(reader(), next_issue_at=MONDAY + WEEK)
    paper("Something")
    arguments = ("--at", "2026-03-16T06:30:00Z", "--subscription", str(subscription.pk))
    assert _run(*arguments) == "1 claimed, 1 published, 0 skipped.\n"
    assert _run(*arguments) == (
        "1 claimed, 0 published, 0 skipped.\n"
        f"Subscription {subscription.pk}: the issue due Monday 16 March 07:00 was already published.\n"
    )


def test_a_dry_run_shows_what_would_be_published_and_writes_nothing() -> None:
    subscription = digest_for(reader())
    quiet = digest_for(reader("quiet"), paused_until=MONDAY + WEEK)
    paper("Shown but not sent")
    shown = _run("--at", "2026-03-16T07:00+01:00", "--dry-run")
    assert "Shown but not sent" in shown
    assert f"│ {subscription.pk} " in shown
    assert "paused until Monday 23 March 07:00" in shown
    assert not Issue.objects.exists()
    assert not Delivery.objects.exists()
    assert not RankingConfiguration.objects.exists()
    assert set(Subscription.objects.values_list("pk", "next_issue_at")) == {(subscription.pk, MONDAY), (quiet.pk, MONDAY)}


def test_the_future_can_only_be_looked_at() -> None:
    digest_for(reader(), next_issue_at=dt.datetime(2999, 1, 7, 6, tzinfo=dt.UTC))
    paper("From the future", listed_at=dt.datetime(2999, 1, 6, tzinfo=dt.UTC))
    with pytest.raises(CommandError, match=r"2999-01-07T07:00\+01:00 lies ahead. Add --dry-run"):
        _run("--at", "2999-01-07T07:00+01:00")
    assert "From the future" in _run("--at", "2999-01-07T07:00+01:00", "--dry-run")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--at", "monday"), "'monday' is not an instant. Write it as 2026-03-16T07:00"),
        (("--at", "2026-03-16T07:00"), "'2026-03-16T07:00' has no zone. Add one"),
        (("--subscription", "12345"), "There is no subscription 12345."),
    ],
)
def test_what_it_cannot_use_is_named(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        _run(*arguments)
