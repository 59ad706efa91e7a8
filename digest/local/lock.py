"""One runner a directory: the lock falls with its holder, however that ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


class Held(RuntimeError):
    """Another runner holds the directory."""


@contextlib.contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; raises Held."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(f"Paper Round already runs in {directory.parent}. Stop that run first, with Ctrl-C.") from None
        yield
