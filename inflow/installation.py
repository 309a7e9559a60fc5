"""The installation that a command works on: its folder, its configuration, and its ledger on a disk or a server."""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from inflow.embedded import embedded_database
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.model.datasets import Catalog
from shared.model.errors import ConfigurationError
from shared.runtime.files import DataFolder
from shared.service.running import read_catalog
from shared.storage.database import Database
from shared.storage.store import Store, existing_store


def data_folder(options: argparse.Namespace, environment: Environment) -> DataFolder:
    """Return the folder that --data or INFLOW_DATA names."""
    return DataFolder(options.data or environment.path("INFLOW_DATA", Path("data")))


def catalog_of(options: argparse.Namespace, environment: Environment) -> Catalog:
    """Read the configuration that --config or INFLOW_CONFIG names."""
    return read_catalog(environment, config=options.config)


def is_embedded(options: argparse.Namespace, environment: Environment) -> bool:
    """Whether the data folder holds its own database; a server that the environment names goes before INFLOW_DATA."""
    has_database = data_folder(options, environment).database.exists()
    return has_database and (options.data is not None or not DatabaseSettings.is_configured(environment))


def broker_settings(options: argparse.Namespace, environment: Environment) -> BrokerSettings | None:
    """Return the broker's settings; None in embedded mode, or where the environment does not name a broker."""
    if is_embedded(options, environment) or not BrokerSettings.is_configured(environment):
        return None
    return BrokerSettings.from_environment(environment)


@contextmanager
def open_installation(options: argparse.Namespace, environment: Environment, *, read_only: bool) -> Iterator[Store]:
    """Open the database that is there; nothing is created in it. An embedded one may be opened read-only."""
    catalog = catalog_of(options, environment)
    with open_database(options, environment, read_only=read_only) as database:
        yield existing_store(database, catalog)


@contextmanager
def open_database(options: argparse.Namespace, environment: Environment, *, read_only: bool) -> Iterator[Database]:
    """Open the database that is there, prepared or not; the tables are not looked at."""
    with closing(_database(options, environment, read_only=read_only)) as database:
        yield database


def _database(options: argparse.Namespace, environment: Environment, *, read_only: bool) -> Database:
    folder = data_folder(options, environment)
    if is_embedded(options, environment):
        environment.finish()
        return embedded_database(folder, read_only=read_only)
    if not DatabaseSettings.is_configured(environment):
        raise ConfigurationError(
            f"{folder.root} holds no embedded database, and none of DATABASE_URL, MYSQL_HOST and PGHOST names a server"
        )
    settings = DatabaseSettings.from_environment(environment)
    environment.finish()
    return Database(settings.url, tls=settings.tls)
