"""A profile of the time: each step of a row's way by itself, one after the other, in one process with real servers.

The product is not changed for it: the steps are the calls that the services make.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from benchmarks.bench import Bench
from benchmarks.files import DataFile
from benchmarks.processes import Meter
from benchmarks.rivals.tables import PeopleAndPlaces
from benchmarks.steps import Clock, Step, steps_of, time_statements
from services.aggregator.aggregator import Aggregator
from services.extractor.extraction import Progress, detect
from services.extractor.round_robin import Extraction, Message
from services.extractor.row_sources import Cuts, cut_rows, open_rows
from services.extractor.settings import WatcherConfig
from services.extractor.sorting.ordering import SortingTurns
from services.writer.handlers import WriterHandlers
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import ClaimedName, new_token
from shared.extraction.regular_files import open_regular
from shared.messaging.envelope import Origin, decode, encode, envelope
from shared.messaging.payloads import RowsExtracted
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.topology import WRITER_QUEUE
from shared.model.rows import type_chunk
from shared.runtime.clock import instant_now
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.ledger import registration
from shared.storage.store import Store, open_store
from tests.support.catalogs import default_catalog
from tests.support.servers.isolation import own_database, own_vhost

_MAX_ROWS = 1_000_000
_DATASET = "people"
_CLAIMED = ClaimedName(
    load_id=1, token=new_token(), dataset=_DATASET, bounds=WatcherConfig().bounds, original="people.csv"
)


def measure_profile(bench: Bench) -> None:
    """Measure the steps of a first load."""
    rows = min(bench.options.rows, _MAX_ROWS)
    people, clock = bench.files.people(range(rows)), Clock()
    with ExitStack() as opened:
        vhost = opened.enter_context(own_vhost(bench.servers.broker))
        database = opened.enter_context(own_database(bench.servers.database))
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="inflow-bench-")))
        PeopleAndPlaces(database.url, database.flavour).create()
        url = make_url(database.url)
        store = open_store(opened.enter_context(closing(Database(url))), default_catalog())
        broker = BrokerSettings.from_environment(Environment({"RABBITMQ_URL": vhost.url}))
        with _metered(bench, "broker", clock):
            bodies = _publish(people, store, broker, clock)
            _consume(len(bodies), broker, clock)
        _claim(people, store)
        with _metered(bench, "database", clock):
            _write(bodies, replace(store, database=opened.enter_context(closing(Database(url)))), clock)
        _aggregate(store, folder, clock)
    bench.results.steps += steps_of(clock, rows)


@contextmanager
def _metered(bench: Bench, server: str, clock: Clock) -> Iterator[None]:
    """Add the processor time of a server's process during the block to the clock, if it is visible."""
    meter = Meter({name: pid for name, pid in bench.servers.pids.items() if name == server})
    yield
    for usage in meter.usages():
        clock.server_cpu_seconds[server] = usage.cpu_seconds


def _publish(people: DataFile, store: Store, broker: BrokerSettings, clock: Clock) -> list[bytes]:
    """Do the watcher's part; return what was published."""
    bodies: list[bytes] = []

    def publish(payload: Message) -> None:
        message = envelope(payload, origin=Origin(token=_CLAIMED.token), occurred_at=instant_now())
        with clock.step(Step.ENCODE):
            bodies.append(encode(message))
        with clock.step(Step.ENCODE_AND_PUBLISH):
            publisher.publish(message)

    file = ClaimedFile(claimed=_CLAIMED, dataset=store.catalog.datasets[_DATASET], path=people.path)
    extraction = Extraction(file, _cut)
    with closing(Publisher(broker, name="inflow-benchmark")) as publisher:
        publisher.serve()
        while extraction.published is None:
            with clock.step(Step.READ):
                payload = extraction.step()
            if payload is not None:
                publish(payload)
                extraction.confirm()
    return bodies


def _cut(file: ClaimedFile, _progress: Progress) -> Cuts:
    """Cut a file as the watcher does, without the ledger."""
    with open_regular(file.path) as source:
        plan = yield from detect(source, file.dataset)
        return (yield from cut_rows(open_rows(source, file, plan, sorting=SortingTurns()), file))


def _consume(count: int, broker: BrokerSettings, clock: Clock) -> None:
    """Consume and acknowledge every message, and do nothing else."""
    stop = threading.Event()
    left = iter(range(count - 1, -1, -1))

    def handle(_body: bytes) -> None:
        if next(left) == 0:
            stop.set()

    consumer = Consumer(broker, WRITER_QUEUE, name="inflow-benchmark")
    with clock.step(Step.QUEUE):
        consumer.run(handle, stop=stop, tick=lambda: None, tick_seconds=60)


def _write(bodies: list[bytes], store: Store, clock: Clock) -> None:
    """Do the writer's part: decoding and typing by themselves, then everything with the database timed."""
    dataset = store.catalog.datasets[_DATASET]
    for body in bodies:
        with clock.step(Step.DECODE):
            payload = decode(body).payload
        if isinstance(payload, RowsExtracted):
            with clock.step(Step.TYPE):
                type_chunk(dataset, payload)
    time_statements(store.database._engine, clock, [table.name for table in store.schema.metadata.sorted_tables])
    writer = WriterHandlers(store, on_completed=lambda: None)
    for body in bodies:
        with clock.step(Step.HANDLE):
            writer.handle(body)


def _claim(people: DataFile, store: Store) -> None:
    claim = registration.Claim(
        load_id=_CLAIMED.load_id,
        token=_CLAIMED.token,
        chunk_rows=_CLAIMED.bounds.rows,
        chunk_bytes=_CLAIMED.bounds.bytes,
        file=_CLAIMED.original,
        dataset=_DATASET,
        size_bytes=people.path.stat().st_size,
        modified_at=datetime.now(UTC).replace(tzinfo=None),
    )
    with store.transaction() as connection:
        registration.register(connection, store.schema, [claim])


def _aggregate(store: Store, folder: Path, clock: Clock) -> None:
    aggregator = Aggregator(folder=DataFolder(folder), store=store, stop=threading.Event())
    with clock.step(Step.SUMMARISE):
        aggregator.recompute()
