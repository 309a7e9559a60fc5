"""Servers in containers, from the images in docker-compose.yml."""

from contextlib import ExitStack

from sqlalchemy import URL

from tests.support.servers.containers import Container
from tests.support.servers.found import BrokerServer, DatabaseServer
from tests.support.servers.mysqld import SERVER_OPTIONS
from tests.support.servers.probes import broker_problem, database_problem, wait_until_ready

BROKER_IMAGE = "rabbitmq:4-management"
DATABASE_IMAGE = "mysql:8.4"
#: Password of servers that only this machine can reach, while the tests run.
USER, PASSWORD = "inflow", "inflow-test"


class DockerServers:
    """Starts containers on ports that the engine chooses."""

    name = "docker"

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing

    def broker(self) -> BrokerServer:
        """Start a RabbitMQ with its management API."""
        settings = {"RABBITMQ_DEFAULT_USER": USER, "RABBITMQ_DEFAULT_PASS": PASSWORD}
        with ExitStack() as started:
            container = started.enter_context(Container.running(BROKER_IMAGE, ports=(5672, 15672), settings=settings))
            server = BrokerServer(
                host="127.0.0.1",
                port=container.published(5672),
                user=USER,
                password=PASSWORD,
                management_url=f"http://127.0.0.1:{container.published(15672)}",
            )
            wait_until_ready(lambda: broker_problem(server), ended=container.has_ended, log=container.log_tail)
            self._closing.push(started.pop_all())
        return server

    def database(self) -> DatabaseServer:
        """Start a MySQL whose data is in memory."""
        with ExitStack() as started:
            container = started.enter_context(
                Container.running(
                    DATABASE_IMAGE,
                    ports=(3306,),
                    settings={"MYSQL_ROOT_PASSWORD": PASSWORD},
                    options=SERVER_OPTIONS,
                    in_memory=["/var/lib/mysql"],
                )
            )
            port = container.published(3306)
            server = DatabaseServer(url=URL.create("mysql+pymysql", "root", PASSWORD, host="127.0.0.1", port=port))
            wait_until_ready(lambda: database_problem(server), ended=container.has_ended, log=container.log_tail)
            self._closing.push(started.pop_all())
        return server
