"""A TCP forwarder in front of a real server: connections through it can be cut, frozen and listened to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_BLOCK_BYTES = 65536

Address = tuple[str, int]
Listener = Callable[[bytes], None]


class Forwarder:
    """Forwards its port on the loopback interface to one server. Until it is opened, connections are refused."""

    def __init__(self, target: Address, *, on_sent: Listener) -> None:
        self._target = target
        self._on_sent = on_sent
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._accepting = threading.Thread(target=self._accept, name="forwarder")
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listener.getsockname()[1])

    def open(self) -> None:
        """Take connections from now on."""
        self._listener.listen()
        self._accepting.start()

    def cut(self) -> None:
        """End all connections; new ones are taken."""
        with self._lock:
            for each in (*self._clients, *self._servers):
                _end(each)
            self._clients.clear()
            self._servers.clear()

    def freeze(self) -> None:
        """Carry nothing in either direction, as when the other machine lost its power; connections stay open."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Carry what was held back, and all that follows."""
        self._flowing.set()

    def tell_clients(self, data: bytes) -> None:
        """Say something in the server's place."""
        with self._lock:
            for client in self._clients:
                client.sendall(data)

    def close(self) -> None:
        """End everything."""
        _end(self._listener)
        if self._accepting.ident is not None:
            self._accepting.join()
        self.thaw()
        self.cut()
        for pump in self._pumps:
            pump.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            _end(client)
            return
        with self._lock:
            self._clients.append(client)
            self._servers.append(server)
        self._pump(client, server, self._on_sent)
        self._pump(server, client, lambda _data: None)

    def _pump(self, source: socket.socket, sink: socket.socket, listener: Listener) -> None:
        pump = threading.Thread(target=self._carry, args=(source, sink, listener), name="forwarder-pump")
        self._pumps.append(pump)
        pump.start()

    def _carry(self, source: socket.socket, sink: socket.socket, listener: Listener) -> None:
        with suppress(OSError):
            while data := source.recv(_BLOCK_BYTES):
                self._flowing.wait()
                listener(data)
                sink.sendall(data)
        _end(source)
        _end(sink)


def _end(connection: socket.socket) -> None:
    """Close a socket so that a thread that waits on it hears of it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def forwarder(target: Address, *, is_open: bool = True, on_sent: Listener = lambda _data: None) -> Iterator[Forwarder]:
    """Forward to a server until the block ends; `on_sent` hears all that clients send."""
    forward = Forwarder(target, on_sent=on_sent)
    if is_open:
        forward.open()
    try:
        yield forward
    finally:
        forward.close()
