"""Profiles a table in one pass, batch by batch."""

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
#: Maximum number of columns of an InnoDB table.
_MAX_COLUMNS = 1_017

_Batch = list[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledTable:
    """A profile, and for each column its distinct values, or a sample of them, for looking up references."""

    profile: Profile
    samples: Mapping[str, Sequence[str]]


def profile_table(
    source: RecordSource, *, file: str, has_types: bool = False, bounds: MemoryBudget | None = None
) -> ProfiledTable:
    """Profile a table to its end. Raises FileRefused if it can't be read or has too many columns.

    `has_types` says that its format has typed numbers and dates, which are always in the default notation.
    """
    names = column_names(source.header)
    table = _TableProfiler(names, bounds or MemoryBudget.for_width(len(names)), has_types=has_types)
    for batch in table.accepted(source):
        table.add(batch)
    return table.result(file)


def column_names(header: Sequence[str]) -> list[str]:
    """Return the names without surrounding blanks; missing and repeated names are made unique by position."""
    if len(header) > _MAX_COLUMNS:
        raise FileRefused(
            "too-many-labels",
            f"the header has {len(header)} names; expected at most {_MAX_COLUMNS}, the limit of MySQL for a table",
        )
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = encodable(cell.strip())
        names.append(name if name and name not in names else name + positional_name(position))
    return names


def positional_name(position: int) -> str:
    """Return the name of an unnamed column, counted from 1."""
    return f"(column {position})"


class _TableProfiler:
    def __init__(self, names: Sequence[str], bounds: MemoryBudget, *, has_types: bool) -> None:
        self._names = names
        self._bounds = bounds
        self._rows = 0
        self._last: Record = (0, [])
        self._rejected = 0
        self._rejected_rows: list[RejectedRow] = []
        self._columns = [ColumnProfiler(name, bounds, has_types=has_types) for name in names]
        self._keys = CandidateKeys(names, max_hashes=bounds.key_hashes)

    def accepted(self, source: RecordSource) -> Iterator[_Batch]:
        """Yield the accepted rows in batches, and count the others."""
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
        """Add a batch of rows."""
        self._rows += len(batch)
        self._last = batch[-1]
        lines = [line for line, _ in batch]
        columns = [ColumnBatch(values, lines) for values in zip(*(cells for _, cells in batch), strict=True)]
        for column, values in zip(self._columns, columns, strict=True):
            column.add(values)
        self._keys.add(columns)

    def result(self, file: str) -> ProfiledTable:
        """Return the profile of the rows added."""
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
    """Leave out keys with a column that has null markers."""
    with_null = {column.name for column in columns if column.null}
    return replace(keys, found=tuple(key for key in keys.found if with_null.isdisjoint(key)))


def _values(column: ColumnProfile, texts: Iterable[str]) -> list[str]:
    """Return the distinct values that are not null markers."""
    return [text for text in dict.fromkeys(texts) if text.strip() not in column.null]
