"""One seed from its first drop to the checker's verdict."""

import logging
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unittest.mock import patch

import services.watcher.leaving.requeueing
import shared.runtime.clock
from shared.runtime.files import DataFolder
from verification.simulation.course import Course
from verification.simulation.database import SimulatedDatabase
from verification.simulation.disk import Disk
from verification.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a seed."""

    seed: int
    problems: Sequence[str]
    faults: Counter[str]
    #: Rounds and simulated seconds from the last fault to the end.
    rounds: int
    calm_seconds: float
    trace: Sequence[str]


def run_seed(seed: int, *, database: SimulatedDatabase, root: Path, is_traced: bool = False) -> Result:
    """Run one seed in an empty folder and an empty database."""
    world = World(seed, is_traced=is_traced)
    shutil.rmtree(root, ignore_errors=True)
    folder = DataFolder(root)
    folder.create()
    database.begin(world)
    with _simulated(world):
        course = Course(world, database, folder)
        course.run_with_faults()
        rounds, calm_seconds = (0, 0.0) if world.problems else course.run_without()
    return Result(
        seed=seed,
        problems=world.problems,
        faults=world.faults,
        rounds=rounds,
        calm_seconds=calm_seconds,
        trace=world.trace,
    )


@contextmanager
def _simulated(world: World) -> Iterator[None]:
    """Simulate time, tokens and disk, and silence the product's log."""
    with ExitStack() as undo:
        undo.enter_context(patch.object(shared.runtime.clock, "datetime", world.clock))
        # From a random source of its own, so that tokens do not change the course of a run.
        tokens = Random(world.seed)
        undo.enter_context(patch.object(secrets, "token_hex", lambda size: tokens.randbytes(size).hex()))
        disk = Disk(world)
        undo.enter_context(disk.interposed())
        undo.enter_context(
            patch.object(services.watcher.leaving.requeueing, "rename_to_free_name", disk.rename_to_free_name)
        )
        undo.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)
        yield
