"""Unresolved references: those to rows that no file has contained yet."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from shared.model.datasets import Dataset, Reference
from shared.storage.schema.dataset_tables import INFERRED
from shared.storage.schema.schema import Schema
from shared.storage.store import Store


@dataclass(frozen=True, slots=True)
class Waiting:
    """The number of unresolved references of a load's rows, and of the inferred members that they refer to."""

    rows: int = 0
    members: int = 0

    def __add__(self, other: "Waiting") -> "Waiting":
        return Waiting(self.rows + other.rows, self.members + other.members)


def waiting_references(
    connection: Connection, store: Store, load_ids: Collection[int] | None = None
) -> defaultdict[int, Waiting]:
    """Count by the load that last asserted the rows; other loads have zero. None: all loads."""
    counts: defaultdict[int, Waiting] = defaultdict(Waiting)
    for dataset in store.catalog.datasets.values():
        if dataset.name in store.held:
            continue
        for reference in dataset.references:
            for load_id, rows, members in connection.execute(_query(store.schema, dataset, reference, load_ids)):
                counts[load_id] += Waiting(int(rows), members)
    return counts


def _query(schema: Schema, dataset: Dataset, reference: Reference, load_ids: Collection[int] | None) -> Select[Any]:
    table = schema.datasets[dataset.name]
    target = schema.datasets[reference.dataset].alias("target")
    columns = [table.c[name] for name in reference.columns]
    # The table's key, not the alias's, which has the order of the columns.
    key = [target.c[column.name] for column in schema.datasets[reference.dataset].primary_key]
    same_key = and_(*(left == right for left, right in zip(columns, key, strict=True)))
    load_id = table.c["_asserted_load"]
    mine = load_id > 0 if load_ids is None else load_id.in_(load_ids)
    by_member = (
        select(load_id.label("load_id"), func.count().label("row_count"))
        .join_from(target, table, same_key)
        .where(target.c[INFERRED].is_(True), mine)
        .group_by(load_id, *columns)
        .subquery()
    )
    columns_of = by_member.c
    return select(columns_of.load_id, func.sum(columns_of.row_count), func.count()).group_by(columns_of.load_id)
