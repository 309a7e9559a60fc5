"""Migrates the tables of an earlier version of Inflow to this one, step by step.

Each step adds only what is missing, so that a step interrupted by a crash can be repeated: MySQL commits each change of
a table separately. The caller holds the lock under which tables are prepared.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn

from shared.model.errors import SchemaMismatch, TablesUnusable
from shared.runtime.clock import utc_now
from shared.storage.schema.dataset_tables import MARKS, before_column
from shared.storage.schema.schema import Schema

Step = Callable[[Connection, Schema], None]


def _add_identity(connection: Connection, schema: Schema) -> None:
    """Add the tokens and chunk bounds of loads: NULL for loads claimed before."""
    _add_columns(connection, schema.loads, "token", "chunk_rows", "chunk_bytes")


def _add_before(connection: Connection, schema: Schema) -> None:
    """Add the digests of rows before a load, NULL in all rows, also to unused tables: they may be used again."""
    inspector = inspect(connection)
    for name in inspector.get_table_names():
        if {column["name"] for column in inspector.get_columns(name)}.issuperset(MARKS):
            column = before_column(schema.dialect)
            _add_columns(connection, Table(name, MetaData(), column), column.name)
    _forget_fingerprints(connection, schema)


def _forget_fingerprints(connection: Connection, schema: Schema) -> None:
    """Rule out as bases the loads of datasets in which a file with repeated keys may have miscounted changed rows."""
    table = schema.loads
    # MySQL does not allow an UPDATE to query its own table.
    datasets = list(connection.scalars(select(table.c.dataset).where(table.c.superseded > 0).distinct()))
    connection.execute(update(table).where(table.c.dataset.in_(datasets)).values(fingerprint=None))


def _add_lines(connection: Connection, schema: Schema) -> None:
    """Add the accounts of the lines of files: NULL for earlier loads."""
    _add_columns(connection, schema.loads, "lines")


#: In order: the first one migrates from version 0, of tables without a list of migrations, to version 1.
STEPS: Sequence[Step] = (_add_identity, _add_before, _add_lines)
VERSION = len(STEPS)


def migrate(connection: Connection, schema: Schema) -> None:
    """Apply the steps that are missing in an existing database. A new one needs none.

    Raises SchemaMismatch if a newer program wrote the tables.
    """
    existing = set(inspect(connection).get_table_names())
    is_new = schema.loads.name not in existing
    schema.migrations.create(connection, checkfirst=True)
    version = _recorded_version(connection, schema)
    if version is None:
        version = VERSION if is_new else 0
        _note(connection, schema, range(1, version + 1))
    _refuse_newer(version)
    for number in range(version + 1, VERSION + 1):
        STEPS[number - 1](connection, schema)
        _note(connection, schema, [number])


def require_current(connection: Connection, schema: Schema) -> None:
    """Return if the tables are of this version; nothing is changed.

    Raises SchemaMismatch where they are of an earlier or newer version, TablesUnusable where there are none.
    """
    existing = set(inspect(connection).get_table_names())
    if schema.loads.name not in existing:
        raise TablesUnusable("the database has no tables of Inflow: start its services, or run `inflow migrate`")
    # Version 0 has no list, and one that a killed migration has just created is empty.
    version = (_recorded_version(connection, schema) or 0) if schema.migrations.name in existing else 0
    _refuse_newer(version)
    if version < VERSION:
        raise SchemaMismatch(
            f"the tables are of version {version}, written by an earlier Inflow; this one works on version {VERSION}: "
            "start its services, which migrate them, or run `inflow migrate`"
        )


def _recorded_version(connection: Connection, schema: Schema) -> int | None:
    version: int | None = connection.scalar(select(func.max(schema.migrations.c.version)))
    return version


def _refuse_newer(version: int) -> None:
    if version > VERSION:
        raise SchemaMismatch(
            f"the tables are of version {version}, written by a newer Inflow; this one knows versions up to {VERSION}: "
            "start the newer program, or restore a backup made before its first start"
        )


def _note(connection: Connection, schema: Schema, versions: Sequence[int]) -> None:
    if versions:
        now = utc_now()
        connection.execute(insert(schema.migrations), [{"version": each, "applied_at": now} for each in versions])


def _add_columns(connection: Connection, table: Table, *names: str) -> None:
    """Add those of these columns that a table lacks, each with a separate statement."""
    existing = {column["name"] for column in inspect(connection).get_columns(table.name)}
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name in names:
        if name not in existing:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD COLUMN {column}")
