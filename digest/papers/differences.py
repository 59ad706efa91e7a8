"""What changed between two texts, word by word."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Run:
    """Words that stand in both texts (`same`), in the earlier alone (`gone`) or in the later alone (`new`)."""

    kind: Literal["same", "gone", "new"]
    text: str


def compare(earlier: str, later: str) -> Sequence[Run]:
    """Runs in reading order: those kept and gone spell the earlier text's words, those kept and new the later's.

    White space is one space between words; of what was replaced, what is gone comes first.
    """
    old, new = earlier.split(), later.split()
    runs: list[Run] = []
    for tag, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append(Run("same", " ".join(old[old_start:old_end])))
            continue
        if old_end > old_start:
            runs.append(Run("gone", " ".join(old[old_start:old_end])))
        if new_end > new_start:
            runs.append(Run("new", " ".join(new[new_start:new_end])))
    return runs
