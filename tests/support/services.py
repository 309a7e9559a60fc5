"""The services as processes on real servers, which tests start, feed with files, kill and observe."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from tests.support.eventually import MAX_WAIT_SECONDS, eventually

REPOSITORY = Path(__file__).parents[2]
SERVICES = ("watcher", "writer", "aggregator")

#: Number of newest logs shown for a failed test, for pipelines that restart services repeatedly.
SHOWN_LOGS = 8

#: Files are claimed at once, and the folders are scanned often.
QUICK = {"INFLOW_SETTLE_SECONDS": "0.2", "INFLOW_RESCAN_SECONDS": "0.2", "INFLOW_LOG_FORMAT": "json"}


class Service:
    """One process, with its log."""

    def __init__(self, module: str, *arguments: str, folder: Path, log: Path, settings: Mapping[str, str]) -> None:
        self.log_file = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                # Not in the repository, which may contain the developer's own configuration.
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        """Return its whole output."""
        return self.log_file.read_text(encoding="utf-8")

    def logs(self, action: str | None = None) -> list[dict[str, Any]]:
        """Return its log lines, of one action or all; a line that is not JSON fails the test."""
        whole_lines = self.output().rpartition("\n")[0]
        records = [json.loads(line) for line in whole_lines.splitlines()]
        return [record for record in records if action is None or record.get("action") == action]

    def logged(self, action: str, **values: object) -> dict[str, Any]:
        """Wait for a log line with these facts, and return it."""

        def found() -> dict[str, Any] | None:
            matching = (each for each in self.logs(action) if values.items() <= each.items())
            return next(matching, None)

        line = eventually(found, message=f"{action} {values} in the log")
        assert line is not None
        return line

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def pause(self) -> None:
        """Stop it as a debugger would; return once it is stopped."""
        self.signal(signal.SIGSTOP)
        eventually(lambda: _status(self.process.pid)["State"].startswith("T"), message="stopped")

    def resume(self) -> None:
        """Continue it after a pause."""
        self.signal(signal.SIGCONT)

    def wait_until_started(self) -> None:
        """Wait until it handles signals and logs that it has started, or has ended.

        Before that, SIGTERM would end the interpreter, not the service. An embedded run does not log its start.
        """
        eventually(lambda: self.has_ended or "started" in self.output(), message="it has started")

    def request_stop(self) -> None:
        """Send SIGTERM; return once it is handled, which restores the default handler for the next one."""
        self.signal(signal.SIGTERM)
        terminated = 1 << (signal.SIGTERM - 1)
        eventually(
            lambda: self.has_ended or not int(_status(self.process.pid)["SigCgt"], 16) & terminated,
            message="SIGTERM is taken",
        )

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def wait(self) -> int:
        """Wait for its end, and return its exit code; a stop takes as long as the current work."""
        return self.process.wait(MAX_WAIT_SECONDS)

    def stop(self) -> int:
        """Stop it as an engine does, and return its exit code."""
        self.wait_until_started()
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """Kill it without a chance to clean up."""
        self.process.kill()
        self.process.wait()


class Pipeline:
    """A data folder, and the processes that work on it with one virtual host and one database."""

    def __init__(self, folder: Path, *, broker_url: str, database_url: str, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings = {
            **QUICK,
            "INFLOW_DATA": str(self.data),
            "RABBITMQ_URL": broker_url,
            "DATABASE_URL": database_url,
            **settings,
        }
        self.services: list[Service] = []
        self._engine: Engine = create_engine(
            make_url(database_url), poolclass=NullPool, isolation_level="READ COMMITTED"
        )

    def start(self, *names: str, **settings: str) -> list[Service]:
        """Start services by name, all with the same additional settings."""
        return [self._start(f"services.{name}", settings=settings) for name in names]

    def start_one(self, name: str, **settings: str) -> Service:
        """Start one service."""
        return self.start(name, **settings)[0]

    def start_command(self, *arguments: str) -> Service:
        """Start a command of `inflow` that runs until it is stopped."""
        return self.start_module("inflow.cli", *arguments)

    def start_module(self, module: str, *arguments: str) -> Service:
        """Start a module that runs until it is stopped, with the settings of the services."""
        return self._start(module, *arguments)

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `inflow` to its end."""
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **self.settings, **settings}
        return subprocess.run(
            [sys.executable, "-m", "inflow.cli", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=MAX_WAIT_SECONDS,
        )

    def report(self, *arguments: str, **settings: str) -> Any:
        """Return the JSON output of a reporting command."""
        done = self.command(*arguments, "--json", **settings)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def drop(self, name: str, content: str | bytes) -> None:
        """Put a file into the inbox by a rename, which makes it complete at once."""
        inbox = self.data / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        hidden = inbox / f".{name}"
        hidden.write_bytes(content.encode() if isinstance(content, str) else content)
        hidden.rename(inbox / name)

    def query(self, statement: str, **parameters: object) -> list[Any]:
        """Return the rows of a query; empty while the tables do not exist yet."""
        with self._engine.connect() as connection:
            if not inspect(connection).has_table("inflow_outbox"):
                return []
            return list(connection.execute(text(statement), parameters))

    def has_table(self, name: str) -> bool:
        """Whether the database has a table."""
        with self._engine.connect() as connection:
            return inspect(connection).has_table(name)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Hold a separate transaction with its locks until the block ends."""
        with self._engine.begin() as connection:
            yield connection

    def loads(self) -> dict[int, Any]:
        """Return the ledger's entry of each load, by number."""
        return {load.load_id: load for load in self.query("SELECT * FROM inflow_loads ORDER BY load_id")}

    def wait_for_load(self, load_id: int, condition: Callable[[Any], bool]) -> Any:
        """Wait until a load's entry in the ledger meets a condition, and return it."""

        def answer() -> Any:
            load = self.loads().get(load_id)
            return load if load is not None and condition(load) else None

        return eventually(answer, message=f"load {load_id}")

    def wait_until_archived(self, *load_ids: int) -> None:
        """Wait until the files of these loads are in the archive."""
        for load_id in load_ids:
            self.wait_for_load(load_id, lambda load: load.state == "archived")
        eventually(lambda: not list((self.data / "processing").iterdir()), message="processing/ is empty")

    @property
    def summary(self) -> Path:
        """The summary's file."""
        return self.data / "summary_output.json"

    def wait_for_summary(self, counts: Mapping[str, int]) -> None:
        """Wait until the summary is byte for byte that of these counts."""
        right = summary_of(counts)
        eventually(lambda: self.summary.exists() and self.summary.read_bytes() == right, message=right.decode())

    def close(self) -> None:
        """Kill the processes that still run."""
        for service in self.services:
            service.kill()

    def logs(self) -> str:
        """Return the end of the log of each of the newest processes."""
        newest = self.services[-SHOWN_LOGS:]
        return "\n".join(f"--- {each.log_file.name}\n{each.output()[-3000:]}" for each in newest)

    def _start(self, module: str, *arguments: str, settings: Mapping[str, str] | None = None) -> Service:
        log = self.folder / f"{module}.{len(self.services)}.log"
        service = Service(
            module, *arguments, folder=self.folder, log=log, settings={**self.settings, **(settings or {})}
        )
        self.services.append(service)
        return service


@contextmanager
def running_pipeline(
    folder: Path, *, broker_url: str, database_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[Pipeline]:
    """Yield a pipeline whose processes end with the block; pytest shows their logs if the test fails."""
    pipeline = Pipeline(folder, broker_url=broker_url, database_url=database_url, settings=settings or {})
    try:
        yield pipeline
    finally:
        pipeline.close()
        print(pipeline.logs())


def summary_of(counts: Mapping[str, int]) -> bytes:
    """Return the content of the summary: in descending order, then by name."""
    right = dict(sorted(Counter(counts).items(), key=lambda entry: (-entry[1], entry[0])))
    return json.dumps(right, ensure_ascii=False, separators=(",", ":")).encode()


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
