"""The first account of the admin."""

import secrets

from django.contrib.auth import get_user_model

NAME = "admin"


def ensure() -> str | None:
    """Create the account `admin` unless there is a superuser already; returns its password when it was created now.

    The password is kept nowhere but as Django's hash, so this is the only moment to show it.
    """
    users = get_user_model()
    if users._default_manager.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users._default_manager.create_superuser(NAME, password=password)
    return password
