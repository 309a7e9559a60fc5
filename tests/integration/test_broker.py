"""The broker module on a real RabbitMQ: what is declared, what a publisher and a consumer promise."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pika
import pika.frame
import pika.spec
import pytest

from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.delivery import Handler
from shared.messaging.envelope import Envelope, Origin, decode, encode, envelope
from shared.messaging.payloads import LoadExtracted
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.rabbitmq.retries import RetrySchedule
from shared.messaging.topology import QUEUES, WRITER_QUEUE
from shared.model.errors import BrokerUnavailable, DatabaseRefused, DatabaseUnavailable, Unroutable
from shared.runtime.lifecycle import SideTask
from shared.service.running import consume_forever
from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.forwarder import Forwarder, forwarder
from tests.support.servers.isolation import Broker
from tests.support.servers.management import Management
from tests.support.topology import TOPOLOGY

QUEUE, DEAD_LETTERS = TOPOLOGY.name(WRITER_QUEUE), TOPOLOGY.dead_letter_name(WRITER_QUEUE)
MOMENT = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)
#: A handler that is never released: the test has failed before.
MAX_HANDLING_SECONDS = 2 * MAX_WAIT_SECONDS
#: Pauses that a test can wait for.
SOON = RetrySchedule(first_pause_seconds=0.5, longest_pause_seconds=2.0, program_version="2.0")
HEARTBEAT_FRAME = pika.frame.Heartbeat().marshal()


class Definitions(Management):
    """Reads what was declared on a virtual host."""

    def queue(self, vhost: str, name: str) -> dict[str, Any]:
        """Return a queue's definition."""
        definition: dict[str, Any] = self._request("GET", f"/api/queues/{quote(vhost, safe='')}/{name}")
        return definition

    def bindings(self, vhost: str) -> set[tuple[str, str, str]]:
        """Return (exchange, routing key, queue) of each binding, without those that every queue has by its name."""
        bindings = self._request("GET", f"/api/bindings/{quote(vhost, safe='')}")
        return {(each["source"], each["routing_key"], each["destination"]) for each in bindings if each["source"]}


@pytest.fixture
def forwarded(settings: BrokerSettings) -> Iterator[Forwarder]:
    with forwarder(settings.endpoints[0]) as forward:
        yield forward


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    """A channel of the test's own, to inspect the queues independently."""
    with broker.channel() as channel:
        yield channel


def manifest(load_id: int) -> Envelope:
    """Build a message that only the writer's queue takes."""
    return envelope(LoadExtracted(load_id=load_id, dataset="people", row_count=7), origin=Origin(), occurred_at=MOMENT)


def load_id_of(body: bytes) -> int:
    return decode(body).payload.load_id


def through(forward: Forwarder, settings: BrokerSettings, **changes: Any) -> BrokerSettings:
    return replace(settings, endpoints=(Endpoint("127.0.0.1", forward.port),), **changes)


@contextmanager
def consuming(settings: BrokerSettings, handle: Handler, **parameters: Any) -> Iterator[threading.Event]:
    """Consume in a separate thread, as a service does; yield the event that requests its stop."""
    stop = threading.Event()
    consumer = Consumer(settings, WRITER_QUEUE, name="tests", **parameters)
    task = SideTask(
        lambda: consume_forever(consumer, handle, stop=stop, tick=lambda: None, tick_seconds=1),
        stop=stop,
        name="consumer",
    )
    task.start()
    try:
        yield stop
    finally:
        stop.set()
        task.finish()


