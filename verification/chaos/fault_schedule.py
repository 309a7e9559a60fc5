"""The schedule of a run, by which files are dropped and nemeses run."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

from verification.chaos.environment import Stage
from verification.chaos.plan import Blow, Plan
from verification.drops import Drop

_FULL_DISK_PAUSE_SECONDS = 0.1


class Storm:
    """Executes the actions of a plan, each at its time."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage = stage
        self._plan = plan
        self._began = time.monotonic()
        #: What the nemeses did, and when they ended.
        self.struck: list[str] = []
        #: Failures of nemeses: a run in which a nemesis fails proves nothing.
        self.problems: list[str] = []

    def rage(self) -> None:
        """Drop all files and run all nemeses; return when all have ended."""
        blows = ThreadPoolExecutor(len(self._plan.blows))
        try:
            for blow in self._plan.blows:
                blows.submit(self._at, blow.at_seconds, partial(self._strike, blow))
            for seconds, drop in self._plan.drops:
                self._at(seconds, partial(self._drop, drop))
            blows.shutdown()
        finally:
            # Also after an interruption: the cleanup must not run beside a nemesis.
            blows.shutdown()

    def _at(self, seconds: float, action: Callable[[], None]) -> None:
        time.sleep(max(0.0, self._began + seconds - time.monotonic()))
        action()

    def _strike(self, blow: Blow) -> None:
        name = blow.nemesis.name
        try:
            done = blow.nemesis.strike(self._stage.world, Random(blow.seed))
            self.struck.append(f"{time.monotonic() - self._began:5.1f} s {name}: {done}")
        except Exception as error:
            self.problems.append(f"the nemesis {name} failed: {type(error).__name__}: {error}")

    def _drop(self, drop: Drop) -> None:
        """Drop a file; if the disk is full, retry as a user would."""
        while True:
            try:
                self._stage.pipeline.drop(drop.name, drop.content)
                return
            except OSError:
                time.sleep(_FULL_DISK_PAUSE_SECONDS)
