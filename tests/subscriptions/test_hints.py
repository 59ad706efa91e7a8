"""One hint for many who ask."""

import threading

from subscriptions.hints import Gathered


def test_whoever_asks_is_followed_by_a_hint() -> None:
    given = threading.Event()
    hints = Gathered(given.set, seconds=0)
    for _ in range(3):
        given.clear()
        hints.ask()
        assert given.wait(120)


def test_who_asks_while_a_hint_is_given_gets_another() -> None:
    under_way, go_on, twice = threading.Event(), threading.Event(), threading.Event()

    def give() -> None:
        if under_way.is_set():
            twice.set()
        under_way.set()
        assert go_on.wait(120)

    hints = Gathered(give, seconds=0)
    hints.ask()
    assert under_way.wait(120)
    hints.ask()
    go_on.set()
    assert twice.wait(120)


def test_a_thousand_who_ask_at_once_share_a_few_hints() -> None:
    given: list[int] = []
    first, go_on, last = threading.Event(), threading.Event(), threading.Event()

    def give() -> None:
        given.append(1)
        if len(given) > 1:
            last.set()
        first.set()
        assert go_on.wait(120)

    hints = Gathered(give, seconds=0)
    hints.ask()
    assert first.wait(120)
    for _ in range(1000):
        hints.ask()
    go_on.set()
    assert last.wait(120)
    assert len(given) == 2
