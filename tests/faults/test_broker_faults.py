"""Faults of the broker under running services: each service recovers by itself, and nothing is lost or doubled."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.envelope import envelope
from shared.messaging.payloads import Payload
from shared.messaging.rabbitmq import Publisher
from shared.messaging.topology import AGGREGATOR_QUEUE, QUEUES, WATCHER_QUEUE, WRITER_QUEUE, Queue
from tests.e2e.test_services import behind_forwarders
from tests.integration.test_broker import MAX_HANDLING_SECONDS, MOMENT, consuming, through
from tests.support.births import Births, births
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, chunks, dropped, manifest
from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.forwarder import forwarder
from tests.support.model import Accounts, DroppedFile
from tests.support.origins import origin_of
from tests.support.servers.isolation import Broker, Database
from tests.support.servers.management import Management
from tests.support.services import SERVICES, Pipeline, Service, running_pipeline
from tests.support.topology import TOPOLOGY
from verification.holding import end_sessions, place_held, sessions_that_wait

PEOPLE, CHUNK_ROWS = 600, 30
#: All chunks of the people, and their manifest.
MESSAGES = PEOPLE // CHUNK_ROWS + 1
SETTINGS = {"INFLOW_CHUNK_ROWS": str(CHUNK_ROWS), "INFLOW_REPUBLISH_SECONDS": "1", "INFLOW_LOG_LEVEL": "DEBUG"}
SERVICE_OF = {
    TOPOLOGY.name(WATCHER_QUEUE): "watcher",
    TOPOLOGY.name(WRITER_QUEUE): "writer",
    TOPOLOGY.name(AGGREGATOR_QUEUE): "aggregator",
}

#: The first RabbitMQ with a policy for the consumer timeout; before, it is a setting of the whole server.
KNOWS_PATIENCE = (3, 12)
#: More than an ordinary chunk needs.
PATIENCE_MILLISECONDS = 2000
CITY = "Dumfries of Stone"

#: An engine kills after 30 seconds; a service ends itself after 20.
GRACE_SECONDS = 29.0


class Patience(Management):
    """Sets the consumer timeout: how long a consumer may keep a message."""

    def limit(self, vhost: str, queue: Queue) -> None:
        definition = {"consumer-timeout": PATIENCE_MILLISECONDS}
        policy = {"pattern": f"^{TOPOLOGY.name(queue)}$", "definition": definition, "apply-to": "queues"}
        self._request("PUT", self._path(vhost), policy)

    def lift(self, vhost: str) -> None:
        self._request("DELETE", self._path(vhost))

    def _path(self, vhost: str) -> str:
        return f"/api/policies/{quote(vhost, safe='')}/patience"


@pytest.fixture
def patience(broker: Broker) -> Patience:
    patience = Patience(broker.server)
    if tuple(map(int, patience.version().split(".")[:2])) < KNOWS_PATIENCE:
        pytest.skip("this RabbitMQ has one consumer timeout for all its queues")
    return patience


@pytest.fixture
def settings(broker: Broker) -> BrokerSettings:
    return BrokerSettings.from_environment(Environment({"RABBITMQ_URL": broker.url}))


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    with broker.channel() as channel:
        yield channel


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    with closing(Warehouse(database.url, default_catalog())) as warehouse:
        yield warehouse


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=SETTINGS) as pipeline:
        yield pipeline


@pytest.fixture
def services(pipeline: Pipeline) -> dict[str, Service]:
    """All services, with the places loaded."""
    services = dict(zip(SERVICES, pipeline.start(*SERVICES), strict=True))
    pipeline.drop("places.csv", stones().places_csv)
    pipeline.wait_until_archived(1)
    return services


def stones() -> Births:
    return births("Stone", people=PEOPLE)


def assert_loaded(pipeline: Pipeline, broker: Broker) -> None:
    """Every row is loaded once and counted; no message is left in a queue or dead-lettered."""
    pipeline.wait_until_archived(2)
    assert (pipeline.loads()[2].inserted, pipeline.loads()[2].rows_done) == (PEOPLE, PEOPLE)
    pipeline.wait_for_summary(stones().by_country)
    eventually(lambda: set(broker.queue_depths().values()) == {0}, message="the queues are empty")


def consumers(channel: Any, queue: Queue) -> int:
    return int(
        channel.queue_declare(
            TOPOLOGY.name(queue), durable=True, arguments=TOPOLOGY.arguments(queue)
        ).method.consumer_count
    )


@pytest.mark.parametrize("queue", QUEUES, ids=TOPOLOGY.name)
def test_a_service_whose_queue_is_deleted_during_a_load_consumes_again(
    pipeline: Pipeline, broker: Broker, database: Database, services: dict[str, Service], channel: Any, queue: Queue
) -> None:
    """The broker cancels the consumer; the load is published again if its messages were lost with the queue."""
    eventually(lambda: consumers(channel, queue) == 1, message="it consumes")
    with place_held(pipeline, CITY):
        pipeline.drop("people.csv", stones().people_csv)
        sessions_that_wait(pipeline, database)
        channel.queue_delete(TOPOLOGY.name(queue))

    service = services[SERVICE_OF[TOPOLOGY.name(queue)]]
    cancelled = f"{broker.server.host}:{broker.server.port} cancelled the consumer; trying again"
    service.logged("dependency_failed", error="BrokerUnavailable", message=cancelled)
    assert_loaded(pipeline, broker)
    eventually(lambda: consumers(channel, queue) == 1, message="it consumes again")
    assert [each.stop() for each in services.values()] == [0, 0, 0]


def test_a_watcher_declares_lost_bindings_again_and_loses_nothing(
    pipeline: Pipeline, broker: Broker, database: Database, services: dict[str, Service], channel: Any
) -> None:
    """Mandatory messages that are unroutable are refused; otherwise the broker would confirm and drop them."""
    services["watcher"].stop()
    watcher = pipeline.start_one("watcher", INFLOW_BACKLOG_MESSAGES="3", INFLOW_REPUBLISH_SECONDS="600")
    with place_held(pipeline, CITY):
        pipeline.drop("people.csv", stones().people_csv)
        pipeline.wait_for_load(2, lambda load: load.reason == "queue-full")
        for routing_key in WRITER_QUEUE.routing_keys:
            channel.queue_unbind(TOPOLOGY.name(WRITER_QUEUE), TOPOLOGY.exchange, routing_key)

    watcher.logged("dependency_failed", error="Unroutable")
    assert_loaded(pipeline, broker)
    assert watcher.logs("load_revived") == []


def test_a_writer_paused_beyond_the_consumer_timeout_consumes_again_and_doubles_nothing(
    pipeline: Pipeline,
    broker: Broker,
    database: Database,
    services: dict[str, Service],
    patience: Patience,
    channel: Any,
) -> None:
    assert services["writer"].stop() == 0
    # The timeout in force when the consumer subscribed applies to it.
    patience.limit(broker.vhost, WRITER_QUEUE)
    paused = pipeline.start_one("writer")
    with place_held(pipeline, CITY):
        pipeline.drop("people.csv", stones().people_csv)
        waiting = sessions_that_wait(pipeline, database)
        pipeline.wait_for_load(2, lambda load: load.state == "published")
        paused.pause()
        eventually(
            lambda: broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)] == MESSAGES, message="all messages wait again"
        )
        patience.lift(broker.vhost)
        with pipeline.transaction() as connection:
            end_sessions(connection, waiting)
    other = pipeline.start_one("writer")
    assert_loaded(pipeline, broker)

    paused.resume()
    paused.logged("dependency_failed", error="BrokerUnavailable")
    assert other.stop() == 0
    pipeline.drop("people-again.csv", stones().people_csv)
    pipeline.wait_until_archived(3)
    assert pipeline.loads()[3].unchanged == PEOPLE


def people(count: int) -> DroppedFile:
    header = "given_name,family_name,date_of_birth,place_of_birth"
    return dropped(1, "people", header, *((f"Given {n}", "Ash", "1901-02-03", "Weir") for n in range(count)))


def publish(settings: BrokerSettings, *payloads: Payload) -> None:
    with closing(Publisher(settings, name="tests")) as publisher:
        for payload in payloads:
            publisher.publish(envelope(payload, origin=origin_of(payload), occurred_at=MOMENT))


def completed(warehouse: Warehouse) -> bool:
    return warehouse.completed_loads() == [1]


def test_a_late_commit_of_a_redelivered_chunk_changes_nothing(
    warehouse: Warehouse, broker: Broker, settings: BrokerSettings, patience: Patience
) -> None:
    """The slow writer finds the chunk in the ledger, and its acknowledgement is dropped."""
    file = people(4)
    warehouse.claim(file)
    publish(settings, *chunks(file))
    # The timeout in force when the consumer subscribed applies to it.
    patience.limit(broker.vhost, WRITER_QUEUE)
    has_begun, may_go_on = threading.Event(), threading.Event()
    handled: list[bytes] = []

    def handle_slowly(body: bytes) -> None:
        has_begun.set()
        assert may_go_on.wait(MAX_HANDLING_SECONDS)
        warehouse.writer.handle(body)
        handled.append(body)

    with consuming(settings, handle_slowly):
        assert has_begun.wait(MAX_WAIT_SECONDS)
        eventually(lambda: broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)] == 1, message="the chunk waits again")
        patience.lift(broker.vhost)
        with consuming(settings, warehouse.writer.handle):
            eventually(lambda: warehouse.row_counts()["inflow_chunks"] == 1, message="another writer has it")
        may_go_on.set()
        eventually(lambda: len(handled) == 1, message="the slow writer is done, too")
        publish(settings, manifest(file))
        eventually(lambda: completed(warehouse), message="the slow consumer consumes again")

    assert warehouse.accounts(1) == Accounts(read=4, inserted=4)
    assert set(broker.queue_depths().values()) == {0}


def test_a_connection_cut_between_commit_and_acknowledgement_only_repeats_the_delivery(
    warehouse: Warehouse, broker: Broker, settings: BrokerSettings
) -> None:
    file = people(4)
    warehouse.claim(file)
    publish(settings, *chunks(file), manifest(file))
    handled: list[bytes] = []
    with forwarder(settings.endpoints[0]) as forward:

        def handle(body: bytes) -> None:
            warehouse.writer.handle(body)
            handled.append(body)
            if len(handled) == 1:
                forward.cut()

        with consuming(through(forward, settings), handle):
            eventually(lambda: completed(warehouse), message="the load is complete")
            eventually(lambda: handled[0] in handled[1:], message="the first chunk was delivered twice")
            eventually(lambda: set(broker.queue_depths().values()) == {0}, message="the queues are empty")

    assert warehouse.accounts(1) == Accounts(read=4, inserted=4)


def has_failed_once(service: Service) -> bool:
    return service.has_ended or bool(service.logs("dependency_failed"))


@pytest.mark.slow
def test_a_broker_that_accepts_connections_but_is_silent_only_delays_services(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    """Like a paused broker, or one behind a proxy that starts before it."""
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, to_broker, _):
        to_broker.freeze()
        services = pipeline.start(*SERVICES)
        pipeline.drop("places.csv", stones().places_csv)
        for service in services:
            eventually(partial(has_failed_once, service), timeout_seconds=60, message="it gave up its first try")
            assert not service.has_ended

        to_broker.cut()
        to_broker.thaw()

        pipeline.wait_until_archived(1)
        pipeline.wait_for_summary({})


@pytest.mark.slow
def test_a_stop_during_a_load_ends_in_time_with_0_if_the_broker_falls_silent(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    """An engine kills after 30 seconds, and then reports a failure."""
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, to_broker, _):
        services = pipeline.start(*SERVICES, INFLOW_CHUNK_ROWS="1")
        pipeline.drop("people.csv", stones().people_csv)
        pipeline.wait_for_load(1, lambda load: load.rows_done)
        to_broker.freeze()

        assert exit_codes(services) == [0, 0, 0]
        to_broker.cut()


@pytest.mark.slow
def test_a_stop_ends_in_time_with_0_if_the_broker_never_answered(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline,
    ):
        silent.settimeout(MAX_WAIT_SECONDS)
        services = pipeline.start(*SERVICES, RABBITMQ_URL=f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/")
        # A watcher connects to publish and to consume.
        connections = [silent.accept()[0] for _ in range(len(SERVICES) + 1)]

        assert exit_codes(services) == [0, 0, 0]
        for connection in connections:
            connection.close()


def exit_codes(services: list[Service]) -> list[int]:
    """Ask all to stop at once, and wait for as long as an engine does."""
    for service in services:
        service.wait_until_started()
    killed_at = time.monotonic() + GRACE_SECONDS
    for service in services:
        service.signal(signal.SIGTERM)
    return [service.process.wait(killed_at - time.monotonic()) for service in services]
