"""Runs a workload without faults, and counts the passages of each point."""

from tests.support.services import SERVICES
from verification.crash.environment import Servers, Stage, set_up
from verification.crash.observation import looking_at
from verification.crash.table import POINTS
from verification.crash.verdict import judge
from verification.crash.workload import Workload
from verification.summary_watch import SummaryWatch


class WrongWithoutFaults(Exception):
    """The undisturbed run itself has problems."""


def count_passages(servers: Servers, workload: Workload, *, writers: int = 1) -> dict[str, int]:
    """Return the passages of each point by full name; for several writers, those of one."""
    watch = SummaryWatch(only_adds=workload.only_adds)
    with set_up(servers) as stage:
        with looking_at(stage.pipeline.summary, watch):
            _run(stage, workload, writers)
            # Before the checks, which may restart services and thereby their counts.
            passed = {service: stage.passages(service) for service in SERVICES}
            problems = judge(stage)
        problems += watch.problems
        if problems:
            raise WrongWithoutFaults("\n".join([*problems, stage.pipeline.logs()]))
        return {point.full_name: passed[point.service][point.name] for point in POINTS}


def _run(stage: Stage, workload: Workload, writers: int) -> None:
    for service in SERVICES:
        stage.launch(service)
    stage.start(*["writer"] * (writers - 1))
    for wave in workload.waves():
        stage.drop(wave)
        stage.wait_until_done()
