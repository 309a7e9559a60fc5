"""A campaign: many rounds, on one cluster after the other, with a table of the results."""

import shutil
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.support.servers.found import Unavailable
from verification.cluster.kinds import Servers
from verification.cluster.plan import Plan
from verification.cluster.round import Outcome, run_round

#: Maximum number of problems printed: one fault may cause a problem in every row.
_MAX_SHOWN_PROBLEMS = 30

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the table; without an outcome, the harness itself failed."""

    plan: Plan
    outcome: Outcome | None

    @property
    def is_right(self) -> bool:
        """Whether no problem was found."""
        return self.outcome is not None and not self.outcome.problems

    def __str__(self) -> str:
        plan, outcome = self.plan, self.outcome
        name = f"{plan.kind.name:18}{plan.variant.name:16}{plan.seed:4}  {plan.fault.name:26}"
        if outcome is None:
            return f"{name}{'-':>8}{'-':>8}{'-':>6}{'-':>9}  FAILED: no verdict"
        verdict = f"FAILED, {len(outcome.problems)} problems" if outcome.problems else "right"
        return (
            f"{name}{outcome.longest_stall_seconds:8.1f}{outcome.seconds:8.0f}{outcome.dead_letters:6}"
            f"{outcome.revived:9}  {verdict}"
        )


_HEADING = (
    f"{'kind':18}{'variant':16}{'seed':>4}  {'fault':26}{'stall s':>8}{'all s':>8}{'dead':>6}{'revived':>9}  verdict"
)


class _Cluster:
    """A cluster that is started when first needed, and replaced after a failure of the harness."""

    def __init__(self, scripts: Path) -> None:
        self._scripts = scripts
        self._closing = ExitStack()
        self._servers: Servers | None = None

    def servers(self, plan: Plan) -> Servers:
        """Return the running servers; raises Unavailable with what is missing or could not be started."""
        if self._servers is None:
            self._servers = plan.variant.start(self._scripts, self._closing)
        return self._servers

    def close(self) -> None:
        """End all servers."""
        self._servers = None
        self._closing.close()


def run_campaign(plans: Sequence[Plan], scripts: Path, *, say: Say, replay: Callable[[Plan], str]) -> bool:
    """Run all rounds, grouped by variant, and print the results; return whether all were correct."""
    lines: list[Line] = []
    for _, rounds in groupby(plans, key=lambda plan: (plan.kind.name, plan.variant.name)):
        with closing(_Cluster(scripts)) as cluster:
            lines += [_run_one(cluster, plan, say=say, replay=replay) for plan in rounds]
    failed = [line for line in lines if not line.is_right]
    say("\n".join(("", _HEADING, *map(str, lines), f"{len(lines)} rounds, {len(failed)} failed")))
    return not failed


def _run_one(cluster: _Cluster, plan: Plan, *, say: Say, replay: Callable[[Plan], str]) -> Line:
    try:
        outcome = run_round(cluster.servers(plan), plan)
    except Exception as error:
        # An error of the harness itself must not count as a successful round.
        cluster.close()
        why = f"no cluster: {error}" if isinstance(error, Unavailable) else traceback.format_exc()
        say(f"{plan.kind.name} seed {plan.seed}, {plan.fault.name}: FAILED\n  {why.rstrip()}\n  {replay(plan)}")
        return Line(plan=plan, outcome=None)
    say(_in_words(outcome))
    if outcome.problems:
        more = len(outcome.problems) - _MAX_SHOWN_PROBLEMS
        for each in (*outcome.problems[:_MAX_SHOWN_PROBLEMS], *([f"... {more} more"] if more > 0 else [])):
            say(f"  {each}")
        say(f"  kept: {outcome.folder}\n  {replay(plan)}")
    else:
        shutil.rmtree(outcome.folder)
    return Line(plan=plan, outcome=outcome)


def _in_words(outcome: Outcome) -> str:
    plan = outcome.plan
    verdict = f"FAILED, {len(outcome.problems)} problems" if outcome.problems else "right"
    return (
        f"{plan.kind.name} ({plan.variant.name}) seed {plan.seed}, {plan.fault.name}: {verdict}; {outcome.struck}; "
        f"{plan.rows} rows, longest stall {outcome.longest_stall_seconds:.1f} s, {outcome.dead_letters} dead letters, "
        f"{outcome.revived} loads published again, {outcome.seconds:.0f} s"
    )
