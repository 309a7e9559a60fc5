"""Runs rivals, each in its own process and database, on the server that Inflow uses."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import make_url

from benchmarks.bench import Bench
from benchmarks.files import DataFile
from benchmarks.processes import Meter
from benchmarks.rivals.catalog import Rival
from benchmarks.rivals.job import READY
from benchmarks.rivals.tables import PeopleAndPlaces, WrongRows
from benchmarks.samples import Sample, Usage
from benchmarks.servers import BenchServers, LocalInfileRefused
from tests.support.servers.isolation import Database, own_database
from tests.support.services import REPOSITORY

_MODULE = "benchmarks.rivals"


class RivalFailed(Exception):
    """A rival ended with an error; the message is the last line of its output."""


def measure_rival(bench: Bench, rival: Rival, *files: DataFile, case: str, again: bool = False) -> None:
    """Let a rival load files into an empty table, check the result, and record the time.

    With `again` it loads them twice, and the second time counts.
    """
    try:
        sample, limit_seconds = _measured(bench, rival, files, again=again)
    except (LocalInfileRefused, RivalFailed) as error:
        bench.results.leave_out(case=case, subject=rival.title, reason=str(error))
        return
    except WrongRows as error:
        bench.results.fail(case=case, subject=rival.title, reason=str(error))
        return
    rows = sum(file.rows for file in files)
    bench.results.add(sample, case=case, subject=rival.title, rows=rows, note=rival.note, limit_seconds=limit_seconds)


def _measured(bench: Bench, rival: Rival, files: Sequence[DataFile], *, again: bool) -> tuple[Sample, float | None]:
    """Return the result, and the time limit at which it was ended if it did not finish."""
    limit_seconds = bench.options.rival_seconds if rival.is_limited else None
    with _database(bench.servers, rival) as database:
        tables = PeopleAndPlaces(database.url, database.flavour)
        tables.create()
        bench.calm_down()
        try:
            command = [*["--again"] * again, rival.name, *(str(file.path) for file in files)]
            sample = _run(bench.servers, command, database, limit_seconds)
        except subprocess.TimeoutExpired as expired:
            return Sample(seconds=expired.timeout), expired.timeout
        tables.check(_births(files))
        return sample, None


@contextmanager
def _database(servers: BenchServers, rival: Rival) -> Iterator[Database]:
    with ExitStack() as closing:
        if rival.needs_local_infile:
            closing.enter_context(servers.local_infile())
        database = closing.enter_context(own_database(servers.database))
        if rival.needs_staging:
            closing.enter_context(servers.staging_of(make_url(database.url).database or ""))
        yield database


def _run(servers: BenchServers, command: Sequence[str], database: Database, limit_seconds: float | None) -> Sample:
    with _process(command, database) as (process, said):
        _wait_until_ready(process, said)
        meter = Meter({name: pid for name, pid in servers.pids.items() if name == "database"})
        answer, _ = process.communicate("\n", timeout=limit_seconds)
        if process.returncode != 0:
            raise RivalFailed(_last_line(said))
        usages = meter.usages()
    figures = json.loads(answer.splitlines()[-1])
    client = Usage(process="client", cpu_seconds=figures["cpu_seconds"], peak_mib=figures["peak_mib"])
    return Sample(seconds=figures["seconds"], usages=(client, *usages))


@contextmanager
def _process(command: Sequence[str], database: Database) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """Start a rival's process; yield it, with the file of its error output. It is killed at the end."""
    with TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, *command],
            cwd=REPOSITORY,
            env={**os.environ, "DATABASE_URL": database.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        with process:
            try:
                yield process, complaints
            finally:
                process.kill()


def _wait_until_ready(process: "subprocess.Popen[str]", complaints: IO[str]) -> None:
    assert process.stdout is not None
    if READY not in map(str.strip, iter(process.stdout.readline, "")):
        raise RivalFailed(_last_line(complaints))


def _last_line(complaints: IO[str]) -> str:
    complaints.seek(0)
    return complaints.read().strip().rpartition("\n")[2]


def _births(files: Sequence[DataFile]) -> Mapping[str, int]:
    births: Counter[str] = Counter()
    for file in files:
        births.update(file.births)
    return births
