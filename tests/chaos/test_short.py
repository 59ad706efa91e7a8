"""The short run: a few of every fault. `make chaos` does the long one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FEW = [
    "--recipients=300", "--workers=2", "--kills=6", "--stops=1", "--deploys=1", "--jumps=1", "--flushes=2",
    "--database-kills=1", "--leaving=5", "--slow=0.2", "--pause=0.5", "--seed=3",
]  # fmt: skip


@pytest.mark.long
def test_nobody_is_lost_and_nobody_has_it_twice_unexplained() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *FEW], cwd=ROOT, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    report = json.loads(done.stdout)
    happened = report["faults"]
    assert happened["kill -9 of a worker's process"] + happened["kill -9 of a worker with all its processes"] == 6
    states = report["in the ledger"]["states"]
    assert states["accepted"] + states.get("failed", 0) + states.get("skipped", 0) == 299, "one message cannot be made"
    assert report["at the server"]["recipients with a message"] > 250
