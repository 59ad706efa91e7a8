"""The process that parses: reads documents on standard input, writes feeds on standard output, within its limits.

A message is a length (4 octets, network order) and as many octets. A request is `format NUL address NUL document`; an answer is
`+` and a feed, `-` and one line that says what is wrong with the document, or `!` and one line that says which limit it met.
"""

import resource
import struct
import sys
from typing import BinaryIO

from digest.sources import parsing, wire
from digest.sources.entries import ParseError


def main(memory: int, seconds: int) -> None:
    """Serve until standard input ends. `memory` octets of address space, `seconds` of processor time for each document."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not write into an answer
    while (request := _message(requests)) is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        answer = _answered(request)
        answers.write(struct.pack("!I", len(answer)))
        answers.write(answer)
        answers.flush()


def _message(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack("!I", head)
    return stream.read(length)


def _answered(request: bytes) -> bytes:
    form, url, body = request.split(b"\0", 2)
    try:
        return b"+" + wire.dumps(parsing.read(form.decode(), body, url.decode()))
    except ParseError as error:
        return b"-" + " ".join(str(error).split()).encode("utf-8", "replace")[:500]
    except (MemoryError, RecursionError) as error:
        what = "memory" if isinstance(error, MemoryError) else "depth"
        return f"!it asks for more {what} than a document may have".encode()
