"""The forwarder, through which nemeses disturb connections."""

import socket
import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.forwarder import Direction, Forwarder, Pace, forwarder

#: Long enough for data to arrive if it were not held back.
A_MOMENT_SECONDS = 0.2


class Echo(socketserver.BaseRequestHandler):
    """Sends back whatever it receives."""

    def handle(self) -> None:
        while data := self.request.recv(1000):
            self.request.sendall(data)


@pytest.fixture
def forward() -> Iterator[Forwarder]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        with forwarder(("127.0.0.1", server.server_address[1])) as forward:
            yield forward
        server.shutdown()
        serving.join()


@contextmanager
def client(forward: Forwarder) -> Iterator[socket.socket]:
    """Connect, and check that the connection works."""
    with socket.create_connection(("127.0.0.1", forward.port), timeout=MAX_WAIT_SECONDS) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
        yield connection


def hears_nothing(connection: socket.socket) -> bool:
    """Whether neither data nor the end of the connection arrives."""
    connection.settimeout(A_MOMENT_SECONDS)
    try:
        connection.recv(100)
        return False
    except TimeoutError:
        return True
    finally:
        connection.settimeout(MAX_WAIT_SECONDS)


@pytest.mark.parametrize("directions", [(Direction.TO_SERVER,), (Direction.TO_CLIENTS,), tuple(Direction), ()])
def test_a_frozen_direction_delays_data_but_loses_none(forward: Forwarder, directions: tuple[Direction, ...]) -> None:
    with client(forward) as connection:
        forward.freeze(*directions)
        connection.sendall(b"late")
        assert hears_nothing(connection)

        forward.thaw()
        assert connection.recv(100) == b"late"


def test_data_in_the_other_direction_is_forwarded(forward: Forwarder) -> None:
    with client(forward) as connection:
        forward.freeze(Direction.TO_SERVER)

        forward.tell_clients(b"from the server")

        assert connection.recv(100) == b"from the server"


def test_a_half_open_connection_forwards_nothing_and_does_not_end(forward: Forwarder) -> None:
    with client(forward) as abandoned:
        assert forward.leave_half_open() == 1
        abandoned.sendall(b"lost")
        assert hears_nothing(abandoned)

        with client(forward) as other:
            assert forward.leave_half_open() == 1
            assert other.fileno() != abandoned.fileno()


def test_the_end_of_a_half_open_connection_does_not_reach_the_other_side() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, forwarder(server.getsockname()) as forward:
        connection = socket.create_connection(("127.0.0.1", forward.port))
        accepted, _ = server.accept()
        with accepted:
            eventually(forward.leave_half_open, message="the connection is forwarded")
            connection.close()

            assert hears_nothing(accepted)


def test_slowed_data_arrives_completely(forward: Forwarder) -> None:
    with client(forward) as connection:
        forward.slow_down(Pace(piece_bytes=1, pause_seconds=0.01))
        began = time.monotonic()
        connection.sendall(b"0123456789")
        received = b"".join(connection.recv(1) for _ in range(10))

        assert received == b"0123456789"
        assert time.monotonic() - began >= 0.1

        forward.slow_down(None)
        connection.sendall(b"quick")
        assert connection.recv(100) == b"quick"
