"""G11 Nothing foreign: a message is merged only into the database and the load that it was cut for."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.envelope import Origin, decode, encode, envelope
from shared.messaging.payloads import Payload
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.topology import WRITER_QUEUE
from shared.model.errors import ForeignMessage, InstallationChanged, NamespaceTaken
from shared.runtime.lifecycle import SideTask
from shared.service.running import consume_forever
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, dropped, messages
from tests.support.eventually import eventually
from tests.support.origins import token_of
from tests.support.servers.isolation import Broker
from tests.support.topology import TOPOLOGY

MOMENT = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)
OTHER = "0123456789abcdef0123456789abcdef"
PLACES = dropped(1, "places", "city,county,country", ("Ayr", "Ayrshire", "Scotland"))


def as_sent(payload: Payload, origin: Origin) -> bytes:
    return encode(envelope(payload, origin=origin, occurred_at=MOMENT))


def own(house: Warehouse, load_id: int = 1) -> Origin:
    return Origin(installation_id=house.store.installation_id, token=token_of(load_id))


@pytest.mark.parametrize("position", [0, 1], ids=["chunk", "manifest"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"installation_id": OTHER}, f"load 1 is one of the installation {OTHER}"),
        ({"token": "fedcba9876543210"}, "load 1 has another token than the message (fedcba9876543210)"),
        ({"token": ""}, "load 1 has another token than the message (none)"),
        ({"installation_id": "", "token": ""}, "load 1 has another token than the message (none)"),
    ],
    ids=["another installation", "another load of the number", "no token", "a version without origins"],
)
def test_what_is_not_ours_is_never_merged(
    warehouse: OpenWarehouse, position: int, changes: dict[str, str], said: str
) -> None:
    house = warehouse(default_catalog())
    house.claim(PLACES)
    before = house.row_counts()

    with pytest.raises(ForeignMessage) as foreign:
        house.writer.handle(as_sent(messages(PLACES)[position], replace(own(house), **changes)))

    assert said in str(foreign.value)
    assert house.row_counts() == before
    assert house.accounts(1).read == 0


def test_what_is_ours_is_merged(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(PLACES)

    for payload in messages(PLACES):
        house.writer.handle(as_sent(payload, own(house)))

    assert house.accounts(1).inserted == 1


def test_a_chunk_that_is_not_ours_is_not_taken_for_one_that_is_done(warehouse: OpenWarehouse) -> None:
    """The ledger knows chunks by the numbers of their loads: an acknowledgement would lose the other one's rows."""
    house = warehouse(default_catalog())
    house.load(PLACES)

    with pytest.raises(ForeignMessage):
        house.writer.handle(as_sent(messages(PLACES)[0], replace(own(house), installation_id=OTHER)))


def test_a_load_that_was_claimed_before_loads_had_tokens_takes_messages_without_them(warehouse: OpenWarehouse) -> None:
    """An upgrade finds open loads, and their messages in the queue."""
    house = warehouse(default_catalog())
    house.claim(PLACES)
    with house.database.transaction() as connection:
        connection.execute(update(house.schema.loads).values(token=None))

    [chunk, manifest] = messages(PLACES)
    house.writer.handle(as_sent(chunk, Origin()))
    # The watcher of the new version publishes the rest.
    house.writer.handle(as_sent(manifest, replace(own(house), token="")))

    assert house.accounts(1).inserted == 1
    assert house.book(1).state == "complete"


