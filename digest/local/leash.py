"""`python leash.py PARENT COMMAND...`: become COMMAND, and ask the kernel for a SIGTERM when PARENT dies.

A runner that is killed -9 cannot stop what it started; the kernel can (prctl(2), PR_SET_PDEATHSIG, kept across execve). It runs
as a file of its own, importing nothing of the project, so that it costs milliseconds. Where there is no prctl the command
simply runs, and the next start finds it by its mark (see `family`).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    # The parent may have died before the request was made; then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - this process becomes the command its parent chose


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
