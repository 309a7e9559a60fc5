"""The memory budget of a profile, divided among the columns of a file."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBudget:
    """Sizes up to which counts are exact; beyond them they are estimated, or reported as unknown."""

    #: Maximum rows and bytes of a batch; it ends with whichever is reached first.
    batch_rows: int = 10_000
    batch_bytes: int = 4 << 20
    #: Hashes per column from which distinct values are estimated.
    distinct_hashes: int = 16_384
    #: Values per column that are counted individually.
    counted_values: int = 1_000
    #: Values per column from which histogram and quantiles are computed.
    sampled_values: int = 10_000
    #: Hashes of all candidate keys together, 8 bytes each.
    key_hashes: int = 12_000_000

    @classmethod
    def for_width(cls, columns: int) -> Self:
        """Return the budget of a file with this number of columns; with many columns, each gets a smaller part."""
        whole = cls()
        return cls(
            distinct_hashes=_share(whole.distinct_hashes, columns, least=256),
            counted_values=_share(whole.counted_values, columns, least=64),
            sampled_values=_share(whole.sampled_values, columns, least=256),
        )


#: Up to this number of columns, each gets the full sizes.
_FULL_BUDGET_COLUMNS = 24


def _share(size: int, columns: int, *, least: int) -> int:
    return max(least, min(size, size * _FULL_BUDGET_COLUMNS // max(1, columns)))
