"""Starts the system as users do, with its default settings, on servers or in one process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ledger import LedgerReader
from benchmarks.servers import BenchServers
from benchmarks.system import System
from benchmarks.traffic import Traffic
from services.extractor.settings import WatcherConfig
from tests.support.servers.isolation import own_database, own_vhost
from tests.support.services import Pipeline, Service

#: Overrides the tests' short intervals with the defaults that users get.
_DEFAULTS = {
    "INFLOW_SETTLE_SECONDS": str(WatcherConfig().settle_seconds),
    "INFLOW_RESCAN_SECONDS": str(WatcherConfig().rescan_seconds),
    "INFLOW_LOG_FORMAT": "json",
}


@contextmanager
def running_system(servers: BenchServers, *, writers: int) -> Iterator[System]:
    """Run watcher, writers and aggregator on a virtual host and a database of their own."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="inflow-bench-")))
        vhost = closing.enter_context(own_vhost(servers.broker))
        database = closing.enter_context(own_database(servers.database))
        pipeline = Pipeline(folder, broker_url=vhost.url, database_url=database.url, settings=_DEFAULTS)
        closing.callback(pipeline.close)
        services = {name: pipeline.start_one(name) for name in ("watcher", "aggregator")}
        services |= {f"writer {number}": pipeline.start_one("writer") for number in range(1, writers + 1)}
        yield System(
            data=pipeline.data,
            ledger=LedgerReader(database.url, database.flavour),
            services=services,
            server_pids=servers.pids,
            traffic=Traffic(servers.statistics, vhost.vhost),
        )


@contextmanager
def running_embedded() -> Iterator[System]:
    """Run everything in one process, on SQLite."""
    with TemporaryDirectory(prefix="inflow-bench-") as name:
        folder = Path(name)
        data = folder / "data"
        command = ("run", "--embedded", "--data", str(data))
        service = Service("inflow.cli", *command, folder=folder, log=folder / "embedded.log", settings=_DEFAULTS)
        try:
            ledger = LedgerReader(f"sqlite:///{data / 'inflow.db'}", "sqlite")
            yield System(data=data, ledger=ledger, services={"embedded": service}, server_pids={}, traffic=None)
        finally:
            service.kill()
