"""Checks G4 at each claim: no older file of the dataset is left in the inbox, unless it was waited for to the limit."""

import re
from collections.abc import Iterator
from pathlib import Path

from shared.extraction.load_files import number_of
from shared.runtime.files import DataFolder
from verification.simulation.faults import OVERTAKEN
from verification.simulation.world import World

#: The limit in the documentation.
_MINUTE = 60.0
_DATASETS = ("people", "places")


class ClaimOrder:
    """Observes claims. Modification times are simulated and only increase: a later drop is younger."""

    def __init__(self, world: World, folder: DataFolder, *, settle_seconds: float) -> None:
        self._world = world
        self._folder = folder
        self._limit_seconds = settle_seconds + _MINUTE
        self._listed: dict[Path, float] = {}
        self._last_number = 0

    def listed(self, path: str, modified_at: float) -> None:
        """Record that a process has seen a file with this modification time."""
        self._listed[Path(path)] = modified_at

    def renamed(self, source: Path, target: Path) -> None:
        """Record that a file was renamed, perhaps by a claim."""
        if target.parent != self._folder.processing or self._folder.inbox not in source.parents:
            return
        self._world.problems += self._number_problems(target)
        modified_at = target.stat().st_mtime
        # For a file that was replaced or modified since it was listed, the time that counts is undefined.
        if self._listed.get(source) == modified_at:
            self._world.problems += self._left_problems(source, modified_at)

    def _number_problems(self, target: Path) -> Iterator[str]:
        before, self._last_number = self._last_number, number_of(target.name)
        if self._last_number <= before:
            yield f"{target.name} was claimed after a file with the number {before}"

    def _left_problems(self, claimed: Path, modified_at: float) -> Iterator[str]:
        name = self._name(claimed)
        for path in self._folder.inbox.rglob("*"):
            if path.is_dir() or path.name.startswith(".") or _dataset(self._name(path)) != _dataset(name):
                continue
            older_at = path.stat().st_mtime
            if (older_at, self._name(path)) >= (modified_at, name):
                continue
            if self._world.clock.time() - min(older_at, modified_at) >= self._limit_seconds:
                self._world.count(OVERTAKEN)
            else:
                yield f"{name} of {modified_at} was claimed before {self._name(path)} of {older_at}"

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._folder.inbox))


def _dataset(name: str) -> str:
    """Return the dataset of a file's folder or name; for a file without one, its own name, as it has no order."""
    first = re.split("[/-]", name, maxsplit=1)[0]
    return first if first in _DATASETS else name
