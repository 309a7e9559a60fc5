"""One run: a service is killed at a point, is restarted, and everything must converge."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tests.support.eventually import StillNot, eventually
from tests.support.services import SERVICES, Service
from verification.crash.environment import Servers, Stage, set_up
from verification.crash.observation import looking_at
from verification.crash.promises import archived_too_early, summarised_too_early
from verification.crash.trial import Outcome, Trial, Variant
from verification.crash.verdict import judge
from verification.drops import Drop
from verification.summary_watch import SummaryWatch

#: Time for last steps that are not waited for, such as the acknowledgement of the last event.
_LAST_STEPS_SECONDS = 0.5


def attempt(servers: Servers, trial: Trial) -> Outcome:
    """Run one trial in an environment of its own."""
    began = time.monotonic()
    watch = SummaryWatch(only_adds=trial.workload.only_adds)
    with set_up(servers) as stage, looking_at(stage.pipeline.summary, watch):
        play = _Play(stage, trial)
        # Without convergence everything else is wrong, too, and tells less.
        problems = (judge(stage) if play.converges() else []) + play.problems
        logs = stage.pipeline.logs()
    problems += watch.problems
    return Outcome(
        trial=trial,
        problems=problems,
        kills=play.kills,
        passed=play.passed,
        seconds=time.monotonic() - began,
        logs=logs if problems else "",
    )


class _Play:
    """The course of a trial, from the first drop to the end of all work."""

    def __init__(self, stage: Stage, trial: Trial) -> None:
        self._stage = stage
        self._trial = trial
        self._service = trial.point.service
        self.problems: list[str] = []
        self.kills = 0
        self.passed = 0

    def converges(self) -> bool:
        """Run the trial; return whether everything converged."""
        waves = self._trial.workload.waves()
        try:
            self.passed = self._drop_until_it_ends(self._begin(), waves)
            if self.passed >= self._trial.passage:
                self._take_stock()
                self._stage.drop([drop for wave in waves for drop in wave])
                self._recover()
        except StillNot:
            self.problems += ["it does not converge:", *self._stage.unfinished()]
            return False
        return True

    def _begin(self) -> Service:
        victim = self._launch(self._trial.passage)
        others = [name for name in SERVICES if name != self._service]
        if self._trial.variant is Variant.TWO_WRITERS:
            others.append("writer")
        self._stage.start(*others)
        return victim

    def _drop_until_it_ends(self, victim: Service, waves: Iterator[Sequence[Drop]]) -> int:
        """Drop each wave when the previous one is done, until the service is killed; return its passages."""
        for wave in waves:
            self._stage.drop(wave)
            self._stage.wait_until_done(unless_ended=victim)
            if victim.has_ended:
                break
        return self._end(victim)

    def _recover(self) -> None:
        if self._trial.variant is Variant.AGAIN:
            victim = self._launch(1)
            self._stage.wait_until_done(unless_ended=victim)
            if self._end(victim):
                self._take_stock()
        self._stage.start(self._service)
        self._stage.wait_until_done()

    def _end(self, victim: Service) -> int:
        """Return how often a service passed the point, and end it if it was not killed there."""
        with suppress(StillNot):
            eventually(lambda: victim.has_ended, timeout_seconds=_LAST_STEPS_SECONDS)
        if victim.has_ended and victim.process.returncode != -signal.SIGKILL:
            self.problems.append(f"the {self._service} ended by itself, with {victim.process.returncode}")
        self._stage.end(victim)
        return self._stage.passages(self._service)[self._trial.point.name]

    def _take_stock(self) -> None:
        """Count the kill, and check the state that it left, before anything else happens."""
        self.kills += 1
        stage = self._stage
        self.problems += archived_too_early(stage.store, stage.folder)
        if self._trial.workload.only_adds:
            self.problems += summarised_too_early(stage.store, stage.folder, stage.dropped)

    def _launch(self, passage: int) -> Service:
        return self._stage.launch(self._service, "--at", self._trial.point.name, "--passage", str(passage))
