"""Documents parsed elsewhere: in a process of its own with limits on memory and time, so that a bomb costs one poll."""

import contextlib
import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from digest.sources import wire
from digest.sources.entries import Feed, ParseError

MEMORY = 256 * 1024 * 1024
SECONDS = 20.0
_PARSES_EACH = 200  # then a fresh process, so that what a parser leaks is given back

# The package's own start-up would load Celery, which is half of the memory allowed; parsers need none of it.
_PROGRAM = """
import sys, types
package = types.ModuleType("digest")
package.__path__ = [sys.argv[1]]
sys.modules["digest"] = package
from digest.sources import worker
worker.main(int(sys.argv[2]), int(sys.argv[3]))
"""


class _Process:
    def __init__(self, memory: int, seconds: float) -> None:
        home = Path(__file__).resolve().parent.parent
        self.served = 0
        self.owner = os.getpid()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(home), str(memory), str(int(seconds))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd="/", env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip

    def alive(self) -> bool:
        return self.owner == os.getpid() and self._child.poll() is None

    def ask(self, request: bytes, deadline: float) -> bytes:
        """The answer; raises TimeoutError after the deadline, EOFError when the process ended instead."""
        assert self._child.stdin is not None  # noqa: S101 - it was asked for
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        self.served += 1
        incoming, outgoing = self._child.stdout.fileno(), self._child.stdin.fileno()
        os.set_blocking(incoming, False)
        os.set_blocking(outgoing, False)
        waiting = memoryview(struct.pack("!I", len(request)) + request)
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(incoming, selectors.EVENT_READ)
            selector.register(outgoing, selectors.EVENT_WRITE)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                for key, _ in selector.select(left):
                    if key.fd == outgoing:
                        try:
                            waiting = waiting[os.write(outgoing, waiting[:1_000_000]) :]
                        except BrokenPipeError as error:
                            raise EOFError from error
                        if not waiting:
                            selector.unregister(outgoing)
                    else:
                        part = os.read(incoming, 1_000_000)
                        if not part:
                            raise EOFError
                        answer += part
                if len(answer) >= 4 and len(answer) - 4 >= struct.unpack_from("!I", answer)[0]:
                    return bytes(answer[4:])

    def end(self) -> int:
        """Stop it; returns how it had ended by itself, or by our kill."""
        if self.owner != os.getpid():
            return 0  # inherited over a fork: it belongs to the parent
        self._child.kill()
        code = self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        return code


class Pool:
    """Parsing processes, started when needed and kept for the next document; as many as threads that parse at once."""

    def __init__(self, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._idle: list[_Process] = []
        self._lock = threading.Lock()

    def read(self, form: str, body: bytes, url: str = "") -> Feed:
        """What `parsing.read` gives; raises ParseError also when the document costs too much memory or time."""
        process = self._take()
        request = b"\0".join((form.encode(), url.encode("utf-8", "replace").replace(b"\0", b""), body))
        try:
            answer = process.ask(request, time.monotonic() + self._seconds)
        except TimeoutError as error:
            process.end()
            raise ParseError(f"reading it takes longer than {self._seconds:.0f} s") from error
        except EOFError as error:
            code = process.end()
            limit = (
                f"reading it takes more than {self._memory // 2**20} MB of memory or {self._seconds:.0f} s of processor time"
            )
            raise ParseError("its parser failed on it" if code == 1 else limit) from error
        if answer[:1] == b"!":
            process.end()  # what met a limit may have left it short of memory
        else:
            self._give_back(process)
        if answer[:1] != b"+":
            raise ParseError(answer[1:].decode("utf-8", "replace"))
        return wire.loads(answer[1:])

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive():
                    return process
        return _Process(self._memory, self._seconds)

    def _give_back(self, process: _Process) -> None:
        if process.served >= _PARSES_EACH:
            process.end()
            return
        with self._lock:
            self._idle.append(process)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()