class Held:
    """A handler that stays with each message until the test releases it."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self.go_on = threading.Event()

    def __call__(self, body: bytes) -> None:
        self.begun.append(load_id_of(body))
        assert self.go_on.wait(MAX_HANDLING_SECONDS)
        self.done.append(load_id_of(body))


def depths(broker: Broker) -> tuple[int, int]:
    """Count what waits in the queue, and in its dead-letter queue."""
    waiting = broker.queue_depths()
    return waiting[QUEUE], waiting[DEAD_LETTERS]


def eventually_depths(broker: Broker, *, queue: int, dead_letters: int) -> None:
    eventually(lambda: depths(broker) == (queue, dead_letters), message=f"{queue} wait, {dead_letters} are dead")


def logged(caplog: pytest.LogCaptureFixture, action: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if vars(record).get("action") == action]


def dead_letter(channel: Any) -> tuple[Any, bytes]:
    """Take one message from the dead-letter queue, with its properties."""
    _, properties, body = channel.basic_get(DEAD_LETTERS, auto_ack=True)
    return properties, body


def test_every_queue_is_a_durable_quorum_queue_with_the_arguments_of_the_topology(
    broker: Broker, publisher: Publisher
) -> None:
    publisher.serve()

    definitions = Definitions(broker.server)
    for queue in QUEUES:
        definition = definitions.queue(broker.vhost, TOPOLOGY.name(queue))
        assert (definition["type"], definition["durable"]) == ("quorum", True)
        assert definition["arguments"] == TOPOLOGY.arguments(queue)
        assert definitions.queue(broker.vhost, TOPOLOGY.dead_letter_name(queue))["type"] == "quorum"


def test_each_queue_is_bound_to_what_it_takes_and_what_is_given_up_to_the_queues_next_to_it(
    broker: Broker, publisher: Publisher
) -> None:
    publisher.serve()

    expected = {(TOPOLOGY.exchange, key, TOPOLOGY.name(queue)) for queue in QUEUES for key in queue.routing_keys}
    side_queues = [TOPOLOGY.foreign_name]
    side_queues += [
        name for queue in QUEUES for name in (TOPOLOGY.dead_letter_name(queue), TOPOLOGY.redrive_name(queue))
    ]
    expected |= {(TOPOLOGY.dead_letter_exchange, name, name) for name in side_queues}
    assert Definitions(broker.server).bindings(broker.vhost) == expected


def test_a_message_is_persistent_and_says_what_it_is_without_being_opened(publisher: Publisher, channel: Any) -> None:
    message = manifest(1)
    publisher.publish(message)

    _, properties, body = channel.basic_get(QUEUE, auto_ack=True)
    assert body == encode(message)
    assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
    assert UUID(properties.message_id) == message.id
    assert properties.type == "load.extracted"
    assert properties.content_type == "application/json"
    assert properties.app_id == "tests"
    assert datetime.fromtimestamp(properties.timestamp, UTC) == MOMENT


def test_an_unroutable_message_is_refused_and_the_next_try_declares_what_is_missing(
    broker: Broker, publisher: Publisher, channel: Any
) -> None:
    publisher.serve()
    channel.queue_unbind(QUEUE, TOPOLOGY.exchange, "load.extracted")

    with pytest.raises(Unroutable):
        publisher.publish(manifest(1))
    assert depths(broker) == (0, 0)

    publisher.publish(manifest(1))
    eventually_depths(broker, queue=1, dead_letters=0)


def test_a_publisher_whose_connection_was_cut_publishes_at_its_next_try(
    broker: Broker, settings: BrokerSettings, forwarded: Forwarder
) -> None:
    with closing(Publisher(through(forwarded, settings), name="tests")) as publisher:
        publisher.publish(manifest(1))
        forwarded.cut()

        with pytest.raises(BrokerUnavailable):
            publisher.publish(manifest(2))
        publisher.publish(manifest(2))

        eventually_depths(broker, queue=2, dead_letters=0)


def test_a_publisher_that_the_broker_blocks_gives_up_in_time_and_publishes_once_it_may(
    broker: Broker, settings: BrokerSettings, forwarded: Forwarder
) -> None:
    """What a broker under a memory alarm does: it says so, and reads no more from those who publish."""
    impatient = through(forwarded, settings, answer_seconds=1.0)
    blocked = pika.frame.Method(0, pika.spec.Connection.Blocked("low on memory")).marshal()
    with closing(Publisher(impatient, name="tests")) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()
        forwarded.tell_clients(blocked)

        with pytest.raises(BrokerUnavailable, match="blocks publishers"):
            publisher.publish(manifest(2))

        forwarded.cut()
        forwarded.thaw()
        publisher.publish(manifest(2))
        eventually_depths(broker, queue=2, dead_letters=0)


@pytest.mark.slow
def test_a_publisher_does_not_wait_for_a_broker_that_fell_silent(
    broker: Broker, settings: BrokerSettings, forwarded: Forwarder
) -> None:
    with closing(Publisher(through(forwarded, settings, heartbeat_seconds=1), name="tests")) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()

        with pytest.raises(BrokerUnavailable, match="AMQPHeartbeatTimeout"):
            publisher.publish(manifest(2))

        forwarded.cut()
        forwarded.thaw()
        publisher.publish(manifest(2))
        eventually_depths(broker, queue=2, dead_letters=0)


def _raise(error: Exception) -> Handler:
    def handle(body: bytes) -> None:
        if load_id_of(body) == 1:
            raise error

    return handle


@pytest.mark.parametrize(
    ("first", "handle", "reason"),
    [
        pytest.param(
            encode(manifest(1)), _raise(DatabaseRefused("never so")), "DatabaseRefused: never so", id="terminal error"
        ),
        pytest.param(encode(manifest(1)), _raise(KeyError("a bug")), "KeyError: 'a bug'", id="bug"),
        pytest.param(b"\xff{", _raise(KeyError()), "MalformedMessage: JSONDecodeError", id="garbage"),
        pytest.param(b"", _raise(KeyError()), "MalformedMessage: JSONDecodeError", id="empty body"),
    ],
)
def test_a_message_that_can_never_succeed_is_dead_lettered_with_the_reason_and_the_rest_flows_on(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, channel: Any, caplog: pytest.LogCaptureFixture,
    first: bytes, handle: Handler, reason: str,
) -> None:  # fmt: skip
    handled = []

    def note(body: bytes) -> None:
        handle(body)
        handled.append(load_id_of(body))

    publisher.serve()
    properties = pika.BasicProperties(message_id="its id", type="its type", headers={"its": "header"})
    channel.basic_publish(TOPOLOGY.exchange, "load.extracted", first, properties)
    publisher.publish(manifest(2))

    with consuming(settings, note):
        eventually_depths(broker, queue=0, dead_letters=1)
        eventually(lambda: handled == [2])

    properties, body = dead_letter(channel)
    assert body == first
    assert properties.headers["x-inflow-reason"].startswith(reason)
    assert (properties.message_id, properties.type, properties.headers["its"]) == ("its id", "its type", "header")
    assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
    [line] = logged(caplog, "message_dead_lettered")
    assert line["reason"] == properties.headers["x-inflow-reason"]
    assert line.get("load_id") == (1 if first == encode(manifest(1)) else None)


def test_a_message_that_the_broker_gave_up_comes_back_by_itself(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, channel: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Crashes count as deliveries; past the limit the broker puts a message aside, whatever is in it."""
    caplog.set_level("INFO")
    publisher.publish(manifest(1))
    while (got := channel.basic_get(QUEUE))[0] is not None:
        channel.basic_reject(got[0].delivery_tag, requeue=True)
    eventually(lambda: broker.queue_depths()[TOPOLOGY.redrive_name(WRITER_QUEUE)] == 1, message="given up")

    done: list[bytes] = []
    with consuming(settings, done.append):
        eventually(lambda: len(done) == 1, message="handled")
        assert done == [encode(manifest(1))]
        eventually(lambda: set(broker.queue_depths().values()) == {0}, message="nothing is left")
    assert [line["count"] for line in logged(caplog, "messages_redriven")] == [1]


