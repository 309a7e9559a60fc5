"""The profile of a file and its columns, as plain data."""

from dataclasses import dataclass
from typing import Literal

from shared.model.datasets import TypeName
from shared.reading.line_account import LineAccount

#: Maximum number of columns in a candidate key.
MAX_COMBINED_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """The number of distinct values of a column, not counting empty ones."""

    count: int
    #: Relative error of the count that 19 of 20 files stay within; None if the count is exact.
    error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequent:
    """A value and its number of occurrences."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MostFrequent:
    """The most frequent values, in descending order."""

    values: tuple[Frequent, ...] = ()
    #: Amount by which each count may be too low; 0 if all are exact.
    undercount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The number of values between two edges.

    Both edges belong to the bin, except for decimals, whose high edge belongs to the next bin.
    """

    low: str
    high: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """The distribution of a column's values, or for text, of their lengths."""

    of: Literal["values", "lengths"]
    bins: tuple[Bin, ...]
    #: Number of values counted: all, or a sample.
    counted: int
    is_sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The value that this share of the values does not exceed."""

    share: float
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A suspicious fact about a column."""

    code: str
    message: str
    #: The first lines on which it occurs; empty if it is about the column as a whole.
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """The profile of one column. Ranges and lengths are None if the column is empty or they don't apply."""

    #: The name in the header, without surrounding blanks.
    name: str
    #: A type that accepts every value of the column.
    type: TypeName
    #: Null markers found in the column; they count as empty.
    null: tuple[str, ...] = ()
    #: The notation of numbers, dates and timestamps, in the settings of inflow.toml.
    decimal_char: str = "."
    group_char: str = ""
    format: str | None = None
    #: decimal only: the maximum of digits before the point, and the maximum and minimum of digits after it.
    whole_digits: int = 0
    scale: int = 0
    least_scale: int = 0
    #: Whether every value is a list or an object of JSON.
    is_nested: bool = False
    values: int
    empty: int
    #: Number of values that even a text column can't store.
    unstorable: int = 0
    distinct: Distinct
    least: str | None = None
    greatest: str | None = None
    #: In characters.
    shortest: int | None = None
    longest: int | None = None
    quantiles: tuple[Quantile, ...] = ()
    most_frequent: MostFrequent
    histogram: Histogram | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Candidate keys: columns that are never empty and whose combination is unique. No key contains another one."""

    found: tuple[tuple[str, ...], ...] = ()
    #: Keys that were unique in the first `rows_followed` rows, beyond which they were not tracked.
    unknown: tuple[tuple[str, ...], ...] = ()
    rows_followed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleReference:
    """A column whose values look like the key of a dataset."""

    column: str
    dataset: str
    key: str
    #: Number of distinct values looked up; 0 if there was no database, so that only names and types were compared.
    looked_up: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that is left out of the profile because a load would reject it."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The profile of one file."""

    file: str
    #: Format and dialect, in words.
    read_as: str = ""
    #: A message if the file is truncated.
    truncation: str | None = None
    #: Why a load would refuse the file: its format is ambiguous.
    doubt: str | None = None
    #: Number of rows profiled, not counting rejected ones.
    rows: int
    rejected: int
    #: The first rejected rows.
    rejected_rows: tuple[RejectedRow, ...]
    columns: tuple[ColumnProfile, ...]
    keys: Keys
    #: The account of the file's lines.
    account: LineAccount | None = None
    references: tuple[PossibleReference, ...] = ()
