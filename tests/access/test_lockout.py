"""Wrong passwords lock a name from where they come, and tell nothing."""

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from subscriptions.models import AuditEntry

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


def attempt(client: Client, name: str, password: str, network: str = "192.0.2.7") -> int:
    return client.post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=network).status_code


def test_five_wrong_passwords_lock_the_name_even_for_the_right_one(client: Client) -> None:
    User.objects.create_superuser("owner", password=PASSWORD)
    assert [attempt(client, "owner", "guess") for _ in range(5)][-1] == 429
    assert attempt(client, "owner", PASSWORD) == 429


def test_a_name_that_does_not_exist_is_locked_alike(client: Client) -> None:
    assert [attempt(client, "nobody", "guess") for _ in range(5)][-1] == 429


def test_the_same_name_is_open_from_another_network(client: Client) -> None:
    User.objects.create_superuser("owner", password=PASSWORD)
    for _ in range(5):
        attempt(client, "owner", "guess")
    assert attempt(client, "owner", PASSWORD, "198.51.100.9") == 302


def test_a_lock_opens_by_itself_after_half_an_hour(client: Client) -> None:
    User.objects.create_superuser("owner", password=PASSWORD)
    for _ in range(5):
        attempt(client, "owner", "guess")
    for minutes, status in ((29, 429), (31, 302)):
        AccessAttempt.objects.update(attempt_time=timezone.now() - dt.timedelta(minutes=minutes))
        assert attempt(client, "owner", PASSWORD) == status


@pytest.mark.parametrize("password", ["short", "elevenchars", "password1234"])
def test_a_password_is_long_and_none_that_everyone_knows(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)
    validate_password(PASSWORD)


def test_coming_in_is_written_down(client: Client) -> None:
    owner = User.objects.create_superuser("owner", password=PASSWORD)
    attempt(client, "owner", PASSWORD)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.network) == (owner, "signed in", "192.0.2.0/24")


def test_an_owner_lifts_a_lock_and_forgets_a_lost_device(client: Client) -> None:
    owner = User.objects.create_superuser("owner", password=PASSWORD)
    colleague = User.objects.create_user("colleague", password=PASSWORD, is_staff=True)
    TOTPDevice.objects.create(user=colleague, name="lost")
    for _ in range(5):
        attempt(client, "colleague", "guess")
    own = Client()
    own.force_login(owner)
    for action in ("lift_lock", "forget_devices"):
        own.post("/admin/auth/user/", {"action": action, "_selected_action": [colleague.pk]})
    assert attempt(client, "colleague", PASSWORD) == 302
    assert not TOTPDevice.objects.exists()
    assert set(AuditEntry.objects.filter(actor=owner, target=f"user {colleague.pk}").values_list("action", flat=True)) == {
        "lifted a lock",
        "forgot the second factor",
    }
