"""A campaign: many runs, one after the other on the same servers, with their totals."""

import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from verification.chaos.log_checks import too_many_deadlocks
from verification.chaos.nemesis import Nemesis
from verification.chaos.plan import draw_plan
from verification.chaos.run import Outcome, run
from verification.chaos.servers import ChaosServers, start_servers

#: Maximum number of problems printed: one fault may cause a problem in every row.
_MAX_SAID = 30

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """The totals of all runs."""

    runs: int = 0
    failed_seeds: list[int] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    chunks: int = 0
    deadlocks: int = 0
    looks: int = 0
    slowest_convergence_seconds: float = 0.0
    slowest_stop_seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Add a run."""
        self.runs += 1
        if outcome.problems:
            self.failed_seeds.append(outcome.plan.seed)
        self.strikes.update(blow.nemesis.name for blow in outcome.plan.blows)
        self.chunks += outcome.chunks
        self.deadlocks += outcome.deadlocks
        self.looks += outcome.looks
        self.slowest_convergence_seconds = max(self.slowest_convergence_seconds, outcome.convergence_seconds)
        self.slowest_stop_seconds = max(self.slowest_stop_seconds, outcome.slowest_stop_seconds)

    def problems(self, nemeses: Sequence[Nemesis]) -> list[str]:
        """Return the problems of the campaign as a whole."""
        found = too_many_deadlocks(self.deadlocks, self.chunks)
        if self.runs >= len(nemeses):
            found += [f"{each.name} never struck" for each in nemeses if not self.strikes[each.name]]
        return found


def run_campaign(seeds: Iterable[int], nemeses: Sequence[Nemesis], *, say: Say, replay: Callable[[int], str]) -> bool:
    """Run all seeds and print the results; return whether all were correct."""
    tally = Tally()
    with ExitStack() as closing:
        servers = start_servers(closing)
        for seed in seeds:
            _run_one(servers, seed, nemeses, tally, say=say, replay=replay)
    problems = tally.problems(nemeses)
    for each in problems:
        say(f"PROBLEM {each}")
    say("struck: " + ", ".join(f"{each.name} {tally.strikes[each.name]}" for each in nemeses))
    say(
        f"{tally.runs} seeds, {len(tally.failed_seeds)} failed {tally.failed_seeds or ''}: {tally.chunks} chunks, "
        f"{tally.deadlocks} deadlocks, {tally.looks} looks at the summary; slowest convergence "
        f"{tally.slowest_convergence_seconds:.1f} s, slowest stop {tally.slowest_stop_seconds:.1f} s"
    )
    return not tally.failed_seeds and not problems


def _run_one(
    servers: ChaosServers,
    seed: int,
    nemeses: Sequence[Nemesis],
    tally: Tally,
    *,
    say: Say,
    replay: Callable[[int], str],
) -> None:
    try:
        outcome = run(servers, draw_plan(seed, nemeses))
    except Exception:
        # An error of the harness itself must not count as a successful run.
        tally.runs += 1
        tally.failed_seeds.append(seed)
        say(f"seed {seed}: FAILED\n{traceback.format_exc()}\n  replay: {replay(seed)}")
        return
    tally.add(outcome)
    say(_in_words(outcome))
    if outcome.problems:
        more = [f"... {len(outcome.problems) - _MAX_SAID} more"] if len(outcome.problems) > _MAX_SAID else []
        said = (*outcome.problems[:_MAX_SAID], *more, *outcome.struck, f"kept: {outcome.folder}")
        for each in (*said, f"replay: {replay(seed)}"):
            say(f"  {each}")
    else:
        shutil.rmtree(outcome.folder)


def _in_words(outcome: Outcome) -> str:
    plan = outcome.plan
    verdict = f"FAILED, {len(outcome.problems)} problems" if outcome.problems else "right"
    blows = ", ".join(blow.nemesis.name for blow in plan.blows)
    return (
        f"seed {plan.seed}: {verdict}, {outcome.seconds:.0f} s; {len(plan.drops)} files, {outcome.chunks} chunks of "
        f"{plan.chunk_rows}, {outcome.deadlocks} deadlocks, {outcome.revived} revived, converged in "
        f"{outcome.convergence_seconds:.1f} s, stopped in {outcome.slowest_stop_seconds:.1f} s, {outcome.looks} looks; "
        f"{blows}"
    )
