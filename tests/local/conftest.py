"""Directories that the private servers' account may enter, which pytest's own may not be."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.local.private import Private


@pytest.fixture
def home() -> Iterator[Path]:
    """A new directory for a local run, removed with its servers."""
    directory = Path(tempfile.mkdtemp(prefix="paper-round-run-"))
    directory.chmod(0o755)
    yield directory
    Private(directory).stop()
    shutil.rmtree(directory)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no servers, as on a machine where nothing runs."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)
