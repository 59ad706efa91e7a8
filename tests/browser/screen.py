"""Pages by name, each with the way a browser gets there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.world import World

Show = Callable[[Page, World], None]


@dataclass(frozen=True)
class Screen:
    """A page by name; `show` brings a browser there. `status` is the answer's."""

    name: str
    show: Show
    status: int = 200


class Screens:
    """Pages in the order in which they were added."""

    def __init__(self) -> None:
        self._all: list[Screen] = []

    def __iter__(self) -> Iterator[Screen]:
        return iter(self._all)

    def add(self, name: str, status: int = 200) -> Callable[[Show], Show]:
        """Decorates the function that shows a page."""

        def keep(show: Show) -> Show:
            self._all.append(Screen(name, show, status))
            return show

        return keep
