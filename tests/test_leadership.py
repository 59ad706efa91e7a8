"""Of several beats one leads."""

from collections.abc import Iterator

import pytest
from django.db import connection

from digest.leadership import LOCK, Leadership

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def beats() -> Iterator[tuple[Leadership, Leadership]]:
    one, other = Leadership(), Leadership()
    yield one, other
    one.release()
    other.release()


def test_one_of_two_leads(beats: tuple[Leadership, Leadership]) -> None:
    one, other = beats
    assert one.held()
    assert not other.held()
    assert one.held()


def test_the_lead_passes_on_when_the_leader_ends(beats: tuple[Leadership, Leadership]) -> None:
    one, other = beats
    assert one.held()
    one.release()
    assert other.held()


def test_a_broken_connection_loses_the_lead(beats: tuple[Leadership, Leadership]) -> None:
    one, other = beats
    assert one.held()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [LOCK]
        )
    assert other.held()
    assert not one.held()
