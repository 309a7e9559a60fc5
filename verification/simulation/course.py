"""The course of a run: first with faults, then without, until there is nothing left to do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shared.runtime.files import DataFolder
from tests.support.ledger import all_loads
from verification.checker import problems
from verification.simulation.broker import SimulatedBroker
from verification.simulation.claim_order import ClaimOrder
from verification.simulation.database import SimulatedDatabase
from verification.simulation.faults import ALL_KILLED, ASLEEP, AWAY_ERRORS, BROKER_AWAY, STALLED
from verification.simulation.invariants import Invariants, event_problems, order_problems
from verification.simulation.late_rows import as_loaded
from verification.simulation.plan import Plan
from verification.simulation.process import Process, Site
from verification.simulation.processes import AggregatorProcess, WatcherProcess, WriterProcess
from verification.simulation.restoration import Restoration, moment_of_backup
from verification.simulation.user import User
from verification.simulation.world import World

_STEPS_UNDER_FAULTS = (40, 200)
_STEPS_OF_AN_INTERLUDE = (1, 1, 1, 2, 5, 20)
_MAX_STEP_SECONDS = 0.3
_AWAY_CHANCE, _SECONDS_AWAY = 0.01, (0.2, 5.0)
_STALL_CHANCE, _STALL_SECONDS = 0.02, (0.5, 6.0)
_SLEEP_CHANCE, _SLEEP_SECONDS = 0.01, (1.0, 200.0)
#: Maximum number of rounds to convergence; in each, every process does all work that it finds.
_MAX_ROUNDS = 30
#: Rounds are too short for a stall to be noticed; if messages were lost, this much time passes.
_ROUND_SECONDS, _ROUND_SECONDS_AFTER_LOSS = 1.5, 200.0
_REPUBLISH_SECONDS = 10.0
#: How often the services are started before the archive is replayed.
_START_FIRST_CHANCE = 0.5

_UNDONE = """
    SELECT load_id, state, reason FROM inflow_loads
     WHERE state NOT IN ('archived', 'refused') OR (completed_at IS NOT NULL AND summarised_at IS NULL)
    UNION ALL SELECT load_id, 'in the outbox', NULL FROM inflow_outbox
    UNION ALL SELECT file, state, reason FROM inflow_inbox
