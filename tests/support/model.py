"""The expected result of the writer, computed in the slow and obvious way: file by file, row by row.

It uses nothing of the product except the catalogue and the parser of a single value.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.model.bad_values import BadValue
from shared.model.datasets import Catalog, Dataset, Summary
from shared.model.values import Value, parser_of

Key = tuple[Value, ...]
Values = tuple[Value, ...]
#: Load and line.
Mark = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedFile:
    """One file as it was dropped; its rows are the cells of its lines."""

    load_id: int
    dataset: str
    header: tuple[str, ...]
    rows: dict[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; one that no file has contained is an inferred member, asserted by (0, 0)."""

    values: Values
    asserted: Mark

    @property
    def is_inferred(self) -> bool:
        """Whether other rows refer to it and no file has contained it."""
        return self.asserted == (0, 0)


@dataclass(frozen=True, slots=True, order=True)
class Reject:
    """A rejected row: its position, the reason, and its cells."""

    load_id: int
    line: int
    column: str
    code: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The outcomes of a load's rows."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0

    @property
    def balance(self) -> bool:
        """Whether each row read has exactly one of the five outcomes."""
        return self.read == self.inserted + self.updated + self.unchanged + self.superseded + self.rejected


@dataclass(slots=True)
class Model:
    """The tables after drops in a given order."""

    catalog: Catalog
    tables: dict[str, dict[Key, Row]] = field(init=False)
    rejects: list[Reject] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = {name: {} for name in self.catalog.datasets}

    def drop_all(self, files: Iterable[DroppedFile]) -> None:
        """Drop files in the order of their load numbers."""
        for file in sorted(files, key=lambda file: file.load_id):
            self.drop(file)

    def drop(self, file: DroppedFile) -> Accounts:
        """Drop the next file; return its accounts, assuming that no other load overlaps it."""
        dataset = self.catalog.datasets[file.dataset]
        last: dict[Key, tuple[int, Values]] = {}
        ends: Counter[str] = Counter()
        for line, cells in file.rows.items():
            values = self._typed(dataset, file, line, cells)
            if values is None:
                ends["rejected"] += 1
                continue
            self._refer(dataset, values)
            key = _part(dataset, values, dataset.key)
            ends["superseded"] += key in last
            last[key] = (line, values)
        for key, (line, values) in last.items():
            ends[self._state(dataset, key, values, (file.load_id, line))] += 1
        return Accounts(read=len(file.rows), **ends)

    def summary(self, summary: Summary) -> bytes:
        """Return the content of a summary that counts rows by a column reached through references."""
        counts: Counter[str] = Counter()
        for row in self.tables[summary.count or ""].values():
            group = self._follow(self.catalog.datasets[summary.count or ""], row, summary.by)
            if group is not None:
                counts[str(group)] += 1
        ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()

    def inferred(self, name: str) -> set[Key]:
        """Return the keys of a table's inferred rows."""
        return {key for key, row in self.tables[name].items() if row.is_inferred}

    def stated(self) -> int:
        """Count the rows that are not inferred, in all tables."""
        return sum(len(table) - len(self.inferred(name)) for name, table in self.tables.items())

    def _typed(self, dataset: Dataset, file: DroppedFile, line: int, cells: Sequence[str]) -> Values | None:
        def reject(column: str, code: str) -> None:
            self.rejects.append(Reject(file.load_id, line, column, code, tuple(cells)))

        if not any(map(str.strip, cells)):
            reject("", "blank-row")
            return None
        if len(cells) != len(file.header):
            reject("", "missing-cell" if len(cells) < len(file.header) else "extra-cell")
            return None
        if list(cells) == list(file.header) and len(cells) > 1:
            reject("", "type-error")
            return None
        texts = dict(zip(file.header, cells, strict=True))
        values: list[Value] = []
        for column in dataset.columns:
            try:
                values.append(parser_of(column)(texts[column.name]) if column.name in texts else None)
            except BadValue as fault:
                reject(column.name, fault.code)
                return None
        return tuple(values)

    def _refer(self, dataset: Dataset, values: Values) -> None:
        """Ensure that the rows a row refers to exist, and those they refer to in turn."""
        for reference in dataset.references:
            target = self.catalog.datasets[reference.dataset]
            key = _part(dataset, values, reference.columns)
            if None in key or key in self.tables[target.name]:
                continue
            member = tuple(key[target.key.index(name)] if name in target.key else None for name in target.column_names)
            self.tables[target.name][key] = Row(member, (0, 0))
            self._refer(target, member)

    def _state(self, dataset: Dataset, key: Key, values: Values, mark: Mark) -> str:
        """Put a row into its table; return its outcome."""
        table = self.tables[dataset.name]
        before = table.get(key)
        table[key] = Row(values, mark)
        if before is None or before.is_inferred:
            return "inserted"
        return "unchanged" if before.values == values else "updated"

    def _follow(self, dataset: Dataset, row: Row, path: Sequence[str]) -> Value:
        *steps, column = path
        for step in steps:
            reference = dataset.reference(step)
            key = _part(dataset, row.values, reference.columns)
            if None in key:
                return None
            dataset = self.catalog.datasets[reference.dataset]
            row = self.tables[dataset.name][key]
        return row.values[dataset.column_names.index(column)]


def _part(dataset: Dataset, values: Values, columns: Sequence[str]) -> tuple[Value, ...]:
    return tuple(values[dataset.column_names.index(name)] for name in columns)
