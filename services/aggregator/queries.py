"""The queries of summaries, built from the configuration."""

from typing import Any

from sqlalchemy import FromClause, Select, TextClause, and_, column, func, select, text

from shared.model.datasets import Catalog, Dataset, Summary
from shared.storage.counting.count_statements import count_statements
from shared.storage.kept_counts import KeptCount, counted_columns, kept_count_of
from shared.storage.schema.count_tables import ROW_COUNT
from shared.storage.schema.schema import Schema


def query_of(summary: Summary, catalog: Catalog, schema: Schema) -> Select[Any] | TextClause:
    """Return the query whose rows make up the summary."""
    if summary.query is not None:
        # A colon is part of the user's SQL, never a bind parameter.
        return text(summary.query.replace(":", "\\:"))
    return _count(summary, catalog, schema)


def _count(summary: Summary, catalog: Catalog, schema: Schema) -> Select[Any]:
    """Count rows by a column of their own table, or of a table reached through references.

    Rows are first counted by their reference, so that the join has one row per referenced row instead of one per row.
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
        # The dataset's key, because the alias's primary key is in the order of the columns.
        pairs = zip(reference.columns, dataset.key, strict=True)
        source = source.join(target, and_(*(here[left] == target.c[right] for left, right in pairs)))
        here = target.c
    group = here[name]
    total = func.sum(counted.c[ROW_COUNT])
    rows = select(group, total.label("row_count")).select_from(source).where(group.is_not(None))
    # A kept count has rows of zero for values that no longer occur.
    return rows.group_by(group).having(total != 0)


def _computed(dataset: Dataset, columns: tuple[str, ...], schema: Schema) -> FromClause:
    own = [schema.datasets[dataset.name].c[name] for name in columns]
    return select(*own, func.count().label(ROW_COUNT)).group_by(*own).subquery()


def _kept(count: KeptCount, schema: Schema) -> FromClause:
    table = schema.kept_counts[count.name]
    current = text(count_statements(count, schema).current)
    return current.columns(*(column(each.name, each.type) for each in table.columns)).subquery()
