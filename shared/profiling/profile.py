"""What a profile says about a file and each of its columns, as plain data."""

from dataclasses import dataclass
from typing import Literal

from shared.model.datasets import TypeName
from shared.reading.line_account import LineAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """How many distinct values a column has, empty ones apart."""

    count: int
    #: How far off the count may be, as a share of it, in 19 of 20 files; None where it is exact.
    error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequent:
    """A value and how often it is there."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MostFrequent:
    """The most frequent values, most first."""

    values: tuple[Frequent, ...] = ()
    #: By how much each count may be too low; 0 where all are exact.
    undercount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """How many values lie from one edge to another.

    Whole numbers, dates and moments may lie on both; of decimals, the higher edge is the next bin's.
    """

    low: str
    high: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How the values of a column are spread, or of a text the lengths of its values."""

    of: Literal["values", "lengths"]
    bins: tuple[Bin, ...]
    #: How many values were counted: all, or a sample of them.
    counted: int
    is_sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The value below or at which this share of the values lies."""

    share: float
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something suspicious about a column."""

    code: str
    message: str
    #: The first lines on which it was seen; none where it is about the column as a whole.
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What is in one column. Ranges and lengths are None where the column is empty or has no such thing."""

    #: As the header has it, without blanks around it.
    name: str
    #: A type that takes every value of the column.
    type: TypeName
    #: Texts of the file that are no values of this type, and stand for none: they count as empty.
    null: tuple[str, ...] = ()
    #: How numbers, dates and timestamps are written, as inflow.toml says it.
    decimal_char: str = "."
    group_char: str = ""
    format: str | None = None
    #: decimal only: the most digits before the point, and the most and the fewest that are written behind it.
    whole_digits: int = 0
    scale: int = 0
    least_scale: int = 0
    #: Whether every value is a list or an object of JSON.
    is_nested: bool = False
    values: int
    empty: int
    #: Values that not even a text column can store.
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
    """Columns that are never empty and, together, never the same twice. No key holds another one."""

    found: tuple[tuple[str, ...], ...] = ()
    #: Unique as far as they could be followed; only so many rows were.
    unknown: tuple[tuple[str, ...], ...] = ()
    rows_followed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleReference:
    """A column whose values look like the key of a dataset."""

    column: str
    dataset: str
    key: str
    #: How many distinct values were looked up; 0 where there was no database, and names and types had to do.
    looked_up: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was left out of the profile, as it would be left out of a table."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything about one file."""

    file: str
    #: Format and dialect, in words.
    read_as: str = ""
    #: What is missing of the file's end.
    truncation: str | None = None
    #: Why a load would refuse it: it may be meant otherwise.
    doubt: str | None = None
    #: Those that were profiled; the rejected ones are apart.
    rows: int
    rejected: int
    #: The first of them.
    rejected_rows: tuple[RejectedRow, ...]
    columns: tuple[ColumnProfile, ...]
    keys: Keys
    #: What became of each line.
    account: LineAccount | None = None
    references: tuple[PossibleReference, ...] = ()
