from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.delivery.relay import Relay


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay that behaves; a test gives it a script to make it misbehave."""
    running = Relay().start()
    yield running
    running.stop()


@pytest.fixture
def relays() -> Iterator[Callable[..., Relay]]:
    """Starts relays of other kinds."""
    running: list[Relay] = []

    def start(**kind: Any) -> Relay:
        running.append(Relay(**kind).start())
        return running[-1]

    yield start
    for each in running:
        each.stop()
