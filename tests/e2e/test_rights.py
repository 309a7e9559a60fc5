"""Services whose accounts may do what the documentation says, and no more: they do all their work, and nothing else."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pika.exceptions
import pytest
from sqlalchemy import create_engine, exc, make_url, text
from sqlalchemy.pool import NullPool

from shared.storage.database import DIALECTS, DatabaseDialect
from tests.support.births import births
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.servers.management import Management
from tests.support.services import REPOSITORY, SERVICES, Pipeline, Service, running_pipeline
from tests.support.topology import TOPOLOGY

PASSWORD = "le@st/rights"
PERMISSIONS = re.compile(r"rabbitmqctl set_permissions inflow_(\w+) +'([^']+)' +'([^']+)' +'([^']+)'")
#: Compares every file with its last edition, and looks for loads that stand still all the time.
SETTINGS = {"INFLOW_COMPARE_FROM_BYTES": "1", "INFLOW_REPUBLISH_SECONDS": "1"}

NEVER_DONE = (
    "DROP TABLE people",
    "ALTER TABLE places ADD COLUMN x INT",
    "CREATE TABLE x (y INT)",
    "TRUNCATE TABLE people",
    "DELETE FROM people",
    "DELETE FROM inflow_loads",
    "UPDATE inflow_installation SET installation_id = 'x'",
    "CREATE USER x",
)
OF_THE_SERVER = {
    "mysql": ("CREATE DATABASE x", "SELECT * FROM mysql.user", "SELECT 1 INTO OUTFILE '/tmp/x'"),
    "postgresql": ("SELECT * FROM pg_authid", "COPY places TO '/tmp/x'", "COPY places FROM PROGRAM 'true'"),
}
DONE_BY_THE_WRITER = (
    "UPDATE places SET county = NULL",
    "INSERT INTO places (city) VALUES ('Nowhere')",
    "INSERT INTO inflow_chunks VALUES (1, 0, 1)",
)

#: A row that is rejected, and the same one corrected.
BAD, MENDED = "Kim,Ash,1937-13-02,Dunoon\n", "Kim,Ash,1937-12-02,Dunoon\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Accounts of both servers, one per service and one to prepare them, in one virtual host and one database."""

    pipeline: Pipeline
    dialect: DatabaseDialect
    broker_urls: dict[str, str]
    database_urls: dict[str, str]

    def prepare(self) -> None:
        """Prepare both servers as the documentation says, each with the account that may."""
        declared = self.pipeline.command("declare", RABBITMQ_URL=self.broker_urls["declare"])
        assert (declared.returncode, declared.stderr) == (0, "")
        self.migrate()
        for service in SERVICES:
            self.grant(service)

    def migrate(self) -> None:
        self.grant("migrate")
        migrated = self.pipeline.command("migrate", DATABASE_URL=self.database_urls["migrate"])
        assert (migrated.returncode, migrated.stderr) == (0, "")

    def grant(self, service: str) -> None:
        name = make_url(self.database_urls[service]).username
        account = self.dialect.account(name or "")
        printed = self.pipeline.command("grants", service, "--account", account).stdout
        with self.pipeline.transaction() as connection:
            for statement in printed.splitlines():
                connection.execute(text(statement))

    def start(self) -> None:
        """Start each service with its own accounts."""
        for service in SERVICES:
            self.start_one(service)

    def start_one(self, service: str) -> Service:
        """Start a service with its own accounts."""
        return self.pipeline.start_one(
            service, RABBITMQ_URL=self.broker_urls[service], DATABASE_URL=self.database_urls[service]
        )


def permissions() -> dict[str, tuple[str, str, str]]:
    """The patterns in the documentation: what each user may configure, write and read."""
    found = PERMISSIONS.findall((REPOSITORY / "docs" / "operations.md").read_text())
    return {user: (configure, write, read) for user, configure, write, read in found}


@contextmanager
def own_users(broker: Broker, prefix: str) -> Iterator[dict[str, str]]:
    """Make the users of the documentation, and delete them in the end; yield their URLs."""
    management = Management(broker.server)
    names = {role: f"{prefix}_{role}" for role in permissions()}
    try:
        for role, (configure, write, read) in permissions().items():
            management.make_user(names[role], PASSWORD, broker.vhost, configure=configure, write=write, read=read)
        yield {
            role: replace(broker.server, user=name, password=PASSWORD).url(broker.vhost) for role, name in names.items()
        }
    finally:
        for name in names.values():
            management.delete_user(name)


