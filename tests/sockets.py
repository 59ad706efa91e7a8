"""Addresses that stay what a test takes them for, while other tests open sockets of their own."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from digest.local import ports


def free_port() -> int:
    """A port on which nobody listens, and which nobody is given by chance.

    The kernel gives away those from 32768 on (ip(7), ip_local_port_range); below, each process of the tests begins at another.
    """
    with ports.claim(10_000 + os.getpid() * 10 % 20_000) as probe:
        return ports.number(probe)


@contextmanager
def nobody() -> Iterator[int]:
    """A port at which nobody answers: bound for as long as the block lasts, and never listened on."""
    with socket.socket() as bound:
        bound.bind((ports.HOST, 0))
        yield ports.number(bound)
