"""Each test runs on each kind of database that can be had, and the end of a run shows a table of what passed."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from shared.model.datasets import Catalog
from shared.storage.database import Database
from tests.conftest import got
from tests.support.deliveries import Warehouse
from tests.support.missing import missing
from tests.support.servers.found import DatabaseServer, Unavailable
from tests.support.servers.isolation import own_database
from tests.support.servers.mysqld import find_mysqld, start_mysqld
from tests.support.servers.session import Servers

#: Under which a test's report says what it ran on.
_DATABASE, _FEATURE = "database", "feature"

OpenWarehouse = Callable[[Catalog], Warehouse]


@pytest.fixture(scope="session")
def postgresql_server(servers: Servers) -> DatabaseServer:
    return got(lambda: servers.postgresql, what="PostgreSQL")


@pytest.fixture(scope="session")
def installed_server() -> Iterator[DatabaseServer]:
    """The MariaDB or MySQL of this machine's own programs, beside one that was named."""
    with ExitStack() as closing_all:
        if find_mysqld() is None:
            pytest.skip("neither mariadbd nor mysqld is installed")
        try:
            yield start_mysqld(closing_all)
        except Unavailable as reason:
            missing(f"no MariaDB ({reason})")


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("database_server", marks=pytest.mark.servers),
        pytest.param("installed_server", marks=pytest.mark.servers),
        pytest.param("postgresql_server", marks=pytest.mark.servers),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """An empty database of each kind; of the same kind and version only one."""
    if request.param == "sqlite":
        yield _told(request, URL.create("sqlite", database=str(tmp_path / "inflow.db")))
        return
    server: DatabaseServer = request.getfixturevalue(request.param)
    if request.param != "database_server" and _version(server.url) == _version(_named_server(request)):
        pytest.skip("the database server of all tests is the same")
    with own_database(server) as own:
        yield _told(request, make_url(own.url))


@pytest.fixture
def open_warehouse(url: URL) -> Iterator[OpenWarehouse]:
    """Gives the tables of a catalogue, with a writer, in the test's own database."""
    with ExitStack() as opened:
        address = url.render_as_string(hide_password=False)
        yield lambda catalog: opened.enter_context(closing(Warehouse(address, catalog)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of features and databases, as documents show it."""
    passed: dict[str, dict[str, bool]] = defaultdict(dict)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            said = dict(getattr(report, "user_properties", ()))
            if _DATABASE in said and (report.when == "call" or outcome == "failed"):
                cells = passed[said[_FEATURE]]
                cells[said[_DATABASE]] = cells.get(said[_DATABASE], True) and outcome == "passed"
    if not passed:
        return
    databases = sorted({name for cells in passed.values() for name in cells})
    terminalreporter.write_line("")
    terminalreporter.write_line(f"| feature | {' | '.join(databases)} |")
    terminalreporter.write_line(f"| --- |{' --- |' * len(databases)}")
    words = {True: "yes", False: "no", None: "not run"}
    for feature, cells in passed.items():
        terminalreporter.write_line(f"| {feature} | {' | '.join(words[cells.get(name)] for name in databases)} |")


def _told(request: pytest.FixtureRequest, url: URL) -> URL:
    """Take down what the test runs on, and the feature that it is about: its docstring's first line."""
    documented = (request.function.__doc__ or request.function.__name__).strip().splitlines()[0]
    request.node.user_properties += [(_DATABASE, _version(url)), (_FEATURE, documented.rstrip("."))]
    return url


def _named_server(request: pytest.FixtureRequest) -> URL:
    server: DatabaseServer = request.getfixturevalue("database_server")
    return server.url


def _version(url: URL) -> str:
    """Return the database's name and version, such as MySQL 9.7."""
    with closing(Database(url)) as database:
        dialect = database.dialect
        asked = "SELECT sqlite_version()" if dialect.is_embedded else "SELECT version()"
        with database.transaction() as connection:
            said = str(connection.scalar(text(asked)))
    number = said.removeprefix("PostgreSQL ").split()[0].split("-")[0].split(".")
    # PostgreSQL counts its versions by one number.
    return f"{dialect.title} {'.'.join(number[: 1 if dialect.name == 'postgresql' else 2])}"
