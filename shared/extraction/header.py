"""Matches a file's header with the columns of its dataset. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.model.rows import RawRows, type_chunk
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.read_plan import ReadPlan
from shared.reading.sources import RecordSource

#: The most bytes that the names take in a message: they travel with every chunk.
MAX_ENCODED_BYTES = 1 << 20

#: The name of a nameless column in messages.
_NAMELESS = "(no name)"

#: The number of rows that are checked in a table without column names.
_NAMELESS_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that fits: the names of the file's columns, and those that no column of the dataset takes."""

    names: list[str]
    ignored: list[str]


def match_header(cells: Sequence[str], dataset: Dataset) -> Header:
    """Match names in any order, blanks around them ignored. FileRefused where the file does not fit."""
    names = [cell.strip() for cell in cells]
    _check_size(names)
    found = f"found: {', '.join(map(_quoted, names))}"
    # The first one may be without: programs put numbers of rows there.
    if "" in names[1:]:
        place = f"column {names.index('', 1) + 1} of the header"
        raise FileRefused("blank-label", f"{place} has no name; give it one, or take the column out; {found}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FileRefused(
            "duplicate-label", f"the header names {', '.join(map(_quoted, repeated))} more than once; {found}"
        )
    missing = [label for label in dataset.expected_labels if label not in names]
    if missing:
        expected = ", ".join(map(_quoted, dataset.labels))
        raise FileRefused(
            "missing-label",
            f"the header lacks {', '.join(map(_quoted, missing))}; {found}; expected: {expected}",
        )
    return Header(names=names, ignored=[name or _NAMELESS for name in names if name not in dataset.labels])


def key_places(names: Sequence[str], dataset: Dataset) -> list[int]:
    """Return where a header that fits has the columns of the key, in the key's order."""
    return [names.index(dataset.column(name).expected_label) for name in dataset.key]


def header_of(table: RecordSource, plan: ReadPlan, dataset: Dataset) -> Header:
    """Match a table's names; where it has none, its columns are the dataset's. FileRefused where it does not fit."""
    if plan.has_types:
        _check_notations(plan, dataset)
    if plan.has_header:
        return match_header(table.header, dataset)
    if len(table.header) != len(dataset.columns):
        expected = f"{len(dataset.columns)}: {', '.join(map(_quoted, dataset.labels))}"
        raise FileRefused(
            "missing-label", f"the file has no header, and {len(table.header)} columns; expected {expected}"
        )
    return Header(names=list(dataset.labels), ignored=[])


def _check_notations(plan: ReadPlan, dataset: Dataset) -> None:
    """A number of a workbook, 1.234, would be another one in signs that are declared for texts."""
    written = [column.expected_label for column in dataset.columns if column.notation]
    if written:
        raise FileRefused(
            "format-error",
            f"the dataset says how {', '.join(map(_quoted, written))} is written in text, and a file of the format"
            f" {plan} has numbers and dates of its own; send it as CSV, or to a dataset without such signs",
        )


def check_nameless(table: RecordSource, dataset: Dataset) -> None:
    """See whether the first values of a table without names are of the dataset's types. FileRefused where not."""
    records = [record for record in islice(table, _NAMELESS_ROWS) if not isinstance(record, UnreadableRow)]
    lines, rows = [line for line, _ in records], [cells for _, cells in records]
    names = list(dataset.labels)
    faults = type_chunk(dataset, RawRows(header=names, lines=lines, rows=rows, unreadable=[])).rejections
    if len(faults) > len(rows) / 2:
        raise FileRefused(
            "missing-label",
            f"the file has no header, and its values do not fit {', '.join(map(_quoted, names))};"
            f" line {faults[0].line}: {faults[0].message}",
        )


def _check_size(names: Sequence[str]) -> None:
    size_bytes = len(orjson.dumps(names))
    if size_bytes > MAX_ENCODED_BYTES:
        raise FileRefused(
            "row-too-large",
            f"the {len(names)} names of the header take {size_bytes} bytes as JSON, at most {MAX_ENCODED_BYTES} may",
        )


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}…")  # noqa: PLR2004