@contextmanager
def own_accounts(database: Database, prefix: str) -> Iterator[dict[str, str]]:
    """Make accounts without rights, and drop them in the end; yield their URLs."""
    names = {role: f"{prefix}_{role}" for role in ("migrate", *SERVICES)}
    is_postgresql = database.flavour == "postgresql"
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names.values():
            account = DIALECTS[database.flavour].account(name)
            secret = f"{'PASSWORD' if is_postgresql else 'IDENTIFIED BY'} '{PASSWORD}'"
            connection.execute(text(f"CREATE USER {account} {secret}"))
    url = make_url(database.url)
    try:
        yield {
            role: url.set(username=name, password=PASSWORD).render_as_string(hide_password=False)
            for role, name in names.items()
        }
    finally:
        with engine.connect() as connection:
            for name in names.values():
                account = DIALECTS[database.flavour].account(name)
                if is_postgresql:
                    connection.execute(text(f"DROP OWNED BY {account} CASCADE"))
                connection.execute(text(f"DROP USER {account}"))


@pytest.fixture
def accounts(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Accounts]:
    prefix = f"t{uuid4().hex[:8]}"
    with (
        own_users(broker, prefix) as broker_urls,
        own_accounts(database, prefix) as database_urls,
        running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=SETTINGS) as pipeline,
    ):
        yield Accounts(
            pipeline=pipeline, dialect=DIALECTS[database.flavour], broker_urls=broker_urls, database_urls=database_urls
        )


def test_services_with_the_least_rights_do_all_their_work(accounts: Accounts, tmp_path: Path) -> None:
    """Loads with rejects, an edition of a file, corrected rows, an unclaimable file: every table is written."""
    accounts.prepare()
    pipeline, dunoon = accounts.pipeline, births("Dunoon", people=300)
    accounts.start()

    pipeline.drop("people.csv", dunoon.people_csv + BAD + BAD.replace("Kim", "Lee"))
    pipeline.wait_until_archived(1)
    pipeline.drop("places.csv", dunoon.places_csv)
    pipeline.wait_until_archived(2)
    pipeline.wait_for_summary(dunoon.by_country)
    # One row is corrected in the whole file, which the watcher notices, the other in the rejects file: the writer does.
    [rejects] = (pipeline.data / "rejected").iterdir()
    pipeline.drop("people.csv", dunoon.people_csv + BAD + MENDED.replace("Kim", "Lee"))
    pipeline.wait_until_archived(3)
    pipeline.drop(rejects.name, rejects.read_text().replace("1937-13", "1937-12"))
    pipeline.wait_until_archived(4)
    pipeline.wait_for_load(4, lambda load: load.summarised_at)
    link = pipeline.data / "inbox" / "people-link.csv"
    link.symlink_to(tmp_path)
    eventually(lambda: pipeline.query("SELECT file FROM inflow_inbox"), message="it waits")
    link.unlink()
    eventually(lambda: not pipeline.query("SELECT file FROM inflow_inbox"), message="it waits no more")

    assert {row.healed_by for row in pipeline.query("SELECT healed_by FROM inflow_rejects")} >= {3, 4}
    assert pipeline.query("SELECT COUNT(*) AS n FROM inflow_changes")[0].n == 1
    for service in pipeline.services:
        assert service.logs("dependency_failed") == []
        assert service.stop() == 0
    verified = pipeline.command("verify", "--repair", DATABASE_URL=accounts.database_urls["aggregator"])
    assert (verified.returncode, verified.stderr) == (0, "")
    for arguments in (("redrive",), ("redrive", "--dry-run")):
        redriven = pipeline.command(
            *arguments, RABBITMQ_URL=accounts.broker_urls["operator"], DATABASE_URL=accounts.database_urls["watcher"]
        )
        assert (redriven.returncode, redriven.stderr) == (0, "")


def test_services_with_the_least_rights_come_back_to_dead_letters_and_notice_when_they_are_lost(
    accounts: Accounts, broker: Broker
) -> None:
    accounts.prepare()
    pipeline, dunoon = accounts.pipeline, births("Dunoon", people=30)
    watcher = accounts.start_one("watcher")
    pipeline.drop("people.csv", dunoon.people_csv)
    pipeline.wait_for_load(1, lambda load: load.state == "published")
    with pipeline.transaction() as connection:
        connection.execute(text("UPDATE inflow_loads SET reason = 'dead-lettered'"))
    broker.purge("inflow.writer")
    watcher.logged("load_revived")

    writer = accounts.start_one("writer")
    pipeline.wait_until_archived(1)
    due = pika.BasicProperties(headers={"x-inflow-reason": "DatabaseRefused: no", "x-inflow-attempts": 1})
    with broker.channel() as channel:
        channel.basic_publish("", "inflow.writer.dlq", b"no message", due)
    writer.logged("dead_letters_retried")
    writer.logged("message_dead_lettered")
    for service in (watcher, writer):
        assert service.logs("dependency_failed") == []


