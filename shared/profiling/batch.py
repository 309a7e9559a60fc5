"""A column of a batch of rows, with its distinct values counted."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b


class ColumnBatch:
    """The values of one column in consecutive rows; empty values are only counted."""

    def __init__(self, values: Sequence[str], lines: Sequence[int]) -> None:
        #: One value per row, empty ones included.
        self.all_values = values
        self.values = [value for value in values if value] if "" in values else values
        self.empty = len(values) - len(self.values)
        self.counts = Counter(self.values)
        #: The first line of each value: in reverse order, the first line is written last.
        self.first_lines = dict(zip(reversed(values), reversed(lines), strict=True))
        self.hashes = {value: stable_hash(value) for value in self.counts}

    def row_hashes(self) -> list[int]:
        """Return the hash of each row's value; the column must have no empty values."""
        return [self.hashes[value] for value in self.values]


def stable_hash(text: str) -> int:
    """Return a 64-bit hash that is the same in every process, unlike Python's hash of a text."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
