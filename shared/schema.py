"""Tables: one per dataset, derived from inflow.toml, and those in which Inflow keeps its books.

Every dataset row carries two marks, each a (load, line): `asserted`, the last drop that stated the row, which
guards the order; and `changed`, the one that last set a value, which is the lineage. A row asserted by load 0 is
an inferred member: other rows refer to it, no file has stated it yet. `_inferred` says so in tables that others
refer to.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy import Column as TableColumn
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from shared.counts import KeptCount, kept_counts
from shared.database import Flavour
from shared.datasets import Catalog, Column, Dataset

#: The marks of a dataset's row, in table order. No declared column begins with an underscore.
MARKS = ("_asserted_load", "_asserted_line", "_changed_load", "_changed_line")
INFERRED = "_inferred"
#: How many rows have the values that a row of a kept count's table names.
ROW_COUNT = "_row_count"

#: Byte-exact and without padding, so that José is not Jose, A is not a, and 'a ' is not 'a'.
COLLATIONS: dict[Flavour, str | None] = {
    "mysql": "utf8mb4_0900_bin",
    "mariadb": "utf8mb4_nopad_bin",
    "sqlite": None,
}

#: The most characters of a file's path that the books keep; 4 bytes each is what an InnoDB key can hold.
PATH_LENGTH = 768
#: How much of a rejected row's text is in the index that finds those that are rejected again.
_RAW_PREFIX_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All tables of one database."""

    metadata: MetaData
    flavour: Flavour
    sequences: Table
    loads: Table
    chunks: Table
    changes: Table
    rejects: Table
    outbox: Table
    inbox: Table
    counts: Table
    count_deltas: Table
    datasets: dict[str, Table]
    #: One table per kept count, by its name.
    kept_counts: dict[str, Table]


def build_schema(catalog: Catalog, flavour: Flavour) -> Schema:
    """Derive the tables that a catalogue needs on one kind of server."""
    metadata = MetaData()
    return Schema(
        metadata=metadata,
        flavour=flavour,
        sequences=_sequences(metadata, flavour),
        loads=_loads(metadata, flavour),
        chunks=_chunks(metadata, flavour),
        changes=_changes(metadata, flavour),
        rejects=_rejects(metadata, flavour),
        outbox=_outbox(metadata, flavour),
        inbox=_inbox(metadata, flavour),
        counts=_counts(metadata, flavour),
        count_deltas=_count_deltas(metadata, flavour),
        datasets={
            dataset.name: _dataset_table(metadata, flavour, dataset, referenced=catalog.is_referenced(dataset.name))
            for dataset in catalog.datasets.values()
        },
        kept_counts={
            count.name: _kept_count_table(metadata, flavour, count, catalog.datasets[count.dataset])
            for count in kept_counts(catalog)
        },
    )


def sql_type(column: Column) -> TypeEngine[Any]:
    """Return the type of a dataset's column. SQLite has no exact decimal, so it keeps the text."""
    types: dict[str, TypeEngine[Any]] = {
        "text": String(column.length),
        "integer": BigInteger(),
        "decimal": Numeric(column.precision, column.scale).with_variant(String(column.precision + 2), "sqlite"),
        "date": Date(),
        "timestamp": _instant(),
        "boolean": Boolean(),
    }
    return types[column.type]


def _dataset_table(metadata: MetaData, flavour: Flavour, dataset: Dataset, *, referenced: bool) -> Table:
    columns = [
        TableColumn(
            column.name,
            sql_type(column),
            autoincrement=False,
            # An inferred member has nothing but its key.
            nullable=column.name not in dataset.key and (referenced or not column.required),
        )
        for column in dataset.columns
    ]
    marks: list[SchemaItem] = [TableColumn(name, BigInteger(), nullable=False) for name in MARKS]
    if referenced:
        marks += [
            TableColumn(INFERRED, Boolean(), nullable=False),
            Index(f"ix_{dataset.name}_inferred", INFERRED),
        ]
    key = PrimaryKeyConstraint(*dataset.key)
    return _table(metadata, flavour, dataset.name, *columns, *marks, key, *_foreign_keys(metadata, dataset))


def _foreign_keys(metadata: MetaData, dataset: Dataset) -> list[SchemaItem]:
    constraints: list[SchemaItem] = []
    for reference in dataset.references:
        name = f"{dataset.name}_{reference.name}"
        target = metadata.tables.get(reference.dataset)
        keys = dataset.key if target is None else tuple(column.name for column in target.primary_key)
        constraints += [
            Index(f"ix_{name}", *reference.columns),
            ForeignKeyConstraint(reference.columns, [f"{reference.dataset}.{key}" for key in keys], name=f"fk_{name}"),
        ]
    return constraints


def _sequences(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_sequences",
        TableColumn("name", String(64), primary_key=True),
        TableColumn("value", BigInteger(), nullable=False),
        comment="Numbers given out so far; load numbers only ever grow.",
    )


