"""A connected broker that stops answering: loads report it, and services that wait for it are unhealthy."""

from pathlib import Path

from tests.e2e.test_services import behind_forwarders
from tests.support.births import births
from tests.support.eventually import eventually
from tests.support.servers.controlled import ControlledBroker
from tests.support.servers.isolation import Broker, Database, own_vhost
from tests.support.services import Pipeline, Service, running_pipeline

#: Long enough for two heartbeats of a healthy service between the report of a wait and its end.
ANSWER_SECONDS = 18


def start_healthy(pipeline: Pipeline, name: str, health: Path) -> Service:
    """Start a service and wait until all its connections are open."""
    impatient = {"RABBITMQ_BLOCKED_SECONDS": str(ANSWER_SECONDS), "INFLOW_HEALTH_FILE": str(health)}
    service = pipeline.start_one(name, **impatient)
    eventually(health.exists, message="it is healthy")
    eventually(lambda: len(service.logs("broker_connected")) == 2, message="it consumes and may publish")
    return service


def assert_unhealthy_while_it_waits(service: Service, health: Path) -> str:
    """Check that the service is unhealthy, and return what it waits for."""
    waits = str(service.logged("broker_slow")["message"])
    # The file was removed; if it is still missing, it was not touched since.
    health.unlink()
    service.logged("dependency_failed", error="BrokerUnavailable")
    assert not health.exists()
    return waits


def test_a_watcher_that_waits_for_the_broker_reports_it_and_is_unhealthy(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    health = tmp_path / "health"
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, to_broker, _):
        watcher = start_healthy(pipeline, "watcher", health)
        to_broker.freeze()
        pipeline.drop("places.csv", births("Dunoon", people=1).places_csv)
        load = pipeline.wait_for_load(1, lambda load: load.reason == "broker-unavailable")
        assert load.message == f"127.0.0.1:{to_broker.port} has not answered for {ANSWER_SECONDS // 3} s"
        assert assert_unhealthy_while_it_waits(watcher, health) == f"{load.message}; waiting"

        to_broker.cut()
        to_broker.thaw()
        pipeline.wait_for_load(1, lambda load: load.state == "published")
        eventually(health.exists, message="it is healthy again")


def test_a_writer_whose_events_the_broker_does_not_accept_is_unhealthy(
    own_broker_server: ControlledBroker, database: Database, tmp_path: Path
) -> None:
    """A broker short of memory blocks only publishers: the writer's consumer continues."""
    health = tmp_path / "health"
    with (
        own_vhost(own_broker_server.server) as broker,
        running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline,
    ):
        writer = start_healthy(pipeline, "writer", health)
        own_broker_server.ctl("set_vm_memory_high_watermark", "0.0001")
        try:
            with pipeline.transaction() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO inflow_loads (load_id, file, dataset, state, size_bytes, claimed_at, completed_at)"
                    " VALUES (7, 'places.csv', 'places', 'complete', 1, NOW(6), NOW(6))"
                )
                connection.exec_driver_sql("INSERT INTO inflow_outbox VALUES (7, 'places', NOW(6))")
            waits = assert_unhealthy_while_it_waits(writer, health)
            assert waits.endswith(" s: it blocks publishers (low on memory); waiting")
        finally:
            own_broker_server.ctl("set_vm_memory_high_watermark", "0.4")

        eventually(lambda: not pipeline.query("SELECT load_id FROM inflow_outbox"), message="the event is published")
        eventually(health.exists, message="it is healthy again")
