"""A TCP forwarder in front of a real server: connections through it can be cut, frozen, slowed down and listened to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.links import FULL_SPEED, Direction, Flow, Link, Listener, Pace, end

__all__ = ["Address", "Choice", "Direction", "Forwarder", "Pace", "forwarder"]

Address = tuple[str, int]
#: Asked for each connection where it leads; with None it ends at once.
Choice = Callable[[], Address | None]


class Forwarder:
    """Forwards its port on the loopback interface to a server. Until it is opened, connections are refused."""

    def __init__(self, choose: Choice, *, on_sent: Listener) -> None:
        self._choose = choose
        self._on_sent = on_sent
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._accepting = threading.Thread(target=self._accept, name="forwarder")
        self._flows = {direction: Flow() for direction in Direction}
        self._lock = threading.Lock()
        self._links: list[Link] = []
        self._pumps: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listener.getsockname()[1])

    def open(self) -> None:
        """Take connections from now on."""
        self._listener.listen()
        self._accepting.start()

    def lead_to(self, target: Address) -> None:
        """Lead new connections to another server; present ones stay, as with an address that moves."""
        self._choose = lambda: target

    def cut(self) -> None:
        """End all connections, those left half-open, too; new ones are taken."""
        with self._lock:
            for link in self._links:
                link.end()
            self._links.clear()

    def freeze(self, *directions: Direction) -> None:
        """Carry nothing in these directions, or in either; connections stay open, and nothing is lost."""
        for direction in directions or Direction:
            self._flows[direction].stop()

    def thaw(self) -> None:
        """Carry what was held back, and all that follows."""
        for flow in self._flows.values():
            flow.go_on()

    def leave_half_open(self) -> int:
        """Carry nothing on the present connections any more, not even their end; return how many there are.

        As when the machine on the other side lost its power: each side takes the other for alive until it asks for
        an answer and has none. New connections are taken.
        """
        with self._lock:
            present = [link for link in self._links if not link.is_half_open]
            for link in present:
                link.is_half_open = True
            return len(present)

    def slow_down(self, pace: Pace | None) -> None:
        """Let data trickle in either direction from now on; None: at full speed again."""
        for flow in self._flows.values():
            flow.pace = pace or FULL_SPEED

    def tell_clients(self, data: bytes) -> None:
        """Say something in the server's place."""
        with self._lock:
            for link in self._links:
                link.client.sendall(data)

    def close(self) -> None:
        """End everything."""
        end(self._listener)
        if self._accepting.ident is not None:
            self._accepting.join()
        self.slow_down(None)
        self.thaw()
        self.cut()
        for pump in self._pumps:
            pump.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        target = self._choose()
        try:
            server = socket.create_connection(target) if target else None
        except OSError:
            server = None
        if server is None:
            end(client)
            return
        link = Link(client=client, server=server)
        with self._lock:
            self._links = [each for each in self._links if not each.is_ended]
            self._links.append(link)
        self._pump(link, Direction.TO_SERVER, self._on_sent)
        self._pump(link, Direction.TO_CLIENTS, lambda _data: None)

    def _pump(self, link: Link, direction: Direction, listener: Listener) -> None:
        pump = threading.Thread(
            target=link.carry, args=(direction, self._flows[direction], listener), name="forwarder-pump"
        )
        self._pumps = [each for each in self._pumps if each.is_alive()]
        self._pumps.append(pump)
        pump.start()


@contextmanager
def forwarder(
    target: Address | Choice, *, is_open: bool = True, on_sent: Listener = lambda _data: None
) -> Iterator[Forwarder]:
    """Forward to a server until the block ends; `on_sent` hears all that clients send."""
    forward = Forwarder(target if callable(target) else lambda: target, on_sent=on_sent)
    if is_open:
        forward.open()
    try:
        yield forward
    finally:
        forward.close()
