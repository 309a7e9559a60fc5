"""Finds columns that may refer to a dataset: by looking up values in its key, or else by name and type."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from shared.model.bad_values import BadValue
from shared.model.datasets import Catalog, Column, Dataset
from shared.model.values import Value, parser_of
from shared.profiling.profile import ColumnProfile, PossibleReference
from shared.profiling.proposed_names import suggested_name
from shared.profiling.table import ProfiledTable

#: Counts how many of these keys exist in a dataset; None if it has no rows or there is no database.
CountKeys = Callable[[Dataset, Sequence[Value]], int | None]

_MAX_LOOKED_UP = 1_000
#: Minimum share of the values that must be keys for a column to count as a reference.
_MIN_FOUND_SHARE = 0.9


def possible_references(table: ProfiledTable, catalog: Catalog, count_keys: CountKeys) -> Iterator[PossibleReference]:
    """Compare each column with each dataset whose key is a single column."""
    keys = {dataset: dataset.column(dataset.key[0]) for dataset in catalog.datasets.values() if len(dataset.key) == 1}
    for column in table.profile.columns:
        for dataset, key in keys.items():
            if can_hold(key, column):
                yield from _compared(column, dataset, key, table, count_keys)


def can_hold(key: Column, column: ColumnProfile) -> bool:
    """Whether the column has values and the key's type accepts all of them."""
    if not column.values or key.type == "boolean":
        return False
    match key.type:
        case "text":
            return not column.unstorable and (column.longest or 0) <= key.length
        case "decimal":
            fits = column.whole_digits <= key.precision - key.scale and column.scale <= key.scale
            return column.type == "decimal" and fits
    return column.type == key.type


def proposed_as(key: Column, name: str, *, required: bool) -> Column:
    """Return a column that can refer to a key: it has the key's type, length, precision and scale."""
    return Column(
        name=name, type=key.type, length=key.length, precision=key.precision, scale=key.scale, required=required
    )


def _compared(
    column: ColumnProfile,
    dataset: Dataset,
    key: Column,
    table: ProfiledTable,
    count_keys: CountKeys,
) -> Iterator[PossibleReference]:
    values = list(islice(_parsed(table.samples[column.name], key), _MAX_LOOKED_UP))
    found = count_keys(dataset, values)
    if found is None:
        # A column that is a key itself is more likely from another version of that dataset than a reference to it.
        is_key = (column.name,) in table.profile.keys.found
        if not is_key and _is_named_after(column.name, dataset.name, key.name):
            yield PossibleReference(column=column.name, dataset=dataset.name, key=key.name)
    elif found >= _MIN_FOUND_SHARE * len(values):
        yield PossibleReference(
            column=column.name, dataset=dataset.name, key=key.name, looked_up=len(values), found=found
        )


def _parsed(texts: Sequence[str], key: Column) -> Iterator[Value]:
    """Yield the distinct values as the table stores them."""
    parse = parser_of(key)
    seen: set[Value] = set()
    for text in texts:
        try:
            value = parse(text)
        except BadValue:
            continue
        if value not in seen:
            seen.add(value)
            yield value


def _is_named_after(column: str, dataset: str, key: str) -> bool:
    """Whether a column is named after a key, or after the thing that the key identifies."""
    thing = dataset.removesuffix("s")
    return suggested_name(column, prefix="column") in {
        key,
        dataset,
        thing,
        f"{thing}_{key}",
        f"{dataset}_{key}",
        f"{thing}_key",
    }
