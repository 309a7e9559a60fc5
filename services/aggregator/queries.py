"""One query per summary, from the configuration."""

from typing import Any

from sqlalchemy import Select, TextClause, and_, func, select, text

from shared.datasets import Catalog, Summary
from shared.schema import Schema


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
    *steps, column = summary.by
    dataset = catalog.datasets[summary.count or ""]
    table = schema.datasets[dataset.name]
    own = dataset.reference(steps[0]).columns if steps else (column,)
    counted = (
        select(*(table.c[name] for name in own), func.count().label("row_count"))
        .group_by(*(table.c[name] for name in own))
        .subquery()
    )
    source: Any = counted
    here: Any = counted.c
    for step in steps:
        reference = dataset.reference(step)
        target = schema.datasets[reference.dataset].alias()
        pairs = zip((here[name] for name in reference.columns), target.primary_key, strict=True)
        source = source.join(target, and_(*(left == right for left, right in pairs)))
        dataset, here = catalog.datasets[reference.dataset], target.c
    group = here[column]
    total = func.sum(counted.c.row_count).label("row_count")
    return select(group, total).select_from(source).where(group.is_not(None)).group_by(group)
