"""Documents in `tests/data/feeds/<format>/`, each beside what is read from it: a new case is one file and `make golden`."""

import json
import os
from pathlib import Path

import pytest

from digest.environment import BASE
from digest.sources import parsing, wire
from digest.sources.entries import ParseError

FEEDS = BASE / "tests" / "data" / "feeds"
CASES = sorted(path for path in FEEDS.glob("*/*") if not path.name.endswith(".golden.json"))


def _read(path: Path) -> str:
    try:
        feed = parsing.read(path.parent.name, path.read_bytes(), "https://feeds.example.org/feed")
    except ParseError as error:
        return json.dumps({"refused": str(error)}, ensure_ascii=False, indent=1) + "\n"
    assert wire.loads(wire.dumps(feed)) == feed
    about, entries = json.loads(wire.dumps(feed))
    return json.dumps({"feed": about, "entries": entries}, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_document_is_read_as_its_golden_file_says(path: Path) -> None:
    golden = path.with_name(f"{path.name}.golden.json")
    found = _read(path)
    if os.environ.get("GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found