def test_a_database_that_lost_its_installation_takes_nothing(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(PLACES)
    with house.database.transaction() as connection:
        connection.execute(house.schema.installation.delete())

    with pytest.raises(InstallationChanged):
        house.writer.handle(as_sent(messages(PLACES)[0], own(house)))


def test_every_database_is_another_installation_and_stays_the_same_one(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    again = warehouse(default_catalog())

    assert again.store.installation_id == house.store.installation_id
    assert len(house.store.installation_id) == 32


# What becomes of it on a broker.


@contextmanager
def consuming(consumer: Consumer, handle: Any) -> Iterator[None]:
    stop = threading.Event()
    task = SideTask(
        lambda: consume_forever(consumer, handle, stop=stop, tick=lambda: None, tick_seconds=1),
        stop=stop,
        name="consumer",
    )
    task.start()
    try:
        yield
    finally:
        stop.set()
        task.finish()


def test_foreign_messages_are_set_aside_with_the_reason_and_nothing_waits_behind_them(
    warehouse: OpenWarehouse, settings: BrokerSettings, broker: Broker
) -> None:
    house = warehouse(default_catalog())
    house.claim(PLACES)
    sent = [(payload, Origin(installation_id=OTHER, token="ff" * 8)) for payload in messages(PLACES) * 5]
    sent += [(payload, own(house)) for payload in messages(PLACES)]
    with closing(Publisher(settings, name="tests")) as publisher:
        for payload, origin in sent:
            publisher.publish(envelope(payload, origin=origin, occurred_at=MOMENT))

    with consuming(Consumer(settings, WRITER_QUEUE, name="tests"), house.writer.handle):
        eventually(lambda: house.book(1).state == "complete", message="ours is complete")
        eventually(lambda: broker.queue_depths()[TOPOLOGY.foreign_name] == 10, message="the others are set aside")

    assert broker.queue_depths()[TOPOLOGY.dead_letter_name(WRITER_QUEUE)] == 0
    assert house.accounts(1).inserted == 1
    with broker.channel() as channel:
        _, properties, body = channel.basic_get(TOPOLOGY.foreign_name, auto_ack=True)
    assert properties.headers["x-inflow-reason"].startswith("ForeignMessage: load 1 is one of the installation")
    assert properties.headers["inflow-installation"] == OTHER
    assert decode(body).origin.installation_id == OTHER


# Whose namespace it is.


def in_namespace(broker: Broker, namespace: str) -> BrokerSettings:
    return BrokerSettings.from_environment(Environment({"RABBITMQ_URL": broker.url, "INFLOW_NAMESPACE": namespace}))


def connect(settings: BrokerSettings, installation_id: str) -> None:
    with closing(Publisher(settings, name="tests", installation_id=installation_id)) as publisher:
        publisher.serve()


def test_a_second_installation_is_told_and_has_a_way_out(settings: BrokerSettings, broker: Broker) -> None:
    holder = Consumer(settings, WRITER_QUEUE, name="tests", installation_id=OTHER)
    with consuming(holder, lambda _body: None):
        eventually(lambda: TOPOLOGY.ownership_name in broker.queue_depths(), message="it has its namespace")
        connect(settings, OTHER)
        with pytest.raises(NamespaceTaken) as taken:
            connect(settings, "f" * 32)
        connect(in_namespace(broker, "second"), "f" * 32)

    assert "another installation uses the namespace 'inflow'" in str(taken.value)
    assert "set INFLOW_NAMESPACE" in str(taken.value)
    assert OTHER in str(taken.value)


def test_a_namespace_is_free_once_its_installation_has_gone(settings: BrokerSettings, broker: Broker) -> None:
    """The database was emptied: the new installation has the queues of the old one, and nothing to wait for."""
    with consuming(Consumer(settings, WRITER_QUEUE, name="tests", installation_id=OTHER), lambda _body: None):
        eventually(lambda: TOPOLOGY.ownership_name in broker.queue_depths(), message="it has its namespace")

    def is_free() -> bool:
        try:
            connect(settings, "f" * 32)
        except NamespaceTaken:
            return False
        return True

    eventually(is_free, message="the namespace is free")


def test_every_name_on_the_broker_begins_with_the_namespace(broker: Broker) -> None:
    connect(in_namespace(broker, "second"), OTHER)

    names = set(broker.queue_depths())
    assert {name for name in names if not name.startswith("second.")} == set()
    assert {"second.writer", "second.writer.dlq", "second.foreign", "second.installation"} <= names
