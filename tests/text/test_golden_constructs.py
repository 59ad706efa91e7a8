"""Sixty constructs from real arXiv abstracts (CC0), and what they become: `tests/data/text/constructs.{txt,md}`."""

import os

from digest import text
from digest.environment import BASE

DATA = BASE / "tests" / "data" / "text"


def test_real_constructs_become_what_the_golden_table_says() -> None:
    sources = (DATA / "constructs.txt").read_text(encoding="utf-8").splitlines()
    assert len(sources) == 60
    rows = [
        f"| `{source.replace('|', chr(92) + '|')}` | {text.clean(source).replace('|', chr(92) + '|')} |" for source in sources
    ]
    table = "\n".join(["| What arXiv said | What is shown |", "|---|---|", *rows]) + "\n"
    golden = DATA / "constructs.md"
    if os.environ.get("GOLDEN"):
        golden.write_text(table, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == table
