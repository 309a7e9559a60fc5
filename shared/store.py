"""What all work on the data needs: a database, its tables, and the configuration that they are derived from."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.database import Database
from shared.datasets import Catalog
from shared.errors import DatabaseUnavailable, InstallationChanged, TablesUnusable
from shared.folder_owner import Owner
from shared.schema.installation import installation_id
from shared.schema.preparation import prepare_tables
from shared.schema.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A database whose tables fit the configuration."""

    database: Database
    schema: Schema
    catalog: Catalog
    #: What tells this database from all others, however alike they are.
    installation_id: str

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
    """Create missing tables; SchemaMismatch where an existing one is not what the configuration asks for.

    Raises DatabaseUnavailable where the account may not create or see them: an account that may has to come first.
    """
    try:
        schema = prepare_tables(database, catalog)
    except TablesUnusable as error:
        advice = "`inflow migrate` prepares the tables, `inflow grants` prints the rights of each service"
        raise DatabaseUnavailable(f"{error}; {advice}") from error
    return store_of(database, schema, catalog)


def store_of(database: Database, schema: Schema, catalog: Catalog) -> Store:
    """Take a database as it is; TablesUnusable where it was not prepared yet."""
    with database.transaction() as connection:
        found = installation_id(connection, schema)
    if found is None:
        raise TablesUnusable("the database has no installation yet: start a service or run `inflow migrate`")
    return Store(database=database, schema=schema, catalog=catalog, installation_id=found)
