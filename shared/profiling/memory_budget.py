"""How much a profile may hold in memory, shared out among the columns of a file."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBudget:
    """Up to these sizes everything counted is exact; beyond them it is estimated, or said to be unknown."""

    #: Rows that are looked at together, and the bytes of them; a batch ends with whichever comes first.
    batch_rows: int = 10_000
    batch_bytes: int = 4 << 20
    #: Hashes from which the distinct values of one column are estimated.
    distinct_hashes: int = 16_384
    #: Values of one column that are counted one by one.
    counted_values: int = 1_000
    #: Values of one column from which its histogram and quantiles are made.
    sampled_values: int = 10_000
    #: Hashes of all candidate keys together, 8 bytes each.
    key_hashes: int = 12_000_000

    @classmethod
    def for_width(cls, columns: int) -> Self:
        """Return the bounds for a file with so many columns: many columns get a smaller part each."""
        whole = cls()
        return cls(
            distinct_hashes=_share(whole.distinct_hashes, columns, least=256),
            counted_values=_share(whole.counted_values, columns, least=64),
            sampled_values=_share(whole.sampled_values, columns, least=256),
        )


#: Up to so many columns each has the whole of what one may have.
_ORDINARY_COLUMNS = 24


def _share(size: int, columns: int, *, least: int) -> int:
    return max(least, min(size, size * _ORDINARY_COLUMNS // max(1, columns)))
