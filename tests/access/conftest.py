import pytest
from pytest_django import Settings

from tests.admin.conftest import full

__all__ = ["full"]


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Hashing a password is meant to be slow; how slow is not what is tested here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
