"""The tables of the kept counts: one for each, which of them are built, and what is still to be folded into them."""

from sqlalchemy import BigInteger, MetaData, String, Table
from sqlalchemy import Column as TableColumn

from shared.model.datasets import Dataset
from shared.storage.database import DatabaseDialect
from shared.storage.kept_counts import KeptCount

#: How many rows have the values that a row of a kept count's table names.
ROW_COUNT = "_row_count"


def counts(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the list of the kept counts that are built."""
    return dialect.table(
        metadata,
        "inflow_counts",
        TableColumn("name", String(64), primary_key=True, comment="of the table that holds it"),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("built_at", dialect.instant(), nullable=False, comment="UTC"),
        comment="Kept counts: with the deltas still to fold, each is what counting the whole table gives.",
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
        comment="What chunks that changed rows add to the kept counts, until it is folded into them.",
    )


def kept_count_table(metadata: MetaData, dialect: DatabaseDialect, count: KeptCount, dataset: Dataset) -> Table:
    """Add the table of one kept count."""
    columns = [
        TableColumn(name, dialect.type_of(dataset.column(name)), primary_key=True, autoincrement=False)
        for name in count.columns
    ]
    row_count = TableColumn(ROW_COUNT, BigInteger(), nullable=False)
    return dialect.table(metadata, count.name, *columns, row_count, comment=f"Kept count: {count}.")
