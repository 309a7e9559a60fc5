"""The outbox's relay on a real database and a real RabbitMQ: an event leaves the outbox once the broker has it."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from services.writer.relay import Relay
from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.envelope import Envelope, Publishing, decode
from shared.messaging.payloads import LoadCompleted
from shared.messaging.rabbitmq import Publisher
from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE
from shared.model.errors import BrokerUnavailable, DatabaseUnavailable
from shared.runtime.clock import utc_now
from shared.runtime.lifecycle import retry
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, dropped
from tests.support.eventually import MAX_WAIT_SECONDS
from tests.support.forwarder import forwarder
from tests.support.servers.isolation import Broker, Database
from tests.support.topology import TOPOLOGY

#: How many events a relay takes at once, and more than that.
MAX_AT_ONCE, MANY_EVENTS = 100, 250


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    with broker.channel() as channel:
        yield channel


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    with closing(Warehouse(database.url, default_catalog())) as warehouse:
        yield warehouse


class Flaky:
    """A publisher that fails after as many messages as it is told."""

    def __init__(self, publisher: Publishing, *, published_before: int) -> None:
        self._publisher = publisher
        self._left = published_before

    def publish(self, message: Envelope) -> None:
        if self._left == 0:
            raise BrokerUnavailable("lost")
        self._left -= 1
        self._publisher.publish(message)


class Dying:
    """A publisher after whose work the database is lost: the commit that takes the event out does not come."""

    def __init__(self, publisher: Publishing) -> None:
        self._publisher = publisher

    def publish(self, message: Envelope) -> None:
        self._publisher.publish(message)
        raise DatabaseUnavailable("lost")


class Slow:
    """A publisher that stays with its first message until it is released."""

    def __init__(self, publisher: Publishing) -> None:
        self._publisher = publisher
        self.begun, self.go_on = threading.Event(), threading.Event()

    def publish(self, message: Envelope) -> None:
        self.begun.set()
        assert self.go_on.wait(MAX_WAIT_SECONDS)
        self._publisher.publish(message)


def relay_of(warehouse: Warehouse, publisher: Publishing) -> Relay:
    return Relay(warehouse.store, publisher)


def complete(warehouse: Warehouse, *load_ids: int) -> None:
    """Load a place for each number: that many events are in the outbox then."""
    for load_id in load_ids:
        warehouse.load(dropped(load_id, "places", "city,county,country", (f"City {load_id}", "", "Scotland")))


def events(channel: Any, queue: str = TOPOLOGY.name(AGGREGATOR_QUEUE)) -> list[tuple[str, LoadCompleted]]:
    """Take all events out of a queue, each with its message's id."""
    found: list[tuple[str, LoadCompleted]] = []
    while True:
        _, properties, body = channel.basic_get(queue, auto_ack=True)
        if body is None:
            return found
        payload = decode(body).payload
        assert isinstance(payload, LoadCompleted)
        found.append((properties.message_id, payload))


def load_ids(channel: Any) -> list[int]:
    return [event.load_id for _, event in events(channel)]


def test_an_event_is_published_to_all_who_take_it_and_leaves_the_outbox(
    warehouse: Warehouse, publisher: Publisher, channel: Any
) -> None:
    complete(warehouse, 1)
    relay = relay_of(warehouse, publisher)

    assert relay.run_once() == 1

    assert warehouse.completed_loads() == []
    for queue in (AGGREGATOR_QUEUE, WATCHER_QUEUE):
        assert [event for _, event in events(channel, TOPOLOGY.name(queue))] == [
            LoadCompleted(load_id=1, dataset="places")
        ]
    assert relay.run_once() == 0


def test_events_leave_in_the_order_of_their_completion(
    warehouse: Warehouse, publisher: Publisher, channel: Any
) -> None:
    complete(warehouse, 3, 1, 2)

    assert relay_of(warehouse, publisher).run_once() == 3

    assert load_ids(channel) == [3, 1, 2]


def test_an_event_that_can_not_be_published_stays_in_the_outbox(
    warehouse: Warehouse, settings: BrokerSettings, channel: Any
) -> None:
    complete(warehouse, 1)
    with forwarder(settings.endpoints[0], is_open=False) as forward:
        reachable_later = replace(settings, endpoints=(Endpoint("127.0.0.1", forward.port),))
        with closing(Publisher(reachable_later, name="tests")) as publisher:
            relay = relay_of(warehouse, publisher)
            with pytest.raises(BrokerUnavailable):
                relay.run_once()
            assert warehouse.completed_loads() == [1]

            forward.open()
            assert relay.run_once() == 1

    assert warehouse.completed_loads() == []
    assert load_ids(channel) == [1]


