"""Profiles a table in one pass: rows in, batch by batch, a profile out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.profiling.batch import ColumnBatch
from shared.profiling.candidate_keys import CandidateKeys
from shared.profiling.column import ColumnProfiler
from shared.profiling.memory_budget import MemoryBudget
from shared.profiling.printable import encodable
from shared.profiling.profile import ColumnProfile, Finding, Keys, Profile, RejectedRow
from shared.reading.sources import Record, RecordSource
from shared.reading.table_rows import rows_of
from shared.reading.total_rows import CODE as TOTAL_ROW
from shared.reading.total_rows import MESSAGE, is_total

_MAX_REJECTED_SHOWN = 10
#: InnoDB has no table with more.
_MAX_COLUMNS = 1_017

_Batch = list[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledTable:
    """A profile, and by column values to look up elsewhere: all of its values, or a sample of them."""

    profile: Profile
    samples: Mapping[str, Sequence[str]]


def profile_table(
    source: RecordSource, *, file: str, has_types: bool = False, bounds: MemoryBudget | None = None
) -> ProfiledTable:
    """Read a table to its end. FileRefused where it can't be read, or has more columns than a table may have.

    `has_types`: its format has numbers and dates, which are in no other notation than ours.
    """
    names = column_names(source.header)
    table = _Table(names, bounds or MemoryBudget.for_width(len(names)), has_types=has_types)
    for batch in table.accepted(source):
        table.add(batch)
    return table.result(file)


def column_names(header: Sequence[str]) -> list[str]:
    """Return the names without blanks around them; a name for each that is missing or there already."""
    if len(header) > _MAX_COLUMNS:
        raise FileRefused(
            "too-many-labels",
            f"the header has {len(header)} names; expected at most {_MAX_COLUMNS}, as a table of MySQL can have",
        )
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = encodable(cell.strip())
        names.append(name if name and name not in names else name + name_of_nameless(position))
    return names


def name_of_nameless(position: int) -> str:
    """Name a column, counted from 1, that has no name of its own."""
    return f"(column {position})"


class _Table:
    def __init__(self, names: Sequence[str], bounds: MemoryBudget, *, has_types: bool) -> None:
        self._names = names
        self._bounds = bounds
        self._rows = 0
        self._last: Record = (0, [])
        self._rejected = 0
        self._rejected_rows: list[RejectedRow] = []
        self._columns = [ColumnProfiler(name, bounds, has_types=has_types) for name in names]
        self._keys = CandidateKeys(names, most_hashes=bounds.key_hashes)

    def accepted(self, source: RecordSource) -> Iterator[_Batch]:
        """Give out the good rows in batches; count the others."""
        batch: _Batch = []
        end_bytes = source.bytes_read + self._bounds.batch_bytes
        for record in rows_of(source):
            if isinstance(record, UnreadableRow):
                self._reject(record)
            else:
                batch.append(record)
            if len(batch) == self._bounds.batch_rows or (batch and source.bytes_read >= end_bytes):
                yield batch
                batch, end_bytes = [], source.bytes_read + self._bounds.batch_bytes
        if batch:
            yield batch

    def add(self, batch: _Batch) -> None:
        """Take in some rows."""
        self._rows += len(batch)
        self._last = batch[-1]
        lines = [line for line, _ in batch]
        columns = [ColumnBatch(values, lines) for values in zip(*(cells for _, cells in batch), strict=True)]
        for column, values in zip(self._columns, columns, strict=True):
            column.add(values)
        self._keys.add(columns)

    def result(self, file: str) -> ProfiledTable:
        """Say what was seen."""
        keys = self._keys.result()
        columns = [
            column.result(is_unique=(name,) in keys.found)
            for name, column in zip(self._names, self._columns, strict=True)
        ]
        line, cells = self._last
        if is_total(cells):
            total = Finding(code=TOTAL_ROW, message=MESSAGE, lines=(line,))
            columns[0] = replace(columns[0], findings=(*columns[0].findings, total))
        profile = Profile(
            file=file,
            rows=self._rows,
            rejected=self._rejected,
            rejected_rows=tuple(self._rejected_rows),
            columns=tuple(columns),
            keys=_without_null(keys, columns),
        )
        samples = zip(columns, self._columns, strict=True)
        return ProfiledTable(
            profile=profile,
            samples={found.name: _values(found, profiler.sampled_texts) for found, profiler in samples},
        )

    def _reject(self, row: UnreadableRow) -> None:
        self._rejected += 1
        if len(self._rejected_rows) < _MAX_REJECTED_SHOWN:
            self._rejected_rows.append(RejectedRow(line=row.line, code=row.code, message=row.message))


def _without_null(keys: Keys, columns: Iterable[ColumnProfile]) -> Keys:
    """Leave out the keys of which a column may have no value."""
    with_null = {column.name for column in columns if column.null}
    return replace(keys, found=tuple(key for key in keys.found if with_null.isdisjoint(key)))


def _values(column: ColumnProfile, texts: Iterable[str]) -> list[str]:
    """Return each distinct value once."""
    return [text for text in dict.fromkeys(texts) if text.strip() not in column.null]
