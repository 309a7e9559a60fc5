"""A data folder controlled by a test: a watcher and a writer on SQLite and an in-memory queue, step by step."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL, select

from services.extractor.settings import WatcherConfig
from services.watcher.rounds import Rounds
from services.writer.handlers import WriterHandlers
from shared.configuration.catalog import load_catalog
from shared.extraction.chunks import ChunkBounds
from shared.messaging.envelope import Envelope
from shared.messaging.local_queue import LocalQueue
from shared.messaging.topology import WRITER_QUEUE
from shared.model.datasets import Catalog
from shared.runtime import clock as runtime_clock
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.ledger import waiting_files
from shared.storage.ledger.loads import Load
from shared.storage.store import existing_store, open_store
from tests.support.ledger import all_loads

if TYPE_CHECKING:
    from shared.messaging.payloads import Payload

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth\n"
PLACES = "city,county,country\n"

#: Files are complete at once, chunks are small, and a stalled load is published again at once.
AT_ONCE = WatcherConfig(
    bounds=ChunkBounds(rows=3, bytes=1 << 20),
    settle_seconds=0.0,
    republish_seconds=0.0,
    watch="poll",
    backlog_messages=100,
)

#: Far more rounds than any test needs.
_MAX_ROUNDS = 200


def people(count: int, *, family: str = "Stone") -> str:
    """Return a file of `count` people, all born in one town."""
    return PEOPLE + "".join(f"Given {number},{family},1900-01-01,Weir\n" for number in range(count))


class Clock:
    """Stands still until a test advances it, however slow the machine is."""

    def __init__(self) -> None:
        # Whole seconds: sums of them are exact.
        self._seconds = float(int(time.time()))

    def let_pass(self, seconds: float) -> None:
        self._seconds += seconds

    def time(self) -> float:
        return self._seconds

    def monotonic(self) -> float:
        return self._seconds


class RecordingQueue(LocalQueue):
    """Records the published messages, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Envelope] = []

    def publish(self, message: Envelope) -> None:
        super().publish(message)
        self.messages.append(message)

    @property
    def published(self) -> list["Payload"]:
        """The payloads of the messages, in order."""
        return [message.payload for message in self.messages]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a file's load, without the number and the times, which differ between runs."""

    file: str
    dataset: str | None
    state: str
    reason: str | None
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    rejected: int

    @classmethod
    def of(cls, load: Load) -> Self:
        return cls(*(getattr(load, name) for name in cls.__slots__))


class Pipeline:
    """One data folder with a watcher and a writer, which work only on a test's request."""

    def __init__(
        self,
        root: Path,
        *,
        config: WatcherConfig = AT_ONCE,
        catalog: Catalog | None = None,
        queue: RecordingQueue | None = None,
        new_database: Callable[[URL], Database] = Database,
        clock: runtime_clock.Clock = time,
    ) -> None:
        self.folder = DataFolder(root)
        self.folder.create()
        self.catalog = load_catalog(None) if catalog is None else catalog
        self.queue = RecordingQueue() if queue is None else queue
        is_new = not self.folder.database.exists()
        self.database = new_database(URL.create("sqlite", database=str(self.folder.database)))
        open_it = open_store if is_new else existing_store
        self.store = open_it(self.database, self.catalog)
        self.schema = self.store.schema
        self._rounds = Rounds(folder=self.folder, store=self.store, queue=self.queue, config=config, clock=clock)
        self.watcher = self._rounds.watcher
        self.writer = WriterHandlers(self.store, on_completed=lambda: None)

    def close(self) -> None:
        self._rounds.close()
        self.database.close()

    def drop(self, name: str | bytes, content: str | bytes = "", *, modified_at: float | None = None) -> Path:
        """Put a file into the inbox, creating its folder."""
        path = self.folder.inbox / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if modified_at is not None:
            os.utime(path, (modified_at, modified_at))
        return path

    def look(self) -> None:
        """Let the watcher rescan, with the kernel's events so far."""
        self._rounds.look()

    def publish(self) -> None:
        """Let the watcher publish all that it can."""
        while self.watcher.publish():
            pass

    def deliver(self) -> bool:
        """Deliver one message to the writer, if there is one."""
        return self.queue.deliver(WRITER_QUEUE, self.writer.handle, stop=Event())

    def deliver_all(self) -> None:
        """Deliver all messages to the writer."""
        while self.deliver():
            pass

    def rounds(self) -> Iterator[None]:
        """Let all parts work in turn, one message at a time, while the caller asks; fail if it never ends."""
        for _ in range(_MAX_ROUNDS):
            self.look()
            while self.watcher.publish() | self.deliver():
                yield
            yield
        raise AssertionError(f"no end after {_MAX_ROUNDS} rounds: {self.loads()}, {self.waiting()}")

    def finish(self) -> None:
        """Continue until nothing is left except what needs a person."""
        for _ in self.rounds():
            if self.watcher.is_idle:
                return

    def loads(self) -> list[Load]:
        """Return all loads, oldest first."""
        with self.database.transaction() as connection:
            return all_loads(connection, self.schema)

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of all loads, in order."""
        return [Outcome.of(load) for load in self.loads()]

    def states(self) -> dict[str, tuple[str, str | None]]:
        """Return each load's state and reason, by file."""
        return {load.file: (load.state, load.reason) for load in self.loads()}

    def waiting(self) -> dict[str, tuple[str, str]]:
        """Return the state and reason in the ledger of each file in the inbox."""
        with self.database.transaction() as connection:
            files = waiting_files.all_files(connection, self.schema)
        return {file.file: (file.state, file.reason) for file in files}

    def table(self, name: str) -> list[tuple[Any, ...]]:
        """Return a dataset's rows without their marks, sorted by key."""
        table = self.schema.datasets[name]
        columns = [table.c[column] for column in self.catalog.datasets[name].column_names]
        with self.database.transaction() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(*table.primary_key))]

    def contents(self) -> dict[str, bytes]:
        """Return all files of the data folder except database and locks, with # for each load's number."""
        found = {}
        for path in sorted(self.folder.root.rglob("*")):
            relative = path.relative_to(self.folder.root)
            if path.is_file() and (len(relative.parts) > 1 or path.suffix == ".json"):
                content = _without_load(path)
                found[re.sub(r"\.\d+(?=\.|$)", ".#", str(relative))] = content
        return found


def _without_load(path: Path) -> bytes:
    """Return a file's content; in a refused file's reason and in a rejects file, # replaces the load's number."""
    content = re.sub(rb"(?m)^load: \d+$", b"load: #", path.read_bytes())
    load_id = re.search(r"\.csv\.(\d+)\.csv$", path.name)
    return re.sub(rf",{load_id[1]}-[0-9a-f]+,(?=\d)".encode(), b",#,", content) if load_id else content
