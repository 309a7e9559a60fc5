"""Checks the tables of the datasets: the values and marks of each row, and whether it is inferred."""

from collections.abc import Iterator, Mapping

from shared.model.bad_values import BadValue
from shared.model.datasets import Dataset
from shared.model.values import parser_of
from tests.support.model import Row, Values
from verification.checks.expected import Expected, Loaded
from verification.checks.stored import Stored, StoredRow


def table_problems(stored: Stored, expected: Expected) -> Iterator[str]:
    """Yield the errors in all tables."""
    loaded = {each.load.load_id: each for each in expected.loaded}
    for name, wanted in expected.model.tables.items():
        found = stored.tables[name]
        yield from (f"{name} has a row that nothing states: {key}" for key in sorted(found.keys() - wanted.keys()))
        yield from (f"{name} lacks the row {key}" for key in sorted(wanted.keys() - found.keys()))
        for key in wanted.keys() & found.keys():
            dataset, where = expected.model.catalog.datasets[name], f"{name} {key}"
            yield from _row_problems(where, wanted[key], found[key])
            if found[key].asserted != wanted[key].asserted:
                compared = wanted[key].asserted[0] in stored.unpublished
                yield from _assertion_problems(where, wanted[key], found[key], dataset, loaded if compared else {})
            yield from _lineage_problems(where, found[key], dataset, loaded)


def _row_problems(where: str, wanted: Row, found: StoredRow) -> Iterator[str]:
    if found.values != wanted.values:
        yield f"{where} has the values {found.values}; expected {wanted.values}"
    if found.is_inferred != wanted.is_inferred:
        yield f"{where} is {'' if found.is_inferred else 'not '}marked as inferred"


def _assertion_problems(
    where: str, wanted: Row, found: StoredRow, dataset: Dataset, loaded: Mapping[int, Loaded]
) -> Iterator[str]:
    """A row is asserted by the last drop with it, or if files were compared, by an earlier one with the same values."""
    load_id, line = found.asserted
    source = loaded.get(load_id)
    cells = source.drop.rows.get(line) if source else None
    is_earlier = found.asserted < wanted.asserted
    if not is_earlier or source is None or cells is None or _typed(dataset, source.drop.header, cells) != wanted.values:
        yield f"{where} was last asserted by {found.asserted}; expected {wanted.asserted}"


def _lineage_problems(where: str, row: StoredRow, dataset: Dataset, loaded: Mapping[int, Loaded]) -> Iterator[str]:
    """The drop that set a value depends on the order of processing, but one of its lines has exactly these values."""
    if row.asserted == (0, 0):
        if row.changed != (0, 0):
            yield f"{where} is inferred, and yet changed by {row.changed}"
        return
    load_id, line = row.changed
    source = loaded.get(load_id)
    cells = source.drop.rows.get(line) if source else None
    if row.changed > row.asserted or source is None or cells is None:
        yield f"{where} says it was changed by {row.changed}, which can't be: it was asserted by {row.asserted}"
    elif _typed(dataset, source.drop.header, cells) != row.values:
        yield f"{where} says it was changed by {row.changed}, which has other values: {cells}"


def _typed(dataset: Dataset, header: tuple[str, ...], cells: tuple[str, ...]) -> Values | None:
    if len(header) != len(cells):
        return None
    texts = dict(zip(header, cells, strict=True))
    try:
        return tuple(parser_of(column)(texts[column.name]) for column in dataset.columns)
    except BadValue:
        return None
