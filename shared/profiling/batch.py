"""One column's part of a batch of rows, looked at value by distinct value."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b


class ColumnBatch:
    """The values of one column in some consecutive rows; empty ones are only counted."""

    def __init__(self, values: Sequence[str], lines: Sequence[int]) -> None:
        #: Of every row, empty ones too.
        self.all_values = values
        self.values = [value for value in values if value] if "" in values else values
        self.empty = len(values) - len(self.values)
        self.counts = Counter(self.values)
        #: The first line of each value: what is written last stays.
        self.first_lines = dict(zip(reversed(values), reversed(lines), strict=True))
        self.hashes = {value: stable_hash(value) for value in self.counts}

    def row_hashes(self) -> list[int]:
        """Return the hash of each row's value, of a column that has no empty ones."""
        return [self.hashes[value] for value in self.values]


def stable_hash(text: str) -> int:
    """Return 64 bits that are the same in every process, unlike Python's own hash of a text."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
