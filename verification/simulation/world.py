"""The world of a seed: randomness, time, the acting process, and its faults."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Protocol

from tests.support.faults import Crash
from verification.simulation.clock import Clock
from verification.simulation.faults import INTERLUDE, KILLED, Point, kind

if TYPE_CHECKING:
    from pathlib import Path

#: Maximum nesting of interruptions by other processes, and their probability at a point.
_DEEPEST = 2
_INTERLUDE_CHANCE = 0.03
#: Maximum number of faults: more show nothing new, and take long.
_MAX_FAULTS = 60


class Acting(Protocol):
    """A process that can act."""

    name: str
    is_dead: bool


class World:
    """Decides what happens next. All randomness of a run comes from here, so that a seed determines the run."""

    def __init__(self, seed: int, *, is_traced: bool) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.clock = Clock()
        self.fault_rate = 0.0
        #: The acting processes, each in the middle of a step of the previous one; None is an actor outside the product.
        self.acting: list[Acting | None] = []
        self.faults: Counter[str] = Counter()
        self.problems: list[str] = []
        self.trace: list[str] = []
        self._is_traced = is_traced
        self._faults_left = _MAX_FAULTS
        #: Set by the run once all its parts exist.
        self.look: Callable[[], None] = lambda: None
        self.interlude: Callable[[], None] = lambda: None
        self.before_time_passes: Callable[[float], None] = lambda _seconds: None
        self.in_transaction: Callable[[], bool] = lambda: False
        self.listed: Callable[[str, float], None] = lambda _path, _modified_at: None
        self.renamed: Callable[[Path, Path], None] = lambda _source, _target: None

    @property
    def is_calm(self) -> bool:
        """Whether faults have stopped."""
        return self.fault_rate == 0.0

    @property
    def is_process(self) -> bool:
        """Whether a process of the product is acting."""
        return bool(self.acting) and self.acting[-1] is not None

    @property
    def is_alive(self) -> bool:
        """Whether the acting process has not been killed."""
        process = self.acting[-1] if self.acting else None
        return process is None or not process.is_dead

    @contextmanager
    def act(self, process: Acting | None) -> Iterator[None]:
        """Let a process act, or with None an outside actor, perhaps in the middle of another one's step."""
        self.acting.append(process)
        try:
            yield
        finally:
            self.acting.pop()

    def at(self, point: Point) -> str | None:
        """Pass a point: return the fault that occurs there, if any. Raises Crash if the process is killed.

        Killed processes have no more effects, whatever their code does while it unwinds.
        """
        process = self.acting[-1] if self.acting else None
        if process is None:
            return None
        if process.is_dead:
            raise Crash(point.name)
        if self.is_calm:
            return None
        self.interrupt()
        if self._faults_left == 0 or self.random.random() >= self.fault_rate * point.weight:
            return None
        self._faults_left -= 1
        fault = self.random.choice(point.faults)
        self.count(kind(point, fault))
        if fault == KILLED:
            process.is_dead = True
            raise Crash(point.name)
        return fault

    def count(self, fault: str) -> None:
        """Record a fault."""
        self.faults[fault] += 1
        self.tell(f"*** {fault}")

    def tell(self, what: str) -> None:
        """Record an event for the trace of a replayed seed."""
        if self._is_traced:
            process = self.acting[-1] if self.acting else None
            who = "the world" if process is None else process.name
            self.trace.append(f"{self.clock.elapsed_seconds:8.2f} {'  ' * len(self.acting)}{who}: {what}")

    def let_pass(self, seconds: float) -> None:
        """Let time pass."""
        self.before_time_passes(seconds)
        self.clock.advance(seconds)

    def happens(self, chance: float) -> bool:
        """Whether a fault outside of processes occurs; never after the faults have stopped."""
        return not self.is_calm and self.random.random() < chance

    def interrupt(self) -> None:
        """Perhaps let other processes work: a process outside of a transaction may be paused for any time."""
        if self.is_calm or not self.is_process or not self.is_alive or self.in_transaction():
            return
        if len(self.acting) <= _DEEPEST and self.random.random() < _INTERLUDE_CHANCE:
            self.count(INTERLUDE)
            self.interlude()
