"""The admin opens with a password and a code of the person's own device."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from subscriptions.models import AuditEntry

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
PAGE = "/admin/second-factor/"


@pytest.fixture(autouse=True)
def _asked(settings: Settings) -> None:
    settings.SECOND_FACTOR = True


@pytest.fixture
def owner() -> User:
    return User.objects.create_superuser("owner", password=PASSWORD)


def enter(client: Client) -> None:
    answer = client.post("/admin/login/", {"username": "owner", "password": PASSWORD, "next": "/admin/"})
    assert answer.status_code == 302


def code(device: TOTPDevice) -> str:
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    return f"{generator.token():06d}"


def set_up(client: Client) -> TOTPDevice:
    client.get(PAGE)
    device = TOTPDevice.objects.get()
    answer = client.post(PAGE, {"code": code(device), "next": "/admin/"})
    assert answer.status_code == 200
    return device


def test_a_password_alone_opens_nothing(client: Client, owner: User) -> None:
    enter(client)
    for path in ("/admin/", "/admin/subscriptions/subscriber/", "/admin/auth/user/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(PAGE)


def test_the_first_time_a_device_is_set_up_and_ten_codes_are_shown(client: Client, owner: User) -> None:
    enter(client)
    page = client.get(PAGE).content.decode()
    assert "data:image/svg+xml" in page
    set_up(client)
    assert StaticToken.objects.count() == 10
    assert client.get("/admin/").status_code == 200


def test_a_wrong_code_opens_nothing_and_is_written_down(client: Client, owner: User) -> None:
    enter(client)
    client.get(PAGE)
    assert client.post(PAGE, {"code": "000000"}).status_code == 400
    assert client.get("/admin/").status_code == 302
    assert AuditEntry.objects.filter(actor=owner, action="entered a wrong code").exists()


def test_a_code_works_once(client: Client, owner: User) -> None:
    enter(client)
    device = set_up(client)
    device.refresh_from_db()
    other = Client()
    enter(other)
    assert other.post(PAGE, {"code": code(device)}).status_code == 400


def test_a_code_for_a_lost_device_works_once(client: Client, owner: User) -> None:
    enter(client)
    set_up(client)
    spare = StaticToken.objects.all()[0].token
    for status in (302, 400):
        other = Client()
        enter(other)
        assert other.post(PAGE, {"code": spare, "next": "/admin/"}).status_code == status


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/admin/", "//elsewhere.example/admin/", "/you/", "javascript:alert(1)"]
)
def test_it_leads_on_into_the_admin_and_nowhere_else(client: Client, owner: User, elsewhere: str) -> None:
    enter(client)
    set_up(client)
    assert client.get(PAGE, {"next": elsewhere}).headers["Location"] == "/admin/"


def test_a_get_prepares_but_confirms_nothing(client: Client, owner: User) -> None:
    enter(client)
    client.get(PAGE)
    assert not TOTPDevice.objects.get().confirmed


def test_the_page_is_for_people_who_are_signed_in(client: Client) -> None:
    assert client.get(PAGE).headers["Location"].startswith("/admin/login/")


def test_a_new_password_ends_other_sessions(client: Client, owner: User) -> None:
    enter(client)
    set_up(client)
    owner.set_password("another long password")
    owner.save()
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