def test_services_that_may_configure_nothing_work_as_well_and_say_what_they_can_not_state(
    accounts: Accounts, broker: Broker
) -> None:
    accounts.prepare()
    management = Management(broker.server)
    for service in SERVICES:
        _, write, read = permissions()[service]
        user = urlsplit(accounts.broker_urls[service]).username or ""
        management.make_user(user, PASSWORD, broker.vhost, configure="^$", write=write, read=read)
    accounts.start()

    accounts.pipeline.drop("places.csv", births("Dunoon", people=1).places_csv)
    accounts.pipeline.wait_until_archived(1)

    for running in accounts.pipeline.services:
        assert running.logged("namespace_unstated", queue=TOPOLOGY.ownership_name)
        assert running.logs("dependency_failed") == []


def test_the_operator_sees_all_queues(accounts: Accounts) -> None:
    accounts.prepare()

    shown = accounts.pipeline.report(
        "status", RABBITMQ_URL=accounts.broker_urls["operator"], DATABASE_URL=accounts.database_urls["watcher"]
    )

    assert [queue["messages"] for queue in shown["broker"]["queues"]] == [0, 0, 0]
    assert shown["broker"]["notes"] == ["members: not known: RABBITMQ_MANAGEMENT_URL is not set"]


def test_services_that_come_before_their_servers_are_prepared_wait_and_say_for_what(accounts: Accounts) -> None:
    pipeline = accounts.pipeline
    # Rights on all tables: those on single ones need the tables.
    with pipeline.transaction() as connection:
        for service in SERVICES:
            url = make_url(accounts.database_urls[service])
            account = accounts.dialect.account(url.username or "")
            everything = f"SELECT, INSERT, UPDATE, DELETE ON `{url.database}`.*"
            rights = "USAGE ON SCHEMA public" if accounts.dialect.name == "postgresql" else everything
            connection.execute(text(f"GRANT {rights} TO {account}"))
    accounts.start()
    watcher = pipeline.services[0]
    waits = watcher.logged("dependency_failed", error="DatabaseUnavailable")["message"]
    denied = "permission denied" if accounts.dialect.name == "postgresql" else "CREATE command denied"
    assert denied in waits
    assert "`inflow migrate` prepares the tables" in waits

    accounts.migrate()
    if accounts.dialect.name == "postgresql":
        # Rights on all tables are those on the tables that exist.
        for service in SERVICES:
            accounts.grant(service)
    waits = watcher.logged("dependency_failed", error="BrokerUnavailable")["message"]
    assert "NOT_FOUND" in waits
    assert "if this user may not declare the missing queues, run `inflow declare` as a user who may" in waits

    accounts.prepare()
    pipeline.drop("places.csv", births("Dunoon", people=1).places_csv)
    pipeline.wait_until_archived(1)


def test_no_service_may_do_what_it_never_does(accounts: Accounts) -> None:
    accounts.migrate()
    for service in SERVICES:
        accounts.grant(service)
        with create_engine(accounts.database_urls[service], poolclass=NullPool).connect() as connection:
            of_others = DONE_BY_THE_WRITER if service != "writer" else ()
            for statement in (*NEVER_DONE, *OF_THE_SERVER[connection.dialect.name], *of_others):
                with pytest.raises(exc.DBAPIError, match=r"denied|must be|must have"):
                    connection.execute(text(statement))
                connection.rollback()


def test_no_service_may_take_the_messages_of_another_or_change_queues(accounts: Accounts) -> None:
    accounts.prepare()
    for service in SERVICES:
        with closing(pika.BlockingConnection(pika.URLParameters(accounts.broker_urls[service]))) as connection:
            for other in {"watcher", "writer", "aggregator"} - {service}:
                with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
                    connection.channel().basic_get(f"{TOPOLOGY.namespace}.{other}")
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
                connection.channel().queue_delete(f"{TOPOLOGY.namespace}.{service}")
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
                connection.channel().queue_declare("x")


def test_a_user_that_may_not_declare_is_told_so(accounts: Accounts) -> None:
    refused = accounts.pipeline.command("declare", RABBITMQ_URL=accounts.broker_urls["watcher"])

    assert refused.returncode == 1
    assert "ACCESS_REFUSED" in refused.stderr