"""


class Course:
    """One run. Problems are added to the world's list, and end it."""

    def __init__(self, world: World, database: SimulatedDatabase, folder: DataFolder) -> None:
        self._world = world
        self._database = database
        self._folder = folder
        self._plan = plan = Plan.draw(world.random)
        self._broker = SimulatedBroker(world)
        config, moment = plan.config, moment_of_backup(world.seed)
        if moment is not None:
            # Messages of loads that were complete are gone.
            config = replace(config, republish_seconds=_REPUBLISH_SECONDS)
        site = Site(world=world, broker=self._broker, store=database.store, folder=folder, config=config)
        watcher = WatcherProcess(site)
        self._processes: list[Process] = [
            *(WriterProcess(site, number) for number in range(plan.writers)),
            *(AggregatorProcess(site, number) for number in range(plan.aggregators)),
            # The watcher has the most work.
            watcher,
            watcher,
        ]
        self._user = User(world, folder, watcher, plan)
        self._invariants = Invariants(world, database, self._broker, folder, only_adds=plan.only_adds)
        self._claim_order = ClaimOrder(world, folder, settle_seconds=plan.config.settle_seconds)
        self._restoration = Restoration(site, database, moment)
        self._loses_messages = plan.wipes > 0 or moment is not None
        self._wipes_left = plan.wipes
        self._watcher = watcher
        self._stalled_until = 0.0
        self._connect()

    def _connect(self) -> None:
        """Give the world the actions that need all parts of the run."""
        self._world.fault_rate = self._plan.fault_rate
        self._world.look = self._invariants.look
        self._world.interlude = self._interlude
        self._world.before_time_passes = self._user.before_time_passes
        self._world.in_transaction = lambda: self._database.in_transaction
        self._world.listed = self._claim_order.listed
        self._world.renamed = self._claim_order.renamed

    def run_with_faults(self) -> None:
        """Let randomly chosen processes take steps for a while."""
        world = self._world
        steps = world.random.randint(*_STEPS_UNDER_FAULTS)
        for number in range(steps):
            self._restoration.pass_moment(number / steps)
            world.let_pass(world.random.uniform(0, _MAX_STEP_SECONDS))
            world.random.choice(self._candidates()).step()
            if world.random.random() < 1 / steps:
                self._wipe()
            self._take_servers_away()
            self._take_time_away()
            if self._is_wrong():
                return

    def run_without(self) -> tuple[int, float]:
        """Let everything converge, and check it; return the rounds and simulated seconds needed."""
        self._stop_faults()
        if self._restoration.is_possible:
            self._restore()
        calm_since = self._world.clock.elapsed_seconds
        rounds = self._converge()
        if not self._world.problems:
            self._world.problems += self._final_problems()
        return rounds, self._world.clock.elapsed_seconds - calm_since

    def _interlude(self) -> None:
        """Let processes that are not in the middle of a step take steps while another one is paused."""
        for _ in range(self._world.random.choice(_STEPS_OF_AN_INTERLUDE)):
            idle = self._candidates()
            if idle and not self._world.problems:
                self._world.random.choice(idle).step()

    def _candidates(self) -> list[Process | User]:
        """Return the processes that may take a step now."""
        stalled = [self._watcher] if self._world.clock.time() < self._stalled_until else []
        busy = [*self._world.acting, *stalled]
        idle: list[Process | User] = [process for process in self._processes if process not in busy]
        return idle if self._user.is_done else [*idle, self._user]

    def _wipe(self) -> None:
        if self._wipes_left:
            self._wipes_left -= 1
            self._broker.wipe()
            for process in self._processes:
                process.consumer.forget()

    def _take_servers_away(self) -> None:
        world = self._world
        until = world.clock.time() + world.random.uniform(*_SECONDS_AWAY)
        if world.happens(_AWAY_CHANCE):
            self._database.away_as = world.random.choice(list(AWAY_ERRORS))
            self._database.away_until = until
            world.count(self._database.away_as)
        if world.happens(_AWAY_CHANCE):
            world.count(BROKER_AWAY)
            self._broker.away_until = until
            for process in self._processes:
                process.consumer.let_go()

    def _take_time_away(self) -> None:
        """Pause the watcher for a while, or everything, even copies in progress."""
        world = self._world
        if world.happens(_STALL_CHANCE):
            world.count(STALLED)
            self._stalled_until = world.clock.time() + world.random.uniform(*_STALL_SECONDS)
        if world.happens(_SLEEP_CHANCE):
            world.count(ASLEEP)
            world.let_pass(world.random.uniform(*_SLEEP_SECONDS))

    def _stop_faults(self) -> None:
        """Stop the faults, sometimes killing all processes, because their memory must not be needed."""
        if self._world.happens(0.5):
            self._world.count(ALL_KILLED)
            for process in self._processes:
                process.end()
        self._world.fault_rate = 0.0
        self._database.away_until = self._broker.away_until = self._stalled_until = 0.0
        while not self._user.is_done:
            self._user.step()
        self._world.tell("faults have stopped")

    def _restore(self) -> None:
        self._restoration.restore(self._processes, self._user)
        self._invariants.forget_summary()
        if self._world.random.random() < _START_FIRST_CHANCE:
            for process in self._processes:
                process.work_off()
        self._restoration.replay()

    def _converge(self) -> int:
        for number in range(1, _MAX_ROUNDS + 1):
            self._world.let_pass(_ROUND_SECONDS_AFTER_LOSS if self._loses_messages else _ROUND_SECONDS)
            for process in self._world.random.sample(self._processes, len(self._processes)):
                process.work_off()
                if self._is_wrong():
                    return number
            if self._is_done():
                return number
        self._world.problems.append(f"no end after {_MAX_ROUNDS} rounds without faults: {self._leftovers()}")
        return _MAX_ROUNDS

    def _is_wrong(self) -> bool:
        self._invariants.check()
        return bool(self._world.problems)

    def _is_done(self) -> bool:
        return not self._leftovers()

    def _leftovers(self) -> dict[str, object]:
        """Return the remaining work, by kind."""
        left = {
            **self._broker.depths(),
            "held": sum(process.consumer.held for process in self._processes),
            "files": [path.name for path in self._files_left() if path.is_file()],
            "ledger": self._database.select(_UNDONE),
        }
        return {what: which for what, which in left.items() if which}

    def _files_left(self) -> Iterator[Path]:
        yield from self._folder.inbox.rglob("*")
        yield from self._folder.processing.iterdir()

    def _final_problems(self) -> Iterator[str]:
        dropped, store = self._user.dropped, self._database.store
        with store.transaction() as connection:
            late = as_loaded(self._user.late, all_loads(connection, store.schema))
        yield from problems(
            drops=[*(each.drop for each in dropped), *late],
            store=store,
            folder=self._folder,
            queue_depths=self._broker.depths(),
            dead_letters=self._broker.dead_letters,
        )
        yield from order_problems(self._database, dropped)
        yield from event_problems(self._database, self._broker)
