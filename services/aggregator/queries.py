"""One query per summary, from the configuration."""

from typing import Any

from sqlalchemy import FromClause, Select, TextClause, and_, column, func, select, text

from shared.model.datasets import Catalog, Dataset, Summary
from shared.storage.counting.count_statements import count_statements
from shared.storage.kept_counts import KeptCount, counted_columns, kept_count_of
from shared.storage.schema.count_tables import ROW_COUNT
from shared.storage.schema.schema import Schema


def query_of(summary: Summary, catalog: Catalog, schema: Schema) -> Select[Any] | TextClause:
    """Return the query whose rows the summary shows."""
    if summary.query is not None:
        # A colon is SQL here, never a parameter of ours.
        return text(summary.query.replace(":", "\\:"))
    return _count(summary, catalog, schema)


def _count(summary: Summary, catalog: Catalog, schema: Schema) -> Select[Any]:
    """Count rows by a column, of their own table or of one that references lead to.

    Rows are counted by their reference first: the join then meets one row per referenced row, not one per row.
    """
    *steps, name = summary.by
    dataset = catalog.datasets[summary.count or ""]
    kept = kept_count_of(summary, catalog)
    counted = _kept(kept, schema) if kept else _computed(dataset, counted_columns(summary, dataset), schema)
    source: Any = counted
    here: Any = counted.c
    for step in steps:
        reference = dataset.reference(step)
        target = schema.datasets[reference.dataset].alias()
        dataset = catalog.datasets[reference.dataset]
        # The dataset's key, not the alias's: that one comes in the order of the columns.
        pairs = zip(reference.columns, dataset.key, strict=True)
        source = source.join(target, and_(*(here[left] == target.c[right] for left, right in pairs)))
        here = target.c
    group = here[name]
    total = func.sum(counted.c[ROW_COUNT])
    rows = select(group, total.label("row_count")).select_from(source).where(group.is_not(None))
    # A kept count has rows for values that are gone.
    return rows.group_by(group).having(total != 0)


def _computed(dataset: Dataset, columns: tuple[str, ...], schema: Schema) -> FromClause:
    own = [schema.datasets[dataset.name].c[name] for name in columns]
    return select(*own, func.count().label(ROW_COUNT)).group_by(*own).subquery()


def _kept(count: KeptCount, schema: Schema) -> FromClause:
    table = schema.kept_counts[count.name]
    current = text(count_statements(count, schema).current)
    return current.columns(*(column(each.name, each.type) for each in table.columns)).subquery()
