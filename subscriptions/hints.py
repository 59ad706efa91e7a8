"""Hints that many visitors cause and one message carries."""

import threading
import time
from collections.abc import Callable


class Gathered:
    """Gives one hint for all who asked for it within `seconds`, from a thread of its own, so that nobody waits for the queue.

    Whoever asks is answered by a hint that is given afterwards, at once or when the interval is over. A process that ends
    before takes the hint along; the sweep stands behind it.
    """

    def __init__(self, give: Callable[[], None], seconds: float) -> None:
        self._give, self._seconds = give, seconds
        self._asked = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Say that there is something to hint at."""
        self._asked.set()
        # A process that was forked off has the object and not the thread.
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            # Before the hint is given: who asks meanwhile may have come too late for it, and gets the next.
            self._asked.clear()
            self._give()
            time.sleep(self._seconds)
