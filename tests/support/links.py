"""One forwarded connection, with controls for the flow of its data."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

_BLOCK_BYTES = 65536

Listener = Callable[[bytes], None]


class Direction(Enum):
    """The direction of data."""

    TO_SERVER = "to the server"
    TO_CLIENTS = "to the clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A reduced speed: pieces of at most this size, with a pause before each."""

    piece_bytes: int
    pause_seconds: float


FULL_SPEED = Pace(piece_bytes=_BLOCK_BYTES, pause_seconds=0.0)


class Flow:
    """Controls the flow of data in one direction."""

    def __init__(self) -> None:
        self._going_on = threading.Event()
        self._going_on.set()
        self.pace = FULL_SPEED

    def stop(self) -> None:
        """Hold data back."""
        self._going_on.clear()

    def go_on(self) -> None:
        """Release the data held back, and all that follows."""
        self._going_on.set()

    def wait(self) -> Pace:
        """Wait until data may pass, including the pause; return the current pace."""
        pace = self.pace
        time.sleep(pace.pause_seconds)
        self._going_on.wait()
        return pace


@dataclass(slots=True, kw_only=True)
class Link:
    """The connection of a client, and the corresponding connection to the server."""

    client: socket.socket
    server: socket.socket
    is_half_open: bool = False
    is_ended: bool = False

    def carry(self, direction: Direction, flow: Flow, listener: Listener) -> None:
        """Forward data in one direction until it ends."""
        source, sink = self.client, self.server
        if direction is Direction.TO_CLIENTS:
            source, sink = sink, source
        with suppress(OSError):
            while data := source.recv(_BLOCK_BYTES):
                self._pass(data, sink, flow, listener)
        flow.wait()
        if not self.is_half_open:
            self.end()

    def end(self) -> None:
        """End both connections."""
        self.is_ended = True
        for each in (self.client, self.server):
            end(each)

    def _pass(self, data: bytes, sink: socket.socket, flow: Flow, listener: Listener) -> None:
        while data:
            pace = flow.wait()
            if self.is_half_open:
                return
            piece, data = data[: pace.piece_bytes], data[pace.piece_bytes :]
            listener(piece)
            sink.sendall(piece)


def end(connection: socket.socket) -> None:
    """Close a socket so that a thread waiting on it notices."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
