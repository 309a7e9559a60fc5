"""A TCP forwarder in front of a server: connections through it can be cut, frozen, slowed down and observed."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.links import FULL_SPEED, Direction, Flow, Link, Listener, Pace, end

__all__ = ["Address", "Choice", "Direction", "Forwarder", "Pace", "forwarder"]

Address = tuple[str, int]
#: Returns the target of each new connection; with None the connection is closed at once.
Choice = Callable[[], Address | None]


class Forwarder:
    """Forwards a port on the loopback interface to a server. Until it is opened, connections are refused."""

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
        """Accept connections from now on."""
        self._listener.listen()
        self._accepting.start()

    def lead_to(self, target: Address) -> None:
        """Forward new connections to another server; existing ones stay, as with an address that moves."""
        self._choose = lambda: target

    def cut(self) -> None:
        """Close all connections, including half-open ones; new ones are accepted."""
        with self._lock:
            for link in self._links:
                link.end()
            self._links.clear()

    def freeze(self, *directions: Direction) -> None:
        """Hold data back in these directions, or in both; connections stay open, and nothing is lost."""
        for direction in directions or Direction:
            self._flows[direction].stop()

    def thaw(self) -> None:
        """Forward the data that was held back, and all that follows."""
        for flow in self._flows.values():
            flow.go_on()

    def leave_half_open(self) -> int:
        """Forward nothing more on the existing connections, not even their end; return their number.

        As when the machine on the other side loses power: each side regards the other as alive until an answer is
        overdue. New connections are accepted.
        """
        with self._lock:
            present = [link for link in self._links if not link.is_half_open]
            for link in present:
                link.is_half_open = True
            return len(present)

    def slow_down(self, pace: Pace | None) -> None:
        """Slow data down in both directions from now on; None restores full speed."""
        for flow in self._flows.values():
            flow.pace = pace or FULL_SPEED

    def tell_clients(self, data: bytes) -> None:
        """Send data to the clients in place of the server."""
        with self._lock:
            for link in self._links:
                link.client.sendall(data)

    def close(self) -> None:
        """Close everything."""
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
    """Forward to a server until the block ends; `on_sent` is called with all data from clients."""
    forward = Forwarder(target if callable(target) else lambda: target, on_sent=on_sent)
    if is_open:
        forward.open()
    try:
        yield forward
    finally:
        forward.close()
