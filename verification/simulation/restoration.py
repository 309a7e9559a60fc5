"""The operator who restores a backup of the database, older than the broker and the folders, as documented."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from shared.extraction.load_files import number_of
from shared.operations.replay import find_archived, load_again
from verification.simulation.database import SimulatedDatabase
from verification.simulation.faults import RESTORED
from verification.simulation.process import Process, Site
from verification.simulation.user import User

if TYPE_CHECKING:
    import sqlite3

_CHANCE = 0.15
_REASON = ".reason.txt"


def moment_of_backup(seed: int) -> float | None:
    """Return the share of a run's steps after which the database is backed up, to be restored later; mostly None.

    From a random source of its own: the course of all other runs does not change.
    """
    random = Random(f"restoration {seed}")
    return random.random() if random.random() < _CHANCE else None


class Restoration:
    """Restores the database after the faults have stopped."""

    def __init__(self, site: Site, database: SimulatedDatabase, moment: float | None) -> None:
        """`moment` is that of the backup, see moment_of_backup."""
        self._site = site
        self._database = database
        self._moment = moment
        self._backup: sqlite3.Connection | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is a backup."""
        return self._backup is not None

    def pass_moment(self, share: float) -> None:
        """Back up the database if its moment has come: a share of the steps with faults."""
        if self._moment is not None and self._backup is None and share >= self._moment:
            self._backup = self._database.back_up()
            self._site.world.tell("the database is backed up")

    def restore(self, processes: Sequence[Process], user: User) -> None:
        """Stop all services, purge the queues, and restore the backup. Raises ValueError if there is none."""
        if self._backup is None:
            raise ValueError("there is no backup")
        self._site.world.count(RESTORED)
        for process in processes:
            process.end()
        self._site.broker.wipe()
        with closing(self._backup) as backup:
            self._database.restore(backup)
        with self._site.world.act(None):
            self._lose_loads_since(user)

    def replay(self) -> None:
        """Load again what was archived since."""
        with self._site.world.act(None):
            folder, store = self._site.folder, self._site.store
            load_again(folder, store, list(find_archived(folder, store, every=False)), self._site.config.bounds)

    def _lose_loads_since(self, user: User) -> None:
        """Remove what is in rejected/ of loads that the database does not have any more: refused files stay refused."""
        known = {load_id for (load_id,) in self._database.select("SELECT load_id FROM inflow_loads")}
        files = list(self._site.folder.rejected.iterdir())
        unknown = [path for path in files if number_of(path.name.removesuffix(_REASON)) not in known]
        for path in unknown:
            if Path(f"{path}{_REASON}") in unknown:
                user.forget_refused(path.read_bytes())
        for path in unknown:
            path.unlink()