def test_a_dead_letter_comes_back_by_itself_until_its_cause_has_gone_and_delays_no_other(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    fixed = threading.Event()
    handled: list[int] = []
    recovered: list[int] = []
    tried: list[float] = []

    def handle(body: bytes) -> None:
        load_id = load_id_of(body)
        if load_id == 1:
            tried.append(time.monotonic())
            if not fixed.is_set():
                raise DatabaseRefused("not yet")
        handled.append(load_id)

    publisher.publish(manifest(1))
    with consuming(settings, handle, schedule=SOON, on_recovery=recovered.append):
        eventually(lambda: len(tried) >= 4, message="it is tried again and again")
        for load_id in (2, 3, 4):
            publisher.publish(manifest(load_id))
        eventually(lambda: set(handled) == {2, 3, 4}, message="others flow on")
        assert recovered == []

        fixed.set()
        eventually(lambda: recovered == [1], message="its load hears of it")
        eventually(lambda: set(broker.queue_depths().values()) == {0}, message="nothing is left")

    assert handled.count(1) == 1
    first, *_, last = (later - earlier for earlier, later in pairwise(tried))
    assert last > first
    assert sum(line["count"] for line in logged(caplog, "dead_letters_retried")) == len(tried) - 1


def test_what_only_another_program_can_read_waits_for_it(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, channel: Any
) -> None:
    """So does what a bug gave up; what was put there by hand stays."""
    publisher.publish(manifest(1))
    tried: list[int] = []

    def fail(body: bytes) -> None:
        tried.append(load_id_of(body))
        if load_id_of(body) == 1:
            raise KeyError("a bug")
        raise DatabaseRefused("not yet")

    with consuming(settings, fail, schedule=SOON):
        eventually_depths(broker, queue=0, dead_letters=1)
        channel.basic_publish("", DEAD_LETTERS, b"by hand")
        publisher.publish(manifest(2))
        # By then the first one would have been tried again, too.
        eventually(lambda: tried.count(2) >= 4, message="another one is")
        assert tried.count(1) == 1

    handled: list[int] = []
    newer = replace(SOON, program_version="2.1")
    with consuming(settings, lambda body: handled.append(load_id_of(body)), schedule=newer):
        eventually(lambda: set(handled) == {1, 2}, message="both are handled")
        eventually_depths(broker, queue=0, dead_letters=1)
    assert dead_letter(channel)[1] == b"by hand"


def test_a_dead_letter_that_is_not_due_stays_where_it_is(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, channel: Any
) -> None:
    publisher.publish(manifest(1))
    with consuming(settings, _raise(DatabaseRefused("not yet"))):
        eventually_depths(broker, queue=0, dead_letters=1)
    # Behind it, one that was given up an hour ago.
    long_ago = {"x-inflow-reason": "DatabaseRefused: no", "x-inflow-attempts": 3, "x-inflow-tried-at": 3600}
    channel.basic_publish("", DEAD_LETTERS, encode(manifest(2)), pika.BasicProperties(headers=long_ago))

    handled: list[int] = []
    with consuming(settings, lambda body: handled.append(load_id_of(body))):
        eventually(lambda: handled == [2], message="what is due is tried again")
    eventually_depths(broker, queue=0, dead_letters=1)

    properties, body = dead_letter(channel)
    assert (load_id_of(body), properties.headers["x-inflow-attempts"]) == (1, 1)


def test_a_transient_error_is_tried_again_in_place_and_neither_requeued_nor_dead_lettered(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []
    fixed = threading.Event()

    def handle(body: bytes) -> None:
        tries.append(load_id_of(body))
        if not fixed.is_set():
            raise DatabaseUnavailable("not now")

    publisher.publish(manifest(1))
    publisher.publish(manifest(2))
    with consuming(settings, handle):
        eventually(lambda: len(tries) >= 3)
        # A requeued message would wait or be with the consumer behind the second one; it has never let go of it.
        assert set(tries) == {1}
        assert depths(broker) == (0, 0)

        fixed.set()
        eventually(lambda: tries[-1] == 2)

    assert Counter(tries)[2] == 1
    assert depths(broker) == (0, 0)
    assert {line["load_id"] for line in logged(caplog, "message_retried")} == {1}


def test_a_consumer_whose_queue_is_deleted_consumes_again_from_a_new_one(
    settings: BrokerSettings, publisher: Publisher, channel: Any
) -> None:
    handled: list[int] = []
    publisher.publish(manifest(1))
    with consuming(settings, lambda body: handled.append(load_id_of(body))):
        eventually(lambda: handled == [1])
        channel.queue_delete(QUEUE)

        eventually(lambda: published(publisher, manifest(2)))
        # Once or more often: a publisher that lost its connection does not know whether the broker has the message.
        eventually(lambda: handled[:2] == [1, 2])


def published(publisher: Publisher, message: Envelope) -> bool:
    """Publish; return False where no queue took it, or one that was being deleted at that moment."""
    try:
        publisher.publish(message)
    except (Unroutable, BrokerUnavailable):
        return False
    return True


def test_a_consumer_whose_connection_was_cut_while_idle_consumes_again(
    settings: BrokerSettings, publisher: Publisher, forwarded: Forwarder
) -> None:
    handled: list[int] = []
    publisher.publish(manifest(1))
    with consuming(through(forwarded, settings), lambda body: handled.append(load_id_of(body))):
        eventually(lambda: handled == [1])
        forwarded.cut()

        publisher.publish(manifest(2))
        # The first one is delivered again if the cut was before its acknowledgement.
        eventually(lambda: 2 in handled)


def test_heartbeats_survive_a_handler_that_takes_three_times_as_long(
    broker: Broker, settings: BrokerSettings, publisher: Publisher
) -> None:
    heartbeats: Counter[str] = Counter()

    def listen(data: bytes) -> None:
        heartbeats["sent"] += data.count(HEARTBEAT_FRAME)

    held = Held()
    publisher.publish(manifest(1))
    with (
        forwarder(settings.endpoints[0], on_sent=listen) as forward,
        consuming(through(forward, settings, heartbeat_seconds=2), held),
    ):
        eventually(lambda: held.begun == [1])
        # A heartbeat is sent twice in its interval; the first of these seven may be due at once.
        seen = heartbeats["sent"]
        eventually(lambda: heartbeats["sent"] >= seen + 7)
        held.go_on.set()
        eventually(lambda: held.done == [1])

    assert held.begun == [1]
    assert depths(broker) == (0, 0)


def test_a_stop_finishes_the_delivery_in_hand_and_gives_back_those_that_wait(
    broker: Broker, settings: BrokerSettings, publisher: Publisher
) -> None:
    for load_id in range(1, 7):
        publisher.publish(manifest(load_id))
    held = Held()

    with consuming(settings, held) as stop:
        # Two are the consumer's: one in hand, one that waits for its turn.
        eventually_depths(broker, queue=4, dead_letters=0)
        eventually(lambda: held.begun == [1], message="one is in hand")
        stop.set()
        held.go_on.set()

    assert held.done == [1]
    eventually_depths(broker, queue=5, dead_letters=0)

    handled: list[int] = []
    with consuming(settings, lambda body: handled.append(load_id_of(body))):
        eventually(lambda: len(handled) == 5)
    assert sorted(handled) == [2, 3, 4, 5, 6]
    assert depths(broker) == (0, 0)


def test_a_stop_does_not_wait_for_a_message_that_can_not_succeed_now(
    broker: Broker, settings: BrokerSettings, publisher: Publisher
) -> None:
    tried = threading.Event()

    def handle(_body: bytes) -> None:
        tried.set()
        raise DatabaseUnavailable("not now")

    publisher.publish(manifest(1))
    with consuming(settings, handle):
        assert tried.wait(MAX_WAIT_SECONDS)

    eventually_depths(broker, queue=1, dead_letters=0)


def test_an_answer_after_the_connection_was_lost_is_dropped_and_the_message_delivered_again(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, forwarded: Forwarder
) -> None:
    publisher.publish(manifest(1))
    held = Held()

    with consuming(through(forwarded, settings), held):
        eventually(lambda: held.begun == [1])
        forwarded.cut()
        eventually_depths(broker, queue=1, dead_letters=0)
        held.go_on.set()
        eventually(lambda: held.done == [1, 1])
        eventually_depths(broker, queue=0, dead_letters=0)


def test_a_dead_letter_that_can_not_be_published_is_not_lost(
    broker: Broker, settings: BrokerSettings, publisher: Publisher, channel: Any
) -> None:
    """Without its dead-letter queue it is unroutable: the consumer connects again, which declares the queue."""
    publisher.serve()
    tries: list[bytes] = []
    may_fail = threading.Event()

    def handle(body: bytes) -> None:
        tries.append(body)
        assert may_fail.wait(MAX_HANDLING_SECONDS)
        raise DatabaseRefused("never so")

    publisher.publish(manifest(1))
    with consuming(settings, handle):
        eventually(lambda: len(tries) == 1)
        channel.queue_delete(DEAD_LETTERS)
        may_fail.set()

        eventually(lambda: DEAD_LETTERS in broker.queue_depths() and depths(broker) == (0, 1))

    assert dead_letter(channel)[1] == encode(manifest(1))
