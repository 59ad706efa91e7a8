"""A kept connection that PostgreSQL ended is noticed before it is used."""

import select

import pytest
from django.db import connection


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_not_usable() -> None:
    other = connection.copy("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (process,) = cursor.fetchone()
        assert other.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [process])
        assert select.select([other.connection.fileno()], [], [], 30)[0]
        assert not other.is_usable()
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_closed_here_is_not_usable() -> None:
    other = connection.copy("default")
    other.ensure_connection()
    other.connection.close()
    assert not other.is_usable()
    other.close()
