"""What all work on the data needs: a database, its tables, and the configuration that they are derived from."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.database import Database
from shared.datasets import Catalog
from shared.schema.preparation import prepare_tables
from shared.schema.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A database whose tables fit the configuration."""

    database: Database
    schema: Schema
    catalog: Catalog

    def transaction(self) -> AbstractContextManager[Connection]:
        """Commit at the end, roll back on any exception; see Database.transaction."""
        return self.database.transaction()


def open_store(database: Database, catalog: Catalog) -> Store:
    """Create missing tables; SchemaMismatch where an existing one is not what the configuration asks for."""
    return Store(database=database, schema=prepare_tables(database, catalog), catalog=catalog)
