"""The tables of the kept counts: one for each, the list of those that are built, and the deltas to fold into them."""

from sqlalchemy import BigInteger, MetaData, String, Table
from sqlalchemy import Column as TableColumn

from shared.model.datasets import Dataset
from shared.storage.database import DatabaseDialect
from shared.storage.kept_counts import KeptCount

#: The column with the number of rows that have the values in the other columns of a kept count's table.
ROW_COUNT = "_row_count"


def counts(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the list of the kept counts that are built."""
    return dialect.table(
        metadata,
        "inflow_counts",
        TableColumn("name", String(64), primary_key=True, comment="the table of the count"),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("built_at", dialect.instant(), nullable=False, comment="UTC"),
        comment="Kept counts: each, with the deltas still to fold, equals a count of the whole table.",
    )


def count_deltas(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the deltas."""
    return dialect.table(
        metadata,
        "inflow_count_deltas",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("first_row", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("part", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn(
            "deltas", dialect.long_text(), nullable=False, comment="values and difference, by kept count, JSON"
        ),
        comment="Changes of the kept counts by chunks, until they are folded into them.",
    )


def kept_count_table(metadata: MetaData, dialect: DatabaseDialect, count: KeptCount, dataset: Dataset) -> Table:
    """Add the table of one kept count."""
    columns = [
        TableColumn(name, dialect.type_of(dataset.column(name)), primary_key=True, autoincrement=False)
        for name in count.columns
    ]
    row_count = TableColumn(ROW_COUNT, BigInteger(), nullable=False)
    return dialect.table(metadata, count.name, *columns, row_count, comment=f"Kept count: {count}.")
