"""Whoever drops files: renames them in, copies them at once, in two parts or too late, and drops a name again."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from services.watcher.claims import number_of
from shared.files import DataFolder
from tests.faults.drops import Drop
from tests.faults.simulation.faults import COPIED_SLOWLY, HINT_LOST, REPLACED, SAME_NAME, WRITTEN_LATE
from tests.faults.simulation.late_rows import LateRows
from tests.faults.simulation.plan import Plan
from tests.faults.simulation.processes import WatcherProcess
from tests.faults.simulation.world import World

_LATE_CHANCE, _MORE_COMES_CHANCE = 0.15, 0.2
_SAME_NAME_CHANCE, _RENAME_CHANCE, _HINT_CHANCE, _SLOW_CHANCE = 0.35, 0.5, 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Dropped:
    """A drop that was made, and a number that its load's must be above: that of the last file taken before it."""

    drop: Drop
    floor: int


@dataclass(frozen=True, slots=True)
class _Copy:
    """The second part of a copy, on its way."""

    file: IO[bytes]
    path: Path
    rest: bytes
    deadline: float


class User:
    """Drops what is planned, in its order. `dropped` are the drops that count: a file replaced in time never was."""

    def __init__(self, world: World, folder: DataFolder, watcher: WatcherProcess, plan: Plan) -> None:
        self._world = world
        self._folder = folder
        self._watcher = watcher
        self._planned = list(reversed(plan.drops))
        self._settle_seconds = plan.config.settle_seconds
        #: For how many of its turns the user waits for the last file's end, before the next one is dropped.
        self._mean_patience = plan.mean_patience
        self._patience = 0
        self._copy: _Copy | None = None
        self._late_rows: LateRows | None = None
        self.dropped: list[Dropped] = []
        #: Those of which some rows came late.
        self.late: list[Drop] = []

    @property
    def is_done(self) -> bool:
        """Whether all is dropped, whole."""
        return not self._planned and self._copy is None and self._late_rows is None

    def step(self) -> None:
        """Drop the next file, or the rest of the last one."""
        with self._world.act(None):
            if self._copy is not None:
                self._finish_copy(self._copy)
            elif self._late_rows is not None and (not self._planned or self._world.happens(_MORE_COMES_CHANCE)):
                self._write_late_rows(self._late_rows)
            elif self._patience and self._is_work_left():
                self._patience -= 1
            elif self._planned:
                self._patience = self._world.random.randrange(2 * self._mean_patience + 1)
                self._drop_next(self._planned.pop())

    def before_time_passes(self, seconds: float) -> None:
        """No copy pauses for as long as a file takes to settle: that is what settling is for."""
        if self._copy is not None and self._world.clock.time() + seconds >= self._copy.deadline:
            with self._world.act(None):
                self._finish_copy(self._copy)

    def _is_work_left(self) -> bool:
        return any(map(os.listdir, (self._folder.inbox, self._folder.processing)))

    def _drop_next(self, drop: Drop) -> None:
        can_be_late = self._late_rows is None and drop.refused is None and drop.rows
        if can_be_late and self._world.happens(_LATE_CHANCE):
            self._drop_with_late_rows(drop)
        else:
            self._drop(self._named(drop))

    def _drop_with_late_rows(self, drop: Drop) -> None:
        begin = drop.before_row(self._world.random.randrange(len(drop.rows)))
        path = self._folder.inbox / drop.name
        file = path.with_name(f".{path.name}.part").open("wb", buffering=0)
        file.write(begin)
        self._world.tell(f"{drop.name} is dropped, {len(begin)} bytes of {len(drop.content)}")
        self._late_rows = LateRows(drop, file, drop.content[len(begin) :])
        self.late.append(drop)
        self._rename_in(path)

    def _write_late_rows(self, late: LateRows) -> None:
        if not (self._folder.inbox / late.drop.name).exists():
            self._world.count(WRITTEN_LATE)
        with late.file as file:
            file.write(late.rest)
            now = self._world.clock.time()
            os.utime(file.fileno(), (now, now))
        self._late_rows = None

    def _named(self, drop: Drop) -> Drop:
        """Perhaps under a name that was dropped before."""
        names = [each.drop.name for each in self.dropped if each.drop.dataset == drop.dataset]
        if names and self._world.happens(_SAME_NAME_CHANCE):
            self._world.count(SAME_NAME)
            return replace(drop, name=self._world.random.choice(names))
        return drop

    def _drop(self, drop: Drop) -> None:
        path = self._folder.inbox / drop.name
        is_replacing = path.exists()
        if is_replacing:
            self._world.count(REPLACED)
            self.dropped.remove(next(each for each in reversed(self.dropped) if each.drop.name == drop.name))
        self._world.tell(f"{drop.name} is dropped, {len(drop.rows)} rows, {drop.refused or 'good'}")
        self.dropped.append(Dropped(drop, self._highest_number()))
        if self._world.random.random() < _RENAME_CHANCE:
            path.with_name(f".{path.name}.part").write_bytes(drop.content)
            self._rename_in(path)
        elif self._settle_seconds and not is_replacing and self._world.happens(_SLOW_CHANCE):
            self._begin_copy(path, drop.content)
        else:
            path.write_bytes(drop.content)
            self._stamp(path)

    def _rename_in(self, path: Path) -> None:
        hidden = path.with_name(f".{path.name}.part")
        self._stamp(hidden)
        hidden.rename(path)
        if self._world.random.random() < _HINT_CHANCE:
            self._watcher.renamed_in.add(path.name)
        else:
            self._world.count(HINT_LOST)

    def _begin_copy(self, path: Path, content: bytes) -> None:
        self._world.count(COPIED_SLOWLY)
        half = len(content) // 2
        file = path.open("wb", buffering=0)
        file.write(content[:half])
        self._stamp(path)
        self._copy = _Copy(file, path, content[half:], self._world.clock.time() + self._settle_seconds)

    def _finish_copy(self, copy: _Copy) -> None:
        """Through the file that is open: had it been claimed meanwhile, the rest would go with it."""
        self._world.tell(f"the rest of {copy.path.name} is copied")
        with copy.file as file:
            file.write(copy.rest)
            now = self._world.clock.time()
            os.utime(file.fileno(), (now, now))
        self._copy = None

    def _stamp(self, path: Path) -> None:
        """Give a file a time of this world."""
        now = self._world.clock.time()
        os.utime(path, (now, now))

    def _highest_number(self) -> int:
        folders = (self._folder.processing, self._folder.archive, self._folder.rejected)
        return max((number_of(name) for folder in folders for name in os.listdir(folder)), default=0)
