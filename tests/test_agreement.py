"""A measurement whose sides disagree is no measurement."""

import subprocess
import sys

import pytest

from bench.agreement import Disagreement, agree


@pytest.mark.parametrize("recipients", [None, 2000])
def test_sides_that_say_the_same_agree(recipients: int | None) -> None:
    agree("ours", 2000, 2000, 2000, 2000, recipients)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1999, 2000, 2000), "ours: 1999 acknowledged, 2000 in the ledger, 2000 in the sink, of 2000"),
        ((2000, 1999, 2000), "ours: 2000 acknowledged, 1999 in the ledger, 2000 in the sink, of 2000"),
        ((2000, 2000, 2001), "ours: 2000 acknowledged, 2000 in the ledger, 2001 in the sink, of 2000"),
        ((1999, 1999, 1999), "ours: 1999 acknowledged, 1999 in the ledger, 1999 in the sink, of 2000"),
    ],
    ids=["a reply too few", "a row too few", "sent twice", "one was lost, and all know it"],
)
def test_a_count_that_differs_ends_the_run_and_names_all(counts: tuple[int, int, int], said: str) -> None:
    with pytest.raises(Disagreement, match=said):
        agree("ours", 2000, *counts)


def test_one_who_got_two_and_one_who_got_none_do_not_make_up_for_each_other() -> None:
    with pytest.raises(Disagreement, match="ours: 2000 messages went to 1999 recipients"):
        agree("ours", 2000, 2000, 2000, 2000, 1999)


def test_a_run_that_disagrees_exits_with_one() -> None:
    code = "from bench.agreement import agree; agree('ours', 1, 1, 1, 0)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, "ours: 1 acknowledged, 1 in the ledger, 0 in the sink, of 1\n")
