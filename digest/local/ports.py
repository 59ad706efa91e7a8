"""Ports on the loopback interface, claimed before anything listens on them."""

import errno
import socket

HOST = "127.0.0.1"


def claim(first: int, attempts: int = 100) -> socket.socket:
    """A bound, silent socket that holds the first free port from `first` on.

    granian sets SO_REUSEPORT, so two of them would share a port without a word. The socket is bound exclusively, which fails
    when anybody holds the port, and opened to sharing only then, so that our own server can join while it is held.
    Raises OSError when none of the ports is free.
    """
    for port in range(first, min(first + attempts, 65536)):
        claimed = socket.socket()
        try:
            claimed.bind((HOST, port))
        except OSError as error:
            claimed.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            continue
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return claimed
    raise OSError(errno.EADDRINUSE, f"No port from {first} to {first + attempts - 1} is free on {HOST}. Say --port.")


def listen() -> socket.socket:
    """A listening socket on a free port of the kernel's choice, for a child to inherit."""
    listening = socket.socket()
    listening.bind((HOST, 0))
    listening.listen()
    return listening


def number(of: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(of.getsockname()[1])
