"""The store: a database, its tables, and the configuration that they are derived from."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from shared.model.datasets import Catalog, Summary
from shared.model.errors import DatabaseUnavailable, InstallationChanged, TablesUnusable
from shared.runtime.folder_owner import Owner
from shared.storage.database import Database
from shared.storage.schema.installation import installation_id
from shared.storage.schema.migrations import require_current
from shared.storage.schema.preparation import held_datasets, prepare_tables
from shared.storage.schema.schema import Schema, build_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A database whose tables match the configuration."""

    database: Database
    schema: Schema
    catalog: Catalog
    #: Distinguishes this database from all others, even from those with the same tables.
    installation_id: str
    #: Datasets whose tables can't be used as they are, and why; their rows are neither read nor written.
    held: Mapping[str, str] = field(default_factory=dict)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The summaries that can be computed; a query that needs a held dataset reports this itself."""
        return tuple(summary for summary in self.catalog.summaries if summary.count not in self.held)

    @property
    def owner(self) -> Owner:
        """The owner that the data folder of this database must have."""
        return Owner(installation_id=self.installation_id, database=self.database.address)

    def require_installation(self) -> None:
        """Raise InstallationChanged if the database is another one: it would not accept what we publish."""
        with self.transaction() as connection:
            found = installation_id(connection, self.schema)
        if found != self.installation_id:
            raise InstallationChanged(f"the database was installation {self.installation_id}, and is now {found}")

    def transaction(self) -> AbstractContextManager[Connection]:
        """Commit at the end, roll back on any exception; see Database.transaction."""
        return self.database.transaction()


def open_store(database: Database, catalog: Catalog) -> Store:
    """Prepare the tables; see prepare_tables.

    Raises DatabaseUnavailable if the account may not create or see them: an account that may must prepare them first.
    """
    try:
        prepared = prepare_tables(database, catalog)
    except TablesUnusable as error:
        advice = "`inflow migrate` prepares the tables, `inflow grants` prints the rights of each service"
        raise DatabaseUnavailable(f"{error}; {advice}") from error
    with database.transaction() as connection:
        found = _installation_of(connection, prepared.schema)
    return Store(database=database, schema=prepared.schema, catalog=catalog, installation_id=found, held=prepared.held)


def existing_store(database: Database, catalog: Catalog) -> Store:
    """Use a database as it is, and change nothing.

    Raises TablesUnusable if no service has prepared it yet, SchemaMismatch if its tables are of another version.
    """
    schema = build_schema(catalog, database.dialect)
    with database.transaction() as connection:
        require_current(connection, schema)
        found = _installation_of(connection, schema)
        held = held_datasets(connection, schema, catalog)
    return Store(database=database, schema=schema, catalog=catalog, installation_id=found, held=held)


def _installation_of(connection: Connection, schema: Schema) -> str:
    found = installation_id(connection, schema)
    if found is None:
        raise TablesUnusable("the database has no installation yet: start a service or run `inflow migrate`")
    return found
