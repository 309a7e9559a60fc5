"""A loopback address that follows a cluster: it forwards to the member that clients should use."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from tests.support.forwarder import Address, Forwarder

_PAUSE_SECONDS = 0.5

#: Takes the current member's address and returns that of the member to use, or None if no member is known.
Choose = Callable[[Address | None], Address | None]


class Follower:
    """Asks a cluster repeatedly which member to use. While there is none, nothing changes.

    `cuts` says whether connections to the previous member are cut, as by MySQL Router, or stay, as with an address that
    only moves (DNS, a virtual IP, a plain load balancer).
    """

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self._forward = Forwarder(self._next_target, on_sent=lambda _data: None)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower")
        self._spread: Iterator[Address] | None = None
        self.target: Address | None = None
        self.cuts = True

    @property
    def address(self) -> Address:
        """The address that clients connect to."""
        return "127.0.0.1", self._forward.port

    def open(self) -> None:
        """Ask for the first time, and accept connections from now on."""
        self._look()
        self._forward.open()
        self._thread.start()

    def close(self) -> None:
        """End everything."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._forward.close()

    def redirect(self, target: Address) -> None:
        """Forward to another member from now on."""
        with self._lock:
            self._lead_to(target)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the current member until the block ends."""
        with self._lock:
            yield

    @contextmanager
    def spread(self, targets: Sequence[Address]) -> Iterator[None]:
        """Distribute connections over these members until the block ends."""
        with self._lock:
            self._spread = cycle(targets)
            self._forward.cut()
            try:
                yield
            finally:
                self._spread = None
                self._forward.cut()

    def _follow(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self._look()

    def _look(self) -> None:
        with self._lock:
            target = self._choose(self.target)
            if target not in (None, self.target):
                self._lead_to(target)

    def _lead_to(self, target: Address | None) -> None:
        self.target = target
        if self.cuts:
            self._forward.cut()

    def _next_target(self) -> Address | None:
        return next(self._spread) if self._spread is not None else self.target
