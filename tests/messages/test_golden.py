"""Golden messages: `tests/golden/<name>.json` says what an issue holds, `<name>.txt` and `<name>.html` what its reader sees.

`make golden` rewrites the outputs; look at the difference before committing it.
"""

import json
import os
from pathlib import Path

import pytest

from digest import notices
from digest.issues import specimen, whole
from digest.issues.press import Press
from digest.messages import Rendered

GOLDEN = Path(__file__).parent.parent / "golden"
DARK_ONLY = "@media (prefers-color-scheme: dark)"
CASES = sorted(GOLDEN.glob("*.json"))


def rendered(case: Path) -> Rendered:
    """The message of a golden input."""
    known = json.loads(case.read_text())
    return whole.render(Press().fitted(specimen.contents(known)), text_only=known.get("text_only", False))


def _kept(name: str, message: Rendered) -> None:
    """Compare with the files, or write them."""
    seen = {GOLDEN / f"{name}.txt": f"Subject: {message.subject}\n\n{message.text}"}
    if message.html is not None:
        seen[GOLDEN / f"{name}.html"] = message.html
    if os.environ.get("GOLDEN"):
        for path, words in seen.items():
            path.write_text(words, encoding="utf-8")
    for path, words in seen.items():
        assert path.exists(), f"{path.name} is missing; `make golden` writes it"
        assert words == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_golden_issues_are_what_was_last_looked_at(case: Path) -> None:
    message = rendered(case)
    _kept(case.stem, message)
    assert all(len(line) <= 72 or "https://" in line for line in message.text.split("\n") if line.isascii())


def test_the_golden_dark_issue_is_what_was_last_looked_at() -> None:
    """What a dark screen shows of the typical one: the same message, its dark rules taken for granted."""
    typical = rendered(GOLDEN / "typical.json")
    assert typical.html is not None
    assert typical.html.count(DARK_ONLY) == 1
    _kept("dark", Rendered(typical.subject, typical.text, typical.html.replace(DARK_ONLY, "@media all")))


@pytest.mark.parametrize("name", sorted(notices.SPECIMENS))
def test_golden_notices_are_what_was_last_looked_at(name: str) -> None:
    folder, context = notices.SPECIMENS[name]
    message = notices.rendered(folder, context)
    _kept(name, message)
    assert all(len(line) <= 72 or "https://" in line for line in message.text.split("\n"))
