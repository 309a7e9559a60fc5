"""G8: the memory of a profile does not grow with the file."""

import tracemalloc
from collections.abc import Iterator

from shared.profiling.memory_budget import MemoryBudget
from shared.profiling.table import profile_table
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record

MIB = 1 << 20
#: So small that even the smaller table reaches all of them.
BOUNDS = MemoryBudget(
    batch_rows=500, batch_bytes=MIB, distinct_hashes=512, counted_values=100, sampled_values=500, key_hashes=2_000
)


class Endless:
    """Rows of distinct values, every tenth of them long, generated on demand."""

    def __init__(self, rows: int, *, long: int = 2_000) -> None:
        self._long = long
        self.header = ["id", "text", "long"]
        self.bytes_read = 0
        self.lines_read = 0
        self.skipped = SkippedLines()
        self._rows = rows

    def __iter__(self) -> Iterator[Record]:
        # All of the same length, or later rows would be larger.
        for number in range(100_000, 100_000 + self._rows):
            long = f"{number}" * self._long if number % 10 == 0 else str(number)
            self.bytes_read += len(long) + 40
            yield number, [str(number), f"value {number}", long]


def peak_bytes(table: Endless) -> int:
    tracemalloc.start()
    try:
        profile_table(table, file="endless.csv", bounds=BOUNDS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_g8_profiling_four_times_as_many_distinct_values_takes_no_more_memory() -> None:
    small, large = peak_bytes(Endless(5_000)), peak_bytes(Endless(20_000))

    assert large < 1.2 * small
    assert large < 16 * MIB


def test_g8_only_the_beginning_of_long_values_is_kept() -> None:
    assert peak_bytes(Endless(2_000, long=100_000)) < 16 * MIB


def test_g8_many_columns_share_the_memory_budget() -> None:
    wide, narrow = MemoryBudget.for_width(1_000), MemoryBudget.for_width(4)

    assert narrow == MemoryBudget()
    assert 1_000 * wide.distinct_hashes <= 30 * narrow.distinct_hashes
    assert 1_000 * wide.sampled_values <= 30 * narrow.sampled_values
