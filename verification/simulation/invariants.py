"""Invariants that hold at each step, with or without faults, and final checks that only a simulation can make."""

from collections.abc import Iterator, Sequence

from shared.extraction.load_files import number_of
from shared.runtime.files import DataFolder
from verification.simulation.broker import SimulatedBroker
from verification.simulation.database import SimulatedDatabase
from verification.simulation.user import Dropped
from verification.simulation.world import World
from verification.summary_watch import SummaryWatch

_UNBALANCED = (
    "SELECT load_id FROM inflow_loads WHERE completed_at IS NOT NULL AND"
    " (rows_done IS NOT row_count OR rows_done <> inserted + updated + unchanged + superseded + rejected)"
)


class Invariants:
    """Observes the run, and adds problems to the world's list."""

    def __init__(
        self, world: World, database: SimulatedDatabase, broker: SimulatedBroker, folder: DataFolder, *, only_adds: bool
    ) -> None:
        self._world = world
        self._database = database
        self._broker = broker
        self._folder = folder
        self._summary = folder.root / "summary_output.json"
        self._watch = SummaryWatch(only_adds)
        self._archived: set[str] = set()

    def look(self) -> None:
        """Check the summary as a reader sees it now."""
        with self._world.act(None):
            try:
                content = self._summary.read_bytes()
            except FileNotFoundError:
                content = None
        self._watch.look(content)

    def forget_summary(self) -> None:
        """Permit any counts next, as of a database that was restored."""
        self._watch.forget()

    def check(self) -> None:
        """Add the problems found after a step."""
        self.look()
        problems = self._world.problems
        problems += self._watch.problems
        problems += (f"load {load_id} is complete and does not balance" for (load_id,) in self._select(_UNBALANCED))
        problems += (f"a message is dead-lettered: {reason}" for reason in self._broker.dead_letters)
        problems += self._archived_too_early()

    def _archived_too_early(self) -> Iterator[str]:
        archived = {path.name for path in self._folder.archive.iterdir()}
        for name in sorted(archived - self._archived):
            found = self._select(f"SELECT completed_at FROM inflow_loads WHERE load_id = {number_of(name)}")
            if not found or found[0][0] is None:
                yield f"{name} is in the archive, and its load is not complete in the ledger"
        self._archived = archived

    def _select(self, query: str) -> list[tuple[int | str | None, ...]]:
        return self._database.select(query)


def order_problems(database: SimulatedDatabase, dropped: Sequence[Dropped]) -> Iterator[str]:
    """Check that a file dropped after another one's claim has the higher number."""
    numbers: dict[str, list[int]] = {}
    for load_id, file in database.select("SELECT load_id, file FROM inflow_loads ORDER BY load_id DESC"):
        numbers.setdefault(file, []).append(load_id)
    for each in dropped:
        left = numbers.get(each.drop.name)
        number = left.pop() if left else None
        if number is not None and number <= each.floor:
            yield f"{each.drop.name} got the number {number}, though {each.floor} was taken before it was dropped"


def event_problems(database: SimulatedDatabase, broker: SimulatedBroker) -> Iterator[str]:
    """Check that Inflow loses no event itself, although the timer would make up for a lost one."""
    for (load_id,) in database.select("SELECT load_id FROM inflow_loads WHERE completed_at IS NOT NULL"):
        if load_id not in broker.announced:
            yield f"load {load_id} is complete, and its event was never published"
