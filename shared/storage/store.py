"""What all work on the data needs: a database, its tables, and the configuration that they are derived from."""

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
    """A database whose tables fit the configuration."""

    database: Database
    schema: Schema
    catalog: Catalog
    #: What tells this database from all others, however alike they are.
    installation_id: str
    #: Datasets whose tables can't be used as they are, and why; nothing of them is read or written.
    held: Mapping[str, str] = field(default_factory=dict)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The summaries that can be computed; a query that needs a held dataset says so by itself."""
        return tuple(summary for summary in self.catalog.summaries if summary.count not in self.held)

    @property
    def owner(self) -> Owner:
        """Whose the data folder is that goes with this database."""
        return Owner(installation_id=self.installation_id, database=self.database.address)

    def require_installation(self) -> None:
        """Raise InstallationChanged where the database is another one: what we publish would be foreign to it."""
        with self.transaction() as connection:
            found = installation_id(connection, self.schema)
        if found != self.installation_id:
            raise InstallationChanged(f"the database was installation {self.installation_id}, and is {found} now")

    def transaction(self) -> AbstractContextManager[Connection]:
        """Commit at the end, roll back on any exception; see Database.transaction."""
        return self.database.transaction()


def open_store(database: Database, catalog: Catalog) -> Store:
    """Prepare the tables; see prepare_tables.

    Raises DatabaseUnavailable where the account may not create or see them: an account that may has to come first.
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
    """Take a database as it is, and change nothing.

    Raises TablesUnusable where no service has prepared it yet, SchemaMismatch where its tables are of another version.
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
