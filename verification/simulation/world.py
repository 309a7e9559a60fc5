"""One seed's world: chance, time, which process acts, and the faults that it meets."""

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

#: How deep processes may be interrupted by others, and how often it happens at a point.
_DEEPEST = 2
_INTERLUDE_CHANCE = 0.03
#: A run with more faults shows nothing new, and takes long.
_MAX_FAULTS = 60


class Acting(Protocol):
    """A process that acts."""

    name: str
    is_dead: bool


class World:
    """Decides what happens next. All chance of a run comes from here, so that a seed is a run."""

    def __init__(self, seed: int, *, is_traced: bool) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.clock = Clock()
        self.fault_rate = 0.0
        #: Who acts, each in the middle of a step of the one before; None is somebody outside the product.
        self.acting: list[Acting | None] = []
        self.faults: Counter[str] = Counter()
        self.problems: list[str] = []
        self.trace: list[str] = []
        self._is_traced = is_traced
        self._faults_left = _MAX_FAULTS
        #: What a run adds once all its parts are there.
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
        """Whether it is a process of the product that acts."""
        return bool(self.acting) and self.acting[-1] is not None

    @property
    def is_alive(self) -> bool:
        """Whether who acts has not been killed."""
        process = self.acting[-1] if self.acting else None
        return process is None or not process.is_dead

    @contextmanager
    def act(self, process: Acting | None) -> Iterator[None]:
        """Let a process act, or with None somebody else, perhaps in the middle of a step of another one."""
        self.acting.append(process)
        try:
            yield
        finally:
            self.acting.pop()

    def at(self, point: Point) -> str | None:
        """Pass a point: return the fault that comes there, if one does. Crash where the process is killed.

        The dead do nothing more, whatever their code does on its way out.
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
        """Take down a fault."""
        self.faults[fault] += 1
        self.tell(f"*** {fault}")

    def tell(self, what: str) -> None:
        """Take down what happens, for who replays the seed."""
        if self._is_traced:
            process = self.acting[-1] if self.acting else None
            who = "the world" if process is None else process.name
            self.trace.append(f"{self.clock.elapsed_seconds:8.2f} {'  ' * len(self.acting)}{who}: {what}")

    def let_pass(self, seconds: float) -> None:
        """Let time pass."""
        self.before_time_passes(seconds)
        self.clock.advance(seconds)

    def happens(self, chance: float) -> bool:
        """Whether something happens that is no process's fault; nothing of the kind does once all is calm."""
        return not self.is_calm and self.random.random() < chance

    def interrupt(self) -> None:
        """Perhaps let others work: who is in no transaction may be paused for any time."""
        if self.is_calm or not self.is_process or not self.is_alive or self.in_transaction():
            return
        if len(self.acting) <= _DEEPEST and self.random.random() < _INTERLUDE_CHANCE:
            self.count(INTERLUDE)
            self.interlude()
