"""The short run: a few of every fault. `make chaos` does the long one."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_nobody_is_lost_and_nobody_has_it_twice_unexplained() -> None:
    faults = ["--kills=6", "--freezes=1", "--deploys=1", "--flushes=4", "--database-kills=1", "--pause=0.3", "--seed=3"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--recipients=200", *faults],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["faults"]["worker killed"] == 6
    assert report["states"]["accepted"] + report["states"].get("failed", 0) == 199
    assert report["poisoned"]
