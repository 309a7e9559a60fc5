"""The isolation that the other integration tests rely on."""

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.support.eventually import eventually
from tests.support.kinds import only_on_mysql
from tests.support.servers.found import BrokerServer, DatabaseServer
from tests.support.servers.isolation import Broker, Database, own_database, own_vhost
from tests.support.servers.management import Management


def scalars(url: str, statement: str) -> list[object]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return list(connection.execute(text(statement)).scalars())


def test_a_virtual_host_starts_empty_and_counts_what_waits(broker: Broker) -> None:
    assert broker.queue_depths() == {}

    with broker.channel() as channel:
        channel.confirm_delivery()
        for queue, messages in (("full", 3), ("empty", 0)):
            channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            for _ in range(messages):
                channel.basic_publish("", queue, b"{}")

    eventually(lambda: broker.queue_depths() == {"full": 3, "empty": 0}, message="3 wait")


def test_no_test_sees_the_queues_of_another(broker_server: BrokerServer) -> None:
    with own_vhost(broker_server) as one, own_vhost(broker_server) as other:
        with one.channel() as channel:
            channel.queue_declare("mine", durable=True)

        assert one.queue_depths() == {"mine": 0}
        assert other.queue_depths() == {}


def test_a_virtual_host_is_gone_after_its_test(broker_server: BrokerServer) -> None:
    with own_vhost(broker_server) as broker:
        vhost = broker.vhost

    assert vhost not in Management(broker_server).vhosts()


def test_a_database_starts_empty(database: Database) -> None:
    with create_engine(database.url, poolclass=NullPool).connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_database_has_the_default_character_set_of_its_server(database: Database) -> None:
    """Whatever it is: the product must not rely on a default."""
    only_on_mysql(database)
    assert scalars(database.url, "SELECT @@character_set_database = @@global.character_set_server") == [1]


def test_the_flavour_of_a_database_is_the_one_its_server_names(database: Database) -> None:
    [version] = scalars(database.url, "SELECT VERSION()")
    names = {"PostgreSQL": "postgresql", "MariaDB": "mariadb"}

    assert database.flavour == next((flavour for name, flavour in names.items() if name in str(version)), "mysql")


def test_a_database_is_dropped_though_a_test_left_a_transaction_open(
    database_server: DatabaseServer, database: Database
) -> None:
    with own_database(database_server) as abandoned:
        left_open = create_engine(abandoned.url, poolclass=NullPool).connect()
        left_open.execute(text("CREATE TABLE notes (id INT)"))
        left_open.execute(text("INSERT INTO notes VALUES (1)"))
    left_open.invalidate()
    left_open.close()

    name = abandoned.url.rpartition("/")[2]
    is_postgresql = database.flavour == "postgresql"
    listing = "SELECT datname FROM pg_database" if is_postgresql else "SHOW DATABASES"
    assert name not in scalars(database.url, listing)
