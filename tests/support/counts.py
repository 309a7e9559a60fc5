"""Kept counts read directly from the database: their tables plus the deltas not folded yet."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from shared.model.datasets import Catalog, Dataset, Summary
from shared.storage.kept_counts import KeptCount
from shared.storage.schema.schema import Schema
from tests.support.deliveries import canonical
from tests.support.model import Key, Row


def kept_rows(connection: Connection, schema: Schema, count: KeptCount) -> Counter[Key]:
    """Return the kept row count of each value; values without rows are left out."""
    total: Counter[Key] = Counter()
    for *values, row_count in connection.execute(select(schema.kept_counts[count.name])):
        total[tuple(map(canonical, values))] += row_count
    for text in connection.scalars(select(schema.count_deltas.c.deltas)):
        for *values, difference in json.loads(text).get(count.name, ()):
            total[tuple(values)] += difference
    return Counter({key: row_count for key, row_count in total.items() if row_count})


def rows_by(dataset: Dataset, rows: Iterable[Row], columns: Sequence[str]) -> Counter[Key]:
    """Count rows by some of their columns, leaving out rows with a NULL there."""
    positions = [dataset.column_names.index(name) for name in columns]
    keys = (tuple(row.values[position] for position in positions) for row in rows)
    return Counter(key for key in keys if None not in key)


def with_all_counts(catalog: Catalog) -> Catalog:
    """Return the catalogue with a summary for each column, and for each column reached through one reference."""
    paths = [
        (dataset.name, path)
        for dataset in catalog.datasets.values()
        for path in (
            *((name,) for name in dataset.column_names),
            *(
                (reference.name, name)
                for reference in dataset.references
                for name in catalog.datasets[reference.dataset].column_names
            ),
        )
    ]
    summaries = [
        Summary(file=f"{number}.json", format="json-object", count=name, by=path)
        for number, (name, path) in enumerate(paths)
    ]
    return replace(catalog, summaries=tuple(summaries))
