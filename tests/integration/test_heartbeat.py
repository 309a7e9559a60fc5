"""The heartbeats of services in the ledger."""

from shared.runtime.health import Health
from shared.service.heartbeat import Heartbeat
from shared.storage.ledger.service_processes import ServiceProcess, all_services
from shared.storage.store import Store
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog


def listed(store: Store) -> list[ServiceProcess]:
    with store.transaction() as connection:
        return all_services(connection, store.schema)


def test_a_service_that_takes_the_place_of_a_killed_one_is_the_one_that_is_listed(warehouse: OpenWarehouse) -> None:
    """In a container, both have the same host and process ID."""
    store = warehouse(default_catalog()).store
    Heartbeat(store, "writer", Health(None)).beat()
    [killed] = listed(store)

    Heartbeat(store, "writer", Health(None)).beat()
    [found] = listed(store)

    assert found.started_at > killed.started_at
    assert (found.host, found.process_id) == (killed.host, killed.process_id)


def test_a_wait_lasts_from_its_first_word_to_the_next_beat(warehouse: OpenWarehouse) -> None:
    store = warehouse(default_catalog()).store
    heartbeat = Heartbeat(store, "writer", Health(None))
    heartbeat.wait("rabbitmq:5672 does not answer")
    [first] = listed(store)
    heartbeat.wait("rabbitmq:5672 refuses")
    [second] = listed(store)
    assert (second.waits_for, second.waits_since) == ("rabbitmq:5672 refuses", first.waits_since)

    heartbeat.beat()
    [works] = listed(store)
    assert (works.waits_for, works.waits_since) == (None, None)
    heartbeat.stop()
    assert listed(store) == []
