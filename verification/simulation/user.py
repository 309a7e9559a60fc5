"""The user who drops files: by renames, by copies in one or two parts or too late, and under names used before.

Each change of a file is later in simulated time than the previous one, except for two files that are renamed together.
"""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from shared.extraction.load_files import number_of
from shared.runtime.files import DataFolder
from verification.drops import Drop
from verification.simulation.faults import (
    AT_THE_SAME_TIME,
    COPIED_SLOWLY,
    HELD_OPEN,
    HINT_LOST,
    REOPENED,
    REPLACED,
    SAME_NAME,
    WRITTEN_LATE,
)
from verification.simulation.late_rows import LateRows
from verification.simulation.plan import Plan
from verification.simulation.processes import WatcherProcess
from verification.simulation.world import World

_LATE_CHANCE, _MORE_COMES_CHANCE = 0.15, 0.2
_SAME_NAME_CHANCE, _RENAME_CHANCE, _HINT_CHANCE, _SLOW_CHANCE = 0.35, 0.5, 0.5, 0.7
_TOGETHER_CHANCE, _GOES_ON_CHANCE, _ALL_AT_FIRST_CHANCE, _CLOSED_CHANCE = 0.1, 0.2, 0.3, 0.3
_FORGOTTEN_CHANCE = 0.3
#: Time between two changes of files.
_TICK_SECONDS = 0.001
#: A copy that is closed meanwhile continues this long before it would have settled.
_MARGIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Dropped:
    """A drop, and the lower bound of its load's number: that of the last file claimed before it."""

    drop: Drop
    floor: int


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy in progress, and its remaining content. A copy that is closed meanwhile has a deadline instead of a file.

    A forgotten copy stays open until the faults have stopped.
    """

    path: Path
    file: IO[bytes] | None
    rest: bytes
    deadline: float
    is_forgotten: bool


class User:
    """Drops the planned files in order. `dropped` are the drops that count, without files replaced before a claim."""

    def __init__(self, world: World, folder: DataFolder, watcher: WatcherProcess, plan: Plan) -> None:
        self._world = world
        self._folder = folder
        self._watcher = watcher
        self._planned = list(reversed(plan.drops))
        self._settle_seconds = plan.config.settle_seconds
        #: For how many turns the user waits for the previous file's load before the next drop.
        self._mean_patience = plan.mean_patience
        self._patience = 0
        self._copies: list[_Copy] = []
        self._late_rows: LateRows | None = None
        self.dropped: list[Dropped] = []
        #: Drops with rows that were written late.
        self.late: list[Drop] = []

    @property
    def is_done(self) -> bool:
        """Whether all files are dropped completely."""
        return not self._planned and not self._copies and self._late_rows is None

    def step(self) -> None:
        """Drop the next file, or continue a copy in progress."""
        with self._world.act(None):
            going_on = [copy for copy in self._copies if self._world.is_calm or not copy.is_forgotten]
            if going_on and (self._world.is_calm or self._world.happens(_GOES_ON_CHANCE)):
                self._finish_copy(self._world.random.choice(going_on))
            elif self._late_rows is not None and (not self._planned or self._world.happens(_MORE_COMES_CHANCE)):
                self._write_late_rows(self._late_rows)
            elif self._patience and self._is_work_left():
                self._patience -= 1
            elif self._planned:
                self._patience = self._world.random.randrange(2 * self._mean_patience + 1)
                self._drop_next(self._planned.pop())

    def forget_refused(self, content: bytes) -> None:
        """Forget the drop of a refused file with this content."""
        refused = (each for each in self.dropped if each.drop.refused is not None and each.drop.content == content)
        self.dropped.remove(next(refused))

    def before_time_passes(self, seconds: float) -> None:
        """Continue copies before they would settle: a closed copy never pauses for longer than the settling time."""
        for copy in list(self._copies):
            if self._world.clock.time() + seconds >= copy.deadline:
                with self._world.act(None):
                    self._finish_copy(copy)

    def _is_work_left(self) -> bool:
        return any(map(os.listdir, (self._folder.inbox, self._folder.processing)))

    def _drop_next(self, drop: Drop) -> None:
        can_be_late = self._late_rows is None and drop.refused is None and drop.rows
        if can_be_late and self._world.happens(_LATE_CHANCE):
            self._drop_with_late_rows(drop)
        elif self._planned and self._world.happens(_TOGETHER_CHANCE):
            self._drop_together([drop, self._planned.pop()])
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
        self._stamp(file.fileno())
        self._rename_in(path)

    def _drop_together(self, drops: list[Drop]) -> None:
        """Rename files into the inbox that were changed at the same time, so that their names define the order."""
        self._world.count(AT_THE_SAME_TIME)
        hidden = [self._folder.inbox / f".{drop.name}.part" for drop in drops]
        for drop, path in zip(drops, hidden, strict=True):
            path.write_bytes(drop.content)
            self._note(drop)
        self._stamp(*hidden)
        for drop in reversed(drops):
            self._rename_in(self._folder.inbox / drop.name)

    def _write_late_rows(self, late: LateRows) -> None:
        if not (self._folder.inbox / late.drop.name).exists():
            self._world.count(WRITTEN_LATE)
        with late.file as file:
            file.write(late.rest)
            self._stamp(file.fileno())
        self._late_rows = None

    def _named(self, drop: Drop) -> Drop:
        """Drop a file, perhaps under a name that was dropped before."""
        busy = {copy.path.name for copy in self._copies}
        dropped = [each.drop for each in self.dropped if each.drop.dataset == drop.dataset]
        names = [each.name for each in dropped if each.name not in busy]
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
        self._note(drop)
        if self._world.random.random() < _RENAME_CHANCE:
            hidden = path.with_name(f".{path.name}.part")
            hidden.write_bytes(drop.content)
            self._stamp(hidden)
            self._rename_in(path)
        elif not is_replacing and self._world.happens(_SLOW_CHANCE):
            self._begin_copy(path, drop.content)
        else:
            path.write_bytes(drop.content)
            self._stamp(path)

    def _note(self, drop: Drop) -> None:
        self._world.tell(f"{drop.name} is dropped, {len(drop.rows)} rows, {drop.refused or 'good'}")
        self.dropped.append(Dropped(drop, self._highest_number()))

    def _rename_in(self, path: Path) -> None:
        path.with_name(f".{path.name}.part").rename(path)
        if self._world.random.random() < _HINT_CHANCE:
            self._watcher.hints.renamed_in.add(path.name)
        else:
            self._world.count(HINT_LOST)

    def _begin_copy(self, path: Path, content: bytes) -> None:
        """Start a copy that is held open until its end, perhaps with all its content, or is closed meanwhile."""
        is_closed = self._settle_seconds > _MARGIN_SECONDS and self._world.happens(_CLOSED_CHANCE)
        is_all = not is_closed and self._world.happens(_ALL_AT_FIRST_CHANCE)
        self._world.count(HELD_OPEN if is_all else REOPENED if is_closed else COPIED_SLOWLY)
        written = len(content) if is_all else len(content) // 2
        file = path.open("wb", buffering=0)
        file.write(content[:written])
        self._stamp(path)
        deadline = math.inf
        if is_closed:
            file.close()
            deadline = self._world.clock.time() + self._settle_seconds - _MARGIN_SECONDS
        is_forgotten = not is_closed and self._world.happens(_FORGOTTEN_CHANCE)
        self._copies.append(_Copy(path, None if is_closed else file, content[written:], deadline, is_forgotten))

    def _finish_copy(self, copy: _Copy) -> None:
        """Write the rest through the open file, even if it has been claimed meanwhile."""
        self._world.tell(f"the rest of {copy.path.name} is copied, {len(copy.rest)} bytes")
        with copy.file or copy.path.open("r+b", buffering=0) as file:
            file.seek(0, os.SEEK_END)
            file.write(copy.rest)
            if copy.rest:
                self._stamp(file.fileno())
        self._copies.remove(copy)

    def _stamp(self, *files: Path | int) -> None:
        """Set the files to the same new simulated time, which no file had before."""
        self._world.clock.advance(_TICK_SECONDS)
        now = self._world.clock.time()
        for file in files:
            os.utime(file, (now, now))

    def _highest_number(self) -> int:
        folders = (self._folder.processing, self._folder.archive, self._folder.rejected)
        return max((number_of(name) for folder in folders for name in os.listdir(folder)), default=0)
