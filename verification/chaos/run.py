"""One run: drops files while nemeses run, then repairs everything and checks the result."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.runtime.files import DataFolder
from shared.storage.store import Store
from verification import checker
from verification.chaos.convergence import Convergence, store_of, wait_until_converged
from verification.chaos.environment import Stage, set_up
from verification.chaos.fault_schedule import Storm
from verification.chaos.log_checks import hear, too_many_deadlocks
from verification.chaos.plan import Plan
from verification.chaos.servers import ChaosServers
from verification.crash import events
from verification.crash.observation import looking_at
from verification.summary_watch import SummaryWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a run."""

    plan: Plan
    problems: Sequence[str]
    #: What the nemeses did, and when they ended.
    struck: Sequence[str]
    convergence_seconds: float
    slowest_stop_seconds: float
    looks: int
    chunks: int
    deadlocks: int
    revived: int
    seconds: float
    folder: Path


def run(servers: ChaosServers, plan: Plan) -> Outcome:
    """Execute the plan, and check the result."""
    began = time.monotonic()
    watch = SummaryWatch(only_adds=plan.only_adds)
    with set_up(servers, plan) as stage:
        crew, storm = stage.world.crew, Storm(stage, plan)
        with looking_at(stage.pipeline.summary, watch):
            with crew.supervised():
                storm.rage()
                convergence = wait_until_converged(stage.installation, drops=len(plan.drops))
            crew.stop_all()
        testimony = hear((each.log_file for each in stage.pipeline.services), loses_messages=plan.loses_messages)
        with store_of(stage.installation) as store:
            state = [*_state_problems(stage, store, plan)]
        [(chunks,)] = stage.pipeline.query("SELECT COUNT(*) FROM inflow_chunks")
    late, conflicts = _lateness(convergence), too_many_deadlocks(testimony.deadlocks, chunks)
    sources = (storm.problems, late, crew.problems, testimony.problems, conflicts, watch.problems, state)
    return Outcome(
        plan=plan,
        problems=[problem for problems in sources for problem in problems],
        struck=storm.struck,
        convergence_seconds=convergence.seconds,
        slowest_stop_seconds=crew.slowest_stop_seconds,
        looks=watch.looks,
        chunks=chunks,
        deadlocks=testimony.deadlocks,
        revived=testimony.revived,
        seconds=time.monotonic() - began,
        folder=stage.pipeline.folder,
    )


def _state_problems(stage: Stage, store: Store, plan: Plan) -> list[str]:
    return checker.problems(
        drops=[drop for _, drop in plan.drops],
        store=store,
        folder=DataFolder(stage.world.data),
        queue_depths=events.depths(stage.world.vhost.url),
        dead_letters=events.dead_letters(stage.world.vhost.url),
    )


def _lateness(convergence: Convergence) -> Iterator[str]:
    for each in convergence.left:
        yield f"not done {convergence.seconds:.0f} s after the faults stopped: {each}"
