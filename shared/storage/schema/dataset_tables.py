"""The tables of the datasets, derived from inflow.toml.

Every row has two marks, each a (load, line): `asserted`, the last drop that contained the row, which guards the order;
and `changed`, the last drop that set a value, which is the lineage. A row asserted by load 0 is an inferred member:
other rows refer to it, but no file has contained it yet. `_inferred` marks it in tables that others refer to.

`_before` is a digest of the values that the row had before the load in `_changed_load`; NULL if that load inserted the
row. It decides how the row is counted for a load whose file contains it more than once.
"""

from sqlalchemy import BigInteger, Boolean, ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy import Column as TableColumn
from sqlalchemy.schema import SchemaItem

from shared.model.datasets import Dataset
from shared.storage.database import DatabaseDialect

#: The marks of a dataset's row, in table order. No declared column begins with an underscore.
MARKS = ("_asserted_load", "_asserted_line", "_changed_load", "_changed_line")
INFERRED = "_inferred"
BEFORE = "_before"


def dataset_table(metadata: MetaData, dialect: DatabaseDialect, dataset: Dataset, *, referenced: bool) -> Table:
    """Add the table of a dataset, after those that it refers to."""
    columns = [
        TableColumn(
            column.name,
            dialect.type_of(column),
            autoincrement=False,
            # An inferred member has only its key.
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
    marks.append(before_column(dialect))
    key = PrimaryKeyConstraint(*dataset.key)
    return dialect.table(metadata, dataset.name, *columns, *marks, key, *_foreign_keys(metadata, dataset))


def before_column(dialect: DatabaseDialect) -> TableColumn[bytes]:
    """Return the column for the digest of a row before its last change."""
    comment = "digest of the values before the load in _changed_load; NULL: that load inserted the row"
    return TableColumn(BEFORE, dialect.digest(), comment=comment)


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
