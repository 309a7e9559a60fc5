"""One round: drops files, applies a fault to a cluster under load, and checks the result after it."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import pika.exceptions
from sqlalchemy import make_url

from shared.messaging.topology import QUEUES
from shared.runtime.files import DataFolder
from tests.support.eventually import StillNot, eventually
from tests.support.servers.isolation import own_database, own_vhost
from tests.support.services import Pipeline
from tests.support.topology import TOPOLOGY
from verification import checker
from verification.chaos.convergence import Convergence, Installation, store_of, wait_until_converged
from verification.chaos.log_checks import hear
from verification.chaos.supervisor import Crew
from verification.cluster.fault import Target
from verification.cluster.kinds import DATABASE_PASSWORD, DATABASE_USER, Servers
from verification.cluster.members import Client
from verification.cluster.plan import Plan
from verification.cluster.progress import Progress, watching
from verification.cluster.workload import Workload, draw_workload
from verification.crash import events
from verification.crash.observation import looking_at
from verification.drops import Drop
from verification.summary_watch import SummaryWatch

#: Several chunks of each file for each writer.
_CHUNK_ROWS = "500"
#: Half of the files are dropped at the beginning, the others one by one, no faster than the services load them.
_ROWS_A_SECOND = 8000
#: Longer than any pause between two tries of a service, and than any wait for an answer after a fault.
_STUCK_SECONDS = 120.0
#: Maximum duration of a round that still makes progress.
_MAX_ROUND_SECONDS = 3600.0
#: Time for the rest when all rows are applied: files to archive, a summary to write.
_AFTERWARDS_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a round."""

    plan: Plan
    problems: Sequence[str]
    #: What the fault did.
    struck: str
    longest_stall_seconds: float
    dead_letters: int
    #: Number of loads that were published again.
    revived: int
    seconds: float
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """A round in progress."""

    servers: Servers
    plan: Plan
    workload: Workload
    pipeline: Pipeline
    installation: Installation
    progress: Progress


def run_round(servers: Servers, plan: Plan) -> Outcome:
    """Execute the plan, and check the result."""
    began = time.monotonic()
    watch = SummaryWatch(only_adds=False)
    servers.cluster.follower.cuts = plan.fault.cuts
    with _set_up(servers, plan) as run:
        crew = Crew(run.pipeline, plan.services)
        rows_applied = partial(_rows_applied, Client(servers.database.url), run.installation)
        with crew.supervised(), looking_at(run.pipeline.summary, watch), watching(run.progress, rows_applied):
            struck, fault_problems = _load(run)
            convergence = _wait_until_done(run)
        crew.stop_all()
        # A member whose rows differ leaves by itself, at any time.
        servers.cluster.mend()
        member_problems = list(servers.cluster.problems(run.installation))
        testimony = hear((each.log_file for each in run.pipeline.services), loses_messages=True)
        dead_letters = _dead_letters(run.installation)
        # An unfinished round has many errors that mean nothing.
        state = [] if convergence.left else _state_problems(run)
    left = [f"never done: {each}" for each in convergence.left]
    sources = (fault_problems, member_problems, crew.problems, testimony.problems, left, watch.problems, state)
    return Outcome(
        plan=plan,
        problems=[problem for problems in sources for problem in problems],
        struck=struck,
        longest_stall_seconds=max(run.progress.longest_stall_seconds, run.progress.stall_seconds),
        dead_letters=dead_letters,
        revived=testimony.revived,
        seconds=time.monotonic() - began,
        folder=run.pipeline.folder,
    )


@contextmanager
def _set_up(servers: Servers, plan: Plan) -> Iterator[_Round]:
    """Yield an empty installation on the servers, without services; its folder is kept."""
    workload = draw_workload(Random(plan.seed), plan.rows)
    with ExitStack() as closing:
        vhost = closing.enter_context(own_vhost(servers.broker))
        database_url = make_url(closing.enter_context(own_database(servers.database)).url)
        login = database_url.set(username=DATABASE_USER, password=DATABASE_PASSWORD)
        pipeline = Pipeline(
            Path(mkdtemp(prefix="inflow-cluster-")),
            broker_url=servers.broker_url(vhost.vhost),
            database_url=login.render_as_string(hide_password=False),
            settings={"INFLOW_CHUNK_ROWS": _CHUNK_ROWS},
        )
        pipeline.data.mkdir()
        closing.callback(pipeline.close)
        yield _Round(
            servers=servers,
            plan=plan,
            workload=workload,
            pipeline=pipeline,
            installation=Installation(data=pipeline.data, database_url=database_url, vhost=vhost, ctl=servers.ctl),
            progress=Progress(),
        )


