"""Finds columns whose values look like the key of a dataset: by looking some up, else by name and type."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from shared.model.bad_values import BadValue
from shared.model.datasets import Catalog, Column, Dataset
from shared.model.values import Value, parser_of
from shared.profiling.profile import ColumnProfile, PossibleReference
from shared.profiling.proposed_names import suggested_name
from shared.profiling.table import ProfiledTable

#: Counts how many of these keys a dataset has; None where it has no row at all, or nobody can tell.
CountKeys = Callable[[Dataset, Sequence[Value]], int | None]

_MAX_LOOKED_UP = 1_000
#: So many of the values must be keys for a column to be a reference.
_NEARLY_ALL = 0.9


def possible_references(table: ProfiledTable, catalog: Catalog, count_keys: CountKeys) -> Iterator[PossibleReference]:
    """Compare each column with the datasets whose key is a single column."""
    keys = {dataset: dataset.column(dataset.key[0]) for dataset in catalog.datasets.values() if len(dataset.key) == 1}
    for column in table.profile.columns:
        for dataset, key in keys.items():
            if can_hold(key, column):
                yield from _compared(column, dataset, key, table, count_keys)


def can_hold(key: Column, column: ColumnProfile) -> bool:
    """Whether a key's type takes every value of a column, and there are some."""
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
    """Return a column that may refer to a key: of the same type, length, precision and scale."""
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
        # A column that is a key itself is rather that of another edition of the dataset than a reference to it.
        is_key = (column.name,) in table.profile.keys.found
        if not is_key and _is_named_after(column.name, dataset.name, key.name):
            yield PossibleReference(column=column.name, dataset=dataset.name, key=key.name)
    elif found >= _NEARLY_ALL * len(values):
        yield PossibleReference(
            column=column.name, dataset=dataset.name, key=key.name, looked_up=len(values), found=found
        )


def _parsed(texts: Sequence[str], key: Column) -> Iterator[Value]:
    """The distinct values as the table has them."""
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
    """Whether a column is called like a key, or like the thing that it identifies."""
    thing = dataset.removesuffix("s")
    return suggested_name(column, prefix="column") in {
        key,
        dataset,
        thing,
        f"{thing}_{key}",
        f"{dataset}_{key}",
        f"{thing}_key",
    }
