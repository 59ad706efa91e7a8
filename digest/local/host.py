"""`python -m digest.local.host NAME`: one host of a cluster on this machine, with two workers and a beat.

Where the kernel lets us (namespaces(7)), the host has a name and a network of its own, in which there is nothing but its
loopback: it reaches PostgreSQL and Redis by their sockets in the file system, and a relay of its own by 127.0.0.1, which keeps
what it takes in the common inbox. Ended by SIGTERM, and by the end of any of its processes.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from digest.environment import VAR

# Neither mingle nor gossip: hosts have nothing to tell one another, and both cost a second.
WORKER_OPTIONS = ("--include", "digest.local.tasks", "--without-mingle", "--without-gossip", "--loglevel", "INFO")
# Celery's warning about root is for workers that unpickle what strangers send; ours takes JSON from a socket of its own.
ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"
# linux/sched.h and linux/sockios.h
_CLONE_NEWUTS, _CLONE_NEWNET = 0x04000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_LEASH = Path(__file__).with_name("leash.py")
_GRACE_SECONDS = 40.0


def can_be_apart() -> bool:
    """Whether this account may make networks; asked of a child, for it cannot be undone."""
    child = os.fork()
    if child == 0:
        os._exit(_unshare())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _unshare() -> int:
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return 1 if unshare is None else int(unshare(_CLONE_NEWUTS | _CLONE_NEWNET) != 0)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


class Host:
    def __init__(self, name: str) -> None:
        self._name = name
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self) -> int:
        """Until asked to stop (0), or until one of the processes ends by itself (1)."""
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        (VAR / self._name).mkdir(parents=True, exist_ok=True)
        try:
            if _unshare() == 0:
                socket.sethostname(self._name)
                _loopback_up()
                self._relay()
            self._workers()
            while all(process.poll() is None for process in self._processes):
                time.sleep(0.2)
        except KeyboardInterrupt:
            return 0
        else:
            return 1
        finally:
            self._end()

    def _relay(self) -> None:
        relay = urlsplit(os.environ["SMTP_URL"])
        with socket.create_server((relay.hostname or "", relay.port or 25)) as listening:
            arguments = ["-m", "digest.local.smtp_server", str(listening.fileno()), os.environ["LOCAL_INBOX"]]
            self._start("relay", arguments, listening.fileno())

    def _workers(self) -> None:
        celery = ["-m", "celery", "-A", "digest"]
        for queue in ("send", "ingest"):
            hostname = f"{queue}@{self._name}"
            self._start(
                queue, [*celery, "worker", "--queues", queue, "--hostname", hostname, "--concurrency", "1", *WORKER_OPTIONS]
            )
        schedule = str(VAR / self._name / "beat-schedule")
        self._start("beat", [*celery, "beat", "--pidfile", "", "--schedule", schedule, "--loglevel", "INFO"])

    def _start(self, what: str, arguments: list[str], *pass_fds: int) -> None:
        with (VAR / "log" / f"{self._name}-{what}.log").open("wb") as output:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-I", str(_LEASH), str(os.getpid()), sys.executable, *arguments],
                    env={**os.environ, "PYTHONWARNINGS": ROOT_IS_FINE},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=pass_fds,
                )
            )

    def _end(self) -> None:
        """The relay last, so that nothing that is being sent is cut off."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in reversed(self._processes):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(Host(sys.argv[1]).run())
