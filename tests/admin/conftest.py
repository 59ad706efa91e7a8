import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin import world

NOW = dt.datetime(2026, 3, 16, 9, 30, tzinfo=dt.UTC)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def full(db: None) -> None:
    """A service with some of everything, seen from the clock's now, as views see it."""
    world.build(dt.datetime.now(dt.UTC))


@pytest.fixture
def viewer(db: None) -> Client:
    """Staff who may view everything and change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return signed_in(user)


@pytest.fixture
def operator(db: None) -> Client:
    """Staff with every permission there is, and no superuser."""
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return signed_in(user)
