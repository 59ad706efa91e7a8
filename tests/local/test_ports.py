"""Ports are claimed before anything listens on them."""

import socket

from digest.local import ports
from tests.sockets import free_port


def test_a_free_port_is_taken_as_asked() -> None:
    port = free_port()
    with ports.claim(port) as claimed:
        assert ports.number(claimed) == port


def test_a_port_on_which_somebody_listens_is_passed_over() -> None:
    with ports.listen() as somebody, ports.claim(ports.number(somebody)) as claimed:
        assert ports.number(claimed) > ports.number(somebody)


def test_two_runs_that_start_at_once_get_different_ports() -> None:
    port = free_port()
    with ports.claim(port) as one, ports.claim(port) as other:
        assert ports.number(one) != ports.number(other)


def test_our_own_server_can_listen_on_the_claimed_port() -> None:
    with ports.claim(free_port()) as claimed, socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind((ports.HOST, ports.number(claimed)))
        server.listen()
        with socket.create_connection(server.getsockname(), timeout=60):
            server.accept()[0].close()