def _load(run: _Round) -> tuple[str, list[str]]:
    """Drop all files, and apply the fault meanwhile; return what it did, and its problem, if any."""
    try:
        for each in run.workload.early:
            _drop(run, each)
            _wait_for_rows(run.progress, run.progress.dropped)
        with _dropping(run):
            _wait_for_rows(run.progress, run.plan.struck_after_rows)
            return _strike(run)
    except StillNot as error:
        return "nothing struck", [f"before any fault: {error}"]


@contextmanager
def _dropping(run: _Round) -> Iterator[None]:
    """Drop half of the files, and the others one by one while the block runs, for as long as the fault lasts."""
    drops = run.workload.others
    half = len(drops) // 2
    pause_seconds = run.plan.fault.seconds / (len(drops) - half)

    def drop_others() -> None:
        for each in drops[half:]:
            time.sleep(max(pause_seconds, len(each.rows) / _ROWS_A_SECOND))
            _drop(run, each)

    for each in drops[:half]:
        _drop(run, each)
    dropping = threading.Thread(target=drop_others, name="dropping")
    dropping.start()
    try:
        yield
    finally:
        dropping.join()


def _drop(run: _Round, drop: Drop) -> None:
    run.pipeline.drop(drop.name, drop.content)
    run.progress.note_dropped(len(drop.rows))


def _wait_for_rows(progress: Progress, rows: int) -> None:
    """Wait until `rows` rows are applied; raises StillNot if none is applied for too long."""
    eventually(
        lambda: progress.applied >= rows or progress.stall_seconds > _STUCK_SECONDS,
        timeout_seconds=_MAX_ROUND_SECONDS,
    )
    if progress.applied < rows:
        raise StillNot(f"{progress.applied} of {rows} rows are applied, and none for {_STUCK_SECONDS:.0f} s")


def _strike(run: _Round) -> tuple[str, list[str]]:
    """Apply the fault, and repair the cluster; return what was done, and why the fault failed if it did."""
    fault, cluster, problems = run.plan.fault, run.servers.cluster, list[str]()
    target = Target(cluster=cluster, vhost=run.installation.vhost.vhost, random=Random(run.plan.seed))
    try:
        struck = fault.strike(target)
    except Exception as error:
        struck = "nothing struck"
        problems.append(f"the fault {fault.name} failed: {type(error).__name__}: {error}")
    cluster.mend()
    return struck, problems


def _wait_until_done(run: _Round) -> Convergence:
    """Wait until all rows are applied and files archived, or progress stops, or a message is dead-lettered."""
    progress, installation = run.progress, run.installation

    def is_decided() -> bool:
        if progress.is_done() or progress.stall_seconds > _STUCK_SECONDS:
            return True
        # A broker whose node has just come back may be unable to answer.
        with suppress(pika.exceptions.AMQPError):
            return _dead_letters(installation) > 0
        return False

    eventually(is_decided, timeout_seconds=_MAX_ROUND_SECONDS, pause_seconds=1.0, message="rows are applied")
    is_hopeless = not progress.is_done() or _dead_letters(installation)
    return wait_until_converged(
        installation,
        drops=len(run.workload.drops),
        timeout_seconds=0.0 if is_hopeless else _AFTERWARDS_SECONDS,
    )


def _rows_applied(client: Client, installation: Installation) -> int | None:
    database = installation.database_url.database
    rows = client.ask(f"SELECT COALESCE(SUM(rows_done), 0) FROM {database}.inflow_loads")
    return int(rows[0][0]) if rows else None


def _dead_letters(installation: Installation) -> int:
    depths = events.depths(installation.vhost.url)
    return sum(depths[TOPOLOGY.dead_letter_name(queue)] for queue in QUEUES)


def _state_problems(run: _Round) -> list[str]:
    vhost_url = run.installation.vhost.url
    with store_of(run.installation) as store:
        return checker.problems(
            drops=run.workload.drops,
            store=store,
            folder=DataFolder(run.installation.data),
            queue_depths=events.depths(vhost_url),
            dead_letters=events.dead_letters(vhost_url),
        )
