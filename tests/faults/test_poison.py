"""Poison messages among healthy ones: each is dead-lettered with its reason, and the healthy ones are processed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE, WRITER_QUEUE, Queue
from tests.support.births import Births, births
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.services import SERVICES, Pipeline, Service, running_pipeline
from tests.support.topology import TOPOLOGY
from verification.holding import place_held, sessions_that_wait
from verification.poison.bodies import malformed
from verification.poison.messages import CHUNK, EVENT, Poison, contradictory, misdirected, refused_by_the_database
from verification.poison.properties import COPIES_KEY, badly_addressed

#: RabbitMQ counts deliveries, and from 4.3 on also returned ones.
COUNTS_OF_BROKER = {"x-delivery-count", "x-acquired-count"}
OUR_HEADERS = {"x-inflow-reason", "x-inflow-attempts", "x-inflow-tried-at", "x-inflow-version"}
#: Enough rows for their load to stay open long after its start is seen.
PEOPLE, PLACES = 6000, 7
CHUNK_ROWS = 30
#: Only a few chunks are in the queue at a time, so that the others are published after the poison.
SETTINGS = {"INFLOW_CHUNK_ROWS": str(CHUNK_ROWS), "INFLOW_BACKLOG_MESSAGES": "10"}

COPIES = "tests.copies"


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=SETTINGS) as pipeline:
        yield pipeline


@pytest.fixture
def services(pipeline: Pipeline) -> list[Service]:
    """All services, with the load of the places complete."""
    services = pipeline.start(*SERVICES)
    pipeline.drop("places.csv", stones().places_csv)
    pipeline.wait_until_archived(1)
    return services


@pytest.fixture
def channel(broker: Broker, services: list[Service]) -> Iterator[Any]:
    """A channel of another client, and a queue for messages that must reach no other queue."""
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(COPIES)
        channel.queue_bind(COPIES, TOPOLOGY.dead_letter_exchange, COPIES_KEY)
        yield channel


def stones() -> Births:
    return births("Stone", people=PEOPLE)


def publish(channel: Any, queue: Queue, poison: Iterable[Poison]) -> None:
    for each in poison:
        channel.basic_publish("", TOPOLOGY.name(queue), each.body, each.properties, mandatory=True)


def dead_letters(channel: Any, queue: Queue, *, count: int) -> dict[bytes, pika.BasicProperties]:
    """Wait for `count` dead letters; return their properties by body; bodies must be distinct."""

    def enough() -> bool:
        return bool(channel.queue_declare(TOPOLOGY.dead_letter_name(queue), passive=True).method.message_count >= count)

    eventually(enough, timeout_seconds=60, message=f"{count} dead letters")
    found = [channel.basic_get(TOPOLOGY.dead_letter_name(queue)) for _ in range(count + 1)]
    assert [got[0] is None for got in found] == [False] * count + [True]
    letters = {body: properties for _, properties, body in found[:-1]}
    assert len(letters) == count
    return letters


def assert_each_is_dead(channel: Any, queue: Queue, poison: list[Poison]) -> None:
    """Each is there once, byte for byte, with its reason and without properties that the broker would act on."""
    letters = dead_letters(channel, queue, count=len(poison))
    assert {each.name for each in poison if each.body not in letters} == set()
    reasons = {each.name: letters[each.body].headers["x-inflow-reason"] for each in poison}
    assert {each.name: reasons[each.name] for each in poison if not reasons[each.name].startswith(each.reason)} == {}
    for properties in letters.values():
        assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
        assert (properties.expiration, properties.user_id, properties.reply_to) == (None, None, None)
        names = set(map(str, properties.headers))
        steering = {name for name in names if name.startswith("x-")} - {*COUNTS_OF_BROKER, *OUR_HEADERS}
        assert steering | (names & {"CC", "BCC"}) == set()
    assert channel.basic_get(COPIES)[0] is None


def assert_the_rest_flows_on(pipeline: Pipeline, services: list[Service]) -> None:
    pipeline.wait_until_archived(2)
    load = pipeline.loads()[2]
    assert (load.inserted, load.rows_done, load.row_count, load.reason) == (PEOPLE, PEOPLE, PEOPLE, None)
    pipeline.wait_for_summary(stones().by_country)
    assert {service.log_file.name for service in services if service.has_ended} == set()


def test_all_poison_is_distinct() -> None:
    """Otherwise a dead letter could not be matched with its message."""
    every = [*malformed(), *badly_addressed(user="guest"), *misdirected(CHUNK), *misdirected(EVENT)]

    assert Counter(each.body for each in every).most_common(1)[0][1] == 1
    assert Counter(each.name for each in every).most_common(1)[0][1] == 1


def test_a_writer_dead_letters_poison_and_writes_the_messages_between(
    pipeline: Pipeline, broker: Broker, database: Database, services: list[Service], channel: Any
) -> None:
    complete = LoadExtracted(load_id=1, dataset="places", row_count=PLACES)
    begun = RowsExtracted(
        load_id=2, dataset="people", first_row=0, header=CHUNK.header, lines=[], rows=[], unreadable=[]
    )
    pipeline.drop("people.csv", stones().people_csv)
    pipeline.wait_for_load(2, lambda load: load.rows_done)
    tokens = {load_id: load.token for load_id, load in pipeline.loads().items()}
    poison = [*malformed(), *badly_addressed(user=broker.server.user), *misdirected(EVENT)]
    poison += contradictory(complete=complete, begun=begun, tokens=tokens)
    poison += refused_by_the_database(complete=complete, token=tokens[1])
    with place_held(pipeline, "Kelso of Stone"):
        sessions_that_wait(pipeline, database)
        publish(channel, WRITER_QUEUE, poison)
        assert pipeline.loads()[2].state == "reading"

    assert_each_is_dead(channel, WRITER_QUEUE, poison)
    assert_the_rest_flows_on(pipeline, services)


def test_an_aggregator_dead_letters_poison_and_the_summary_follows(
    pipeline: Pipeline, broker: Broker, services: list[Service], channel: Any
) -> None:
    poison = [*malformed(), *badly_addressed(user=broker.server.user), *misdirected(CHUNK)]
    publish(channel, AGGREGATOR_QUEUE, poison)
    pipeline.drop("people.csv", stones().people_csv)

    assert_each_is_dead(channel, AGGREGATOR_QUEUE, poison)
    assert_the_rest_flows_on(pipeline, services)


def test_a_watcher_treats_any_message_as_a_hint_to_rescan(
    pipeline: Pipeline, broker: Broker, services: list[Service], channel: Any
) -> None:
    """The watcher never decodes a body: any message only ends its pause."""
    poison = [*malformed(), *badly_addressed(user=broker.server.user), *misdirected(CHUNK)]
    publish(channel, WATCHER_QUEUE, poison)
    pipeline.drop("people.csv", stones().people_csv)

    assert_the_rest_flows_on(pipeline, services)
    eventually(
        lambda: set(broker.queue_depths().values()) == {0}, message="all of it is taken, and nothing is put aside"
    )