def test_a_broker_lost_between_two_events_only_repeats_the_first(
    warehouse: Warehouse, publisher: Publisher, channel: Any
) -> None:
    complete(warehouse, 1, 2)

    with pytest.raises(BrokerUnavailable):
        relay_of(warehouse, Flaky(publisher, published_before=1)).run_once()
    assert warehouse.completed_loads() == [1, 2]
    assert relay_of(warehouse, publisher).run_once() == 2

    assert load_ids(channel) == [1, 1, 2]


def test_a_crash_between_publishing_and_taking_out_only_repeats_the_event_under_its_id(
    warehouse: Warehouse, publisher: Publisher, channel: Any
) -> None:
    complete(warehouse, 1)

    with pytest.raises(DatabaseUnavailable):
        relay_of(warehouse, Dying(publisher)).run_once()
    assert relay_of(warehouse, publisher).run_once() == 1

    (first_id, first), (second_id, second) = events(channel)
    assert (first, first_id) == (second, second_id)
    assert warehouse.completed_loads() == []


def test_a_relay_leaves_alone_what_another_one_holds(
    warehouse: Warehouse, settings: BrokerSettings, publisher: Publisher, channel: Any
) -> None:
    complete(warehouse, 1)
    with closing(Publisher(settings, name="tests-slow")) as its_publisher, ThreadPoolExecutor() as threads:
        slow = Slow(its_publisher)
        holding = threads.submit(relay_of(warehouse, slow).run_once)
        assert slow.begun.wait(MAX_WAIT_SECONDS)
        complete(warehouse, 2)

        assert relay_of(warehouse, publisher).run_once() == 1
        assert load_ids(channel) == [2]

        slow.go_on.set()
        assert holding.result() == 1

    assert load_ids(channel) == [1]
    assert warehouse.completed_loads() == []


def test_several_relays_neither_lose_nor_double_events(
    warehouse: Warehouse, settings: BrokerSettings, channel: Any
) -> None:
    numbers = range(1, MANY_EVENTS + 1)
    warehouse.claim(*(dropped(number, "places", "city") for number in numbers))
    with warehouse.database.transaction() as connection:
        rows = [{"load_id": number, "dataset": "places", "completed_at": utc_now()} for number in numbers]
        connection.execute(insert(warehouse.schema.outbox), rows)

    failures: list[BaseException] = []

    def note(error: BaseException, _pause_seconds: float) -> None:
        failures.append(error)

    def relay_all(publisher: Publisher) -> None:
        """As the service does: the database may end one relay's transaction for the sake of another one's."""
        relay = relay_of(warehouse, publisher)
        while retry(relay.run_once, stop=threading.Event(), on_failure=note):
            pass

    with ExitStack() as closing_all, ThreadPoolExecutor() as threads:
        publishers = [closing_all.enter_context(closing(Publisher(settings, name=f"relay-{n}"))) for n in range(4)]
        list(threads.map(relay_all, publishers))

    published = Counter(load_ids(channel))
    assert set(published) == set(numbers)
    # What was published before a failure is published once more.
    assert published.total() - len(numbers) <= MAX_AT_ONCE * len(failures)
    assert warehouse.completed_loads() == []


def test_a_completed_load_is_one_log_line_with_its_accounts(
    warehouse: Warehouse, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    people = "given_name,family_name,date_of_birth,place_of_birth"
    kim = ("Kim", "Ash", "1937-01-02")
    warehouse.load(
        dropped(1, "people", people, (*kim, "Nowhere"), (*kim, "Elsewhere"), ("Lee", "Ash", "1937-01-33", "Kelso"))
    )

    with caplog.at_level(logging.INFO):
        assert relay_of(warehouse, publisher).run_once() == 1

    [line] = [vars(record) for record in caplog.records if vars(record).get("action") == "load_completed"]
    names = ("load_id", "file", "dataset", "rows_read", "inserted", "superseded", "rejected", "waiting_rows")
    assert [line[name] for name in names] == [1, "people.csv", "people", 3, 1, 1, 1, 1]
    assert (line["updated"], line["unchanged"], line["waiting_for"]) == (0, 0, 1)
