"""Take each defence away and run the tests that have to notice; exits 1 when one of them stays green."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from digest.environment import BASE
from tests.defences.cases import DEFENCES, Defence

_SECONDS = 300


def _copy(place: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=BASE, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("docs/screens/") and (BASE / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(BASE / name, place / name)
    (place / ".venv").symlink_to(BASE / ".venv")


def _noticed(place: Path, defence: Defence) -> tuple[bool, str]:
    """Whether a test fails without the defence, and the last thing that pytest says."""
    file = place / defence.path
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(defence.stands, defence.gone, 1), encoding="utf-8")
    command = f"{sys.executable} -m pytest {defence.tests} -q -x -p no:cacheprovider"
    try:
        ran = subprocess.run(command, shell=True, cwd=place, capture_output=True, text=True, timeout=_SECONDS)  # noqa: S602 - our own words
    except subprocess.TimeoutExpired:
        return False, f"no end within {_SECONDS} s"
    finally:
        file.write_text(whole, encoding="utf-8")
    told = [
        line
        for line in ran.stdout.splitlines()
        if line.startswith(("FAILED", "ERROR")) or " passed" in line or " failed" in line
    ]
    # 1: tests ran and some failed. Anything else is no verdict: nothing was collected, or pytest itself broke.
    return ran.returncode == 1, " ".join(told)[:160] or ran.stdout[-160:]


def main(words: Sequence[str]) -> int:
    chosen = [each for each in DEFENCES if not words or any(word in each.name for word in words)]
    green = 0
    with tempfile.TemporaryDirectory(prefix="paper-round-defences-") as directory:
        place = Path(directory)
        place.chmod(0o755)
        _copy(place)
        for defence in chosen:
            noticed, told = _noticed(place, defence)
            green += not noticed
            sys.stdout.write(f"{'red  ' if noticed else 'GREEN'} {defence.name}: {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - green} of {len(chosen)} are noticed\n")
    return 1 if green else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
