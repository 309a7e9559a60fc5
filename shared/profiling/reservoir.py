"""A uniform random sample of a stream in bounded memory, repeatable from run to run."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Reservoir(Generic[_In, _Out]):
    """Algorithm L (Li 1994), which skips items without reading them. Up to its capacity, it keeps all items."""

    def __init__(self, capacity: int, keep: Callable[[_In], _Out], *, seed: int = 1) -> None:
        """Create a sample of `capacity` items; `keep` converts each to the form in which it is kept."""
        self._capacity = capacity
        self._keep = keep
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._weight = 1.0
        self._seen = 0
        self._next = capacity - 1
        self.items: list[_Out] = []
        self._skip()

    @property
    def is_whole(self) -> bool:
        """Whether the sample has all items."""
        return self._seen <= self._capacity

    def extend(self, items: Sequence[_In]) -> None:
        """Add the stream's next items."""
        self.items += map(self._keep, items[: self._capacity - len(self.items)])
        begin, self._seen = self._seen, self._seen + len(items)
        while self._next < self._seen:
            place = int(self._random.random() * self._capacity)
            self.items[place] = self._keep(items[self._next - begin])
            self._skip()

    def _skip(self) -> None:
        self._weight *= math.exp(self._log() / self._capacity)
        self._next += int(self._log() / math.log1p(-self._weight)) + 1

    def _log(self) -> float:
        """Return the logarithm of a random number; 1 - random() is never zero."""
        return math.log(1.0 - self._random.random())
