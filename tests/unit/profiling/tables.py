"""Tables in memory for tests of profiles."""

from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from shared.model.unreadable_rows import UnreadableRow
from shared.profiling.memory_budget import MemoryBudget
from shared.profiling.profile import ColumnProfile, Profile
from shared.profiling.table import ProfiledTable, profile_table
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record

#: So small that a handful of rows reaches every limit.
TINY = MemoryBudget(
    batch_rows=7, batch_bytes=400, distinct_hashes=64, counted_values=8, sampled_values=16, key_hashes=200
)


class TableInMemory:
    """A source of the given rows, each of which counts as a hundred bytes."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str] | UnreadableRow]) -> None:
        self.header = list(header)
        self.bytes_read = 0
        self._rows = rows

    @property
    def lines_read(self) -> int:
        return 1 + len(self._rows)

    @property
    def skipped(self) -> SkippedLines:
        return SkippedLines()

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        for line, row in enumerate(self._rows, start=2):
            self.bytes_read += 100
            yield row if isinstance(row, UnreadableRow) else (line, list(row))


def profiled(
    header: Sequence[str],
    rows: Sequence[Sequence[str] | UnreadableRow],
    *,
    bounds: MemoryBudget | None = None,
    has_types: bool = False,
) -> ProfiledTable:
    """Profile a table as a file with this name."""
    return profile_table(TableInMemory(header, rows), file="things-2024.csv", bounds=bounds, has_types=has_types)


def profile_of(header: Sequence[str], rows: Sequence[Sequence[str]], *, has_types: bool = False) -> Profile:
    return profiled(header, rows, has_types=has_types).profile


def column_of(values: Sequence[str]) -> ColumnProfile:
    """Profile one column; each value, even an empty one, is a row."""
    [column, _] = profile_of(["x", "other"], [(value, "o") for value in values]).columns
    return column


def codes(column: ColumnProfile) -> list[str]:
    return [finding.code for finding in column.findings]


#: Texts that a database can store; only a few, so that some repeat.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
values = st.one_of(
    st.just(""),
    st.sampled_from(["a", "A", "N/A", " a", "007", "-", "true", "no", "1", "0"]),
    texts,
    st.integers(-(2**66), 2**66).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.dates().map(str),
    st.datetimes().map(str),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Generate a header of valid names and rows of its width; each column has values of one kind, or mixed ones."""
    kinds = st.sampled_from([
        values, texts, st.integers(-5, 300).map(str), st.dates().map(str), st.booleans().map(str),
        st.datetimes().map(str), st.decimals(-99, 99, places=2).map(str),
    ])  # fmt: skip
    columns = draw(st.lists(kinds, min_size=1, max_size=5))
    header = [f"c{number}" for number in range(len(columns))]
    # A row without values is rejected before it is profiled.
    rows = draw(st.lists(st.tuples(*columns).map(list).filter(lambda row: any(map(str.strip, row))), max_size=30))
    return header, rows
