"""The environment of one trial: services on a virtual host, a database and a folder of their own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from shared.configuration.catalog import load_catalog
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.store import Store, open_store
from tests.support.eventually import eventually
from tests.support.servers.found import BrokerServer, DatabaseServer
from tests.support.servers.isolation import own_database, own_vhost
from tests.support.services import Pipeline, Service
from verification.crash import events
from verification.crash.convergence import unfinished
from verification.crash.workload import CHUNK_ROWS
from verification.drops import Drop

#: The watcher does not republish stalled loads, so that lost messages stay lost for the time of a run.
SETTINGS = {"INFLOW_CHUNK_ROWS": str(CHUNK_ROWS), "INFLOW_REPUBLISH_SECONDS": "600"}

_LAUNCHER = "verification.crash.launcher"

#: Time for a restart and a handful of small files on a busy machine.
CONVERGENCE_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The servers shared by all runs."""

    broker: BrokerServer
    database: DatabaseServer


@dataclass(slots=True, kw_only=True)
class Stage:
    """The virtual host, database and processes of one run."""

    pipeline: Pipeline
    store: Store
    folder: DataFolder
    broker_url: str
    dropped: list[Drop] = field(default_factory=list)
    #: The processes that have not been ended yet.
    running: list[Service] = field(default_factory=list)

    def start(self, *names: str) -> None:
        """Start services as users do."""
        self.running += self.pipeline.start(*names)

    def launch(self, name: str, *arguments: str) -> Service:
        """Start a service through the launcher, which counts its passages."""
        file = self._passages_file(name)
        file.unlink(missing_ok=True)
        service = self.pipeline.start_module(_LAUNCHER, name, "--passages", str(file), *arguments)
        self.running.append(service)
        return service

    def passages(self, name: str) -> Counter[str]:
        """Return how often each point was passed since a service was launched."""
        file = self._passages_file(name)
        return Counter(file.read_text().splitlines()) if file.exists() else Counter()

    def end(self, service: Service) -> None:
        """End a process, if it still runs."""
        service.kill()
        self.running.remove(service)

    def drop(self, drops: Sequence[Drop]) -> None:
        """Drop files, one after the other."""
        for drop in drops:
            self.pipeline.drop(drop.name, drop.content)
            self.dropped.append(drop)

    def unfinished(self) -> list[str]:
        """Return descriptions of what is left to do with the dropped files."""
        return unfinished(self.store, self.folder, drops=len(self.dropped))

    def wait_until_done(self, *, unless_ended: Service | None = None) -> None:
        """Wait until nothing is left to do, or until this service has ended."""
        eventually(
            lambda: (unless_ended is not None and unless_ended.has_ended) or not self.unfinished(),
            timeout_seconds=CONVERGENCE_SECONDS,
            message="convergence",
        )

    def stop_all(self) -> None:
        """End all processes; return once the broker has requeued their unacknowledged messages."""
        for service in self.running:
            service.kill()
        self.running.clear()
        eventually(lambda: not events.consumers(self.broker_url), message="the broker knows of no consumer")

    def _passages_file(self, service: str) -> Path:
        return self.pipeline.folder / f"{service}.passages"


@contextmanager
def set_up(servers: Servers) -> Iterator[Stage]:
    """Yield an environment without processes."""
    with ExitStack() as closing:
        broker = closing.enter_context(own_vhost(servers.broker))
        database_url = closing.enter_context(own_database(servers.database)).url
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="inflow-crash-")))
        pipeline = Pipeline(folder, broker_url=broker.url, database_url=database_url, settings=SETTINGS)
        closing.callback(pipeline.close)
        database = Database(make_url(database_url))
        closing.callback(database.close)
        events.listen(broker.url)
        yield Stage(
            pipeline=pipeline,
            store=open_store(database, load_catalog(None)),
            folder=DataFolder(pipeline.data),
            broker_url=broker.url,
        )