def _loads(metadata: MetaData, flavour: Flavour) -> Table:
    counts = ("rows_done", "inserted", "updated", "unchanged", "superseded", "rejected")
    moments = ("modified_at", "claimed_at", "published_at", "completed_at", "archived_at", "summarised_at")
    return _table(
        metadata,
        flavour,
        "inflow_loads",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("file", String(PATH_LENGTH), nullable=False, comment="path below the inbox"),
        TableColumn("dataset", String(64)),
        TableColumn(
            "state",
            String(16),
            nullable=False,
            comment="claimed, reading, published, complete, archived, refused",
        ),
        TableColumn("reason", String(64), comment="why it is not further, for machines"),
        TableColumn("message", _long_text(), comment="the same, for people"),
        TableColumn("size_bytes", BigInteger(), nullable=False),
        TableColumn("header", _long_text(), comment="the file's columns, JSON"),
        TableColumn("ignored_columns", _long_text(), comment="those that no dataset column takes, JSON"),
        TableColumn("read_as", _long_text(), comment="format, encoding and dialect, in words"),
        TableColumn("confidence_percent", BigInteger(), comment="how sure that is"),
        TableColumn("feed", String(255), comment="the kind of files that it is compared with"),
        TableColumn("manner", _long_text(), comment="what is compared, JSON"),
        TableColumn("row_count", BigInteger(), comment="rows of the file, once its manifest is here"),
        TableColumn("fingerprint", String(64), comment="of the file's bytes and its dataset's definition"),
        TableColumn(
            "first_pass_milliseconds", BigInteger(), comment="spent on a look for rejects; NULL: there was none"
        ),
        *(TableColumn(name, BigInteger(), nullable=False, server_default="0") for name in counts),
        *(TableColumn(name, _instant(), comment="UTC") for name in moments),
        Index("ix_inflow_loads_feed", "feed"),
        Index("ix_inflow_loads_file", "file"),
        Index("ix_inflow_loads_state", "state"),
        Index("ix_inflow_loads_summarised_at", "summarised_at"),
        comment="One row per claimed file: its state and its accounts.",
    )


def _chunks(metadata: MetaData, flavour: Flavour) -> Table:
    # No foreign key to the load: its shared lock would turn into the exclusive one of the accounts, a sure deadlock.
    return _table(
        metadata,
        flavour,
        "inflow_chunks",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("first_row", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("row_count", BigInteger(), nullable=False),
        comment="The chunk ledger: what was already applied.",
    )


def _changes(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_changes",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("base_load_id", BigInteger(), nullable=False, comment="the load whose file it was compared with"),
        TableColumn("unchanged_count", BigInteger(), nullable=False, comment="rows that are not published"),
        TableColumn("superseded_count", BigInteger(), nullable=False, comment="the same, of keys that it repeats"),
        TableColumn(
            "changed_lines", _long_text(), nullable=False, comment="lines of the others, JSON, until they are archived"
        ),
        comment="Files that were compared with an earlier edition; of open loads, what is published.",
    )


def _rejects(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_rejects",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("line", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("byte_offset", BigInteger(), comment="where the row begins in the file; NULL: unknown"),
        TableColumn("column_name", String(255), comment="NULL where the row as a whole is at fault"),
        TableColumn("code", String(64), nullable=False),
        TableColumn("message", _long_text(), nullable=False),
        TableColumn("raw", _long_text(), nullable=False, comment="the row as one CSV record of the file's columns"),
        TableColumn("healed_by", BigInteger(), comment="the first load that has the row mended; NULL: it is open"),
        Index("ix_inflow_rejects_raw", "load_id", "raw", mysql_length={"raw": _RAW_PREFIX_LENGTH}),
        comment="Rows refused, one entry each.",
    )


def _outbox(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_outbox",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("completed_at", _instant(), nullable=False),
        comment="load.completed events still to publish, written with the completion itself.",
    )


def _inbox(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_inbox",
        TableColumn("file", String(PATH_LENGTH), primary_key=True, comment="path below the inbox"),
        TableColumn("state", String(16), nullable=False),
        TableColumn("reason", String(64), nullable=False),
        TableColumn("message", Text(), nullable=False),
        TableColumn("since", _instant(), nullable=False),
        comment="Files that the watcher sees in the inbox and has not claimed, and why.",
    )


def _counts(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_counts",
        TableColumn("name", String(64), primary_key=True, comment="of the table that holds it"),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("built_at", _instant(), nullable=False, comment="UTC"),
        comment="Kept counts: with the deltas still to fold, each is what counting the whole table gives.",
    )


def _count_deltas(metadata: MetaData, flavour: Flavour) -> Table:
    return _table(
        metadata,
        flavour,
        "inflow_count_deltas",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("first_row", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("part", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("deltas", _long_text(), nullable=False, comment="values and difference, by kept count, JSON"),
        comment="What chunks that changed rows add to the kept counts, until it is folded into them.",
    )


def _kept_count_table(metadata: MetaData, flavour: Flavour, count: KeptCount, dataset: Dataset) -> Table:
    columns = [
        TableColumn(name, sql_type(dataset.column(name)), primary_key=True, autoincrement=False)
        for name in count.columns
    ]
    row_count = TableColumn(ROW_COUNT, BigInteger(), nullable=False)
    return _table(metadata, flavour, count.name, *columns, row_count, comment=f"Kept count: {count}.")


def _table(
    metadata: MetaData,
    flavour: Flavour,
    name: str,
    *items: SchemaItem,
    comment: str | None = None,
) -> Table:
    options: dict[str, Any] = {}
    if flavour != "sqlite":
        options = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": COLLATIONS[flavour]}
    return Table(name, metadata, *items, comment=comment, **options)


def _instant() -> TypeEngine[Any]:
    return DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _long_text() -> TypeEngine[Any]:
    return Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
