"""Datasets and summaries as inflow.toml declares them: plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Literal, get_args

TypeName = Literal["text", "integer", "decimal", "float", "date", "timestamp", "boolean"]
Marker = Literal["done", "sha256"]
SummaryFormat = Literal["json-object", "json-rows", "csv"]
FormatName = Literal["csv", "json", "ndjson", "xlsx", "parquet"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)


_DEFAULT_NOTATION = {"decimal_char": ".", "group_char": "", "format": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One declared column of a dataset."""

    name: str
    type: TypeName
    #: text only: the maximum number of characters.
    length: int = 255
    #: decimal only: total digits, and digits after the point.
    precision: int = 18
    scale: int = 4
    #: A row whose value is empty is rejected.
    required: bool = False
    #: The column may be missing from a file; its values are then NULL.
    optional: bool = False
    #: The column's name in the headers of files; None: the same as `name`.
    label: str | None = None
    #: Texts read as NULL, as an empty one is; blanks around them are ignored.
    null: tuple[str, ...] = ()
    #: decimal and float only: the decimal separator.
    decimal_char: str = "."
    #: integer, decimal and float only: the separator allowed between groups of three digits; empty: none.
    group_char: str = ""
    #: date and timestamp only: the format, in strptime codes; None: ISO 8601.
    format: str | None = None
    #: For a format with two-digit years: the first of the hundred years that they cover.
    century_start: int = 1930

    @property
    def notation(self) -> dict[str, str]:
        """The settings of how values are written that differ from the default, by name."""
        written = {name: getattr(self, name) for name in _DEFAULT_NOTATION}
        return {name: sign for name, sign in written.items() if sign != _DEFAULT_NOTATION[name]}

    @property
    def expected_label(self) -> str:
        """The column's name in the header of a file."""
        return self.name if self.label is None else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Columns of a dataset that hold the key of a row in another dataset, in the order of that key."""

    name: str
    columns: tuple[str, ...]
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectLimit:
    """The maximum of rejected rows in a file: a number of rows, or a percentage of them."""

    rows: int | None = None
    percent: Decimal | None = None

    def is_exceeded(self, rejected: int, row_count: int) -> bool:
        """Whether `rejected` of a file's `row_count` rows are too many."""
        if self.percent is not None:
            return rejected * 100 > self.percent * row_count
        return self.rows is not None and rejected > self.rows

    def __str__(self) -> str:
        return str(self.rows) if self.percent is None else f"{self.percent}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """Fixed settings of how files are read; None: detected from the file.

    An empty text means that the files have no such character.
    """

    format: FormatName | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    #: Lines before the header that are skipped.
    skip_lines: int | None = None
    #: 0: the file has no header.
    header_lines: int | None = None
    #: Records at the end of the file that are not part of the table.
    footer_lines: int | None = None
    #: xlsx: the sheet's name.
    sheet: str | None = None

    def over(self, other: "ReadSettings") -> "ReadSettings":
        """Return these settings, with the other's in place of those that are None here."""
        return replace(other, **{name: value for name, value in asdict(self).items() if value is not None})


NOTHING_FIXED = ReadSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A table, the files loaded into it, and the key that identifies a row."""

    name: str
    #: Shell patterns that match the names of its files, ignoring case.
    files: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    #: A file with more rejected rows is refused as a whole; None: no limit. It does not affect how rows are typed.
    max_rejects: RejectLimit | None = field(default=None, repr=False)
    read: ReadSettings = NOTHING_FIXED
    #: The marker file required before a file is claimed; None: no marker is needed.
    wait_for: Marker | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in the declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of all columns in the headers of files, in the declared order."""
        return tuple(column.expected_label for column in self.columns)

    @property
    def expected_labels(self) -> tuple[str, ...]:
        """Names, in the headers of files, of the columns that every file must have."""
        return tuple(column.expected_label for column in self.columns if not column.optional)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that are not part of the key."""
        return tuple(name for name in self.column_names if name not in self.key)

    def column(self, name: str) -> Column:
        """Return the column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def reference(self, name: str) -> Reference:
        """Return the reference of that name; raises KeyError."""
        for reference in self.references:
            if reference.name == name:
                return reference
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An output file: either the row counts of a dataset by a column, or the rows of a query."""

    file: str
    format: SummaryFormat
    #: The dataset whose rows are counted; None for a query.
    count: str | None = None
    #: Names of the references to follow, then the column to group by: ("birthplace", "country").
    by: tuple[str, ...] = ()
    query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything declared in inflow.toml. A dataset comes before those that refer to it."""

    datasets: Mapping[str, Dataset]
    summaries: tuple[Summary, ...]

    def is_referenced(self, name: str) -> bool:
        """Whether any dataset refers to this one, so that inferred members may appear in it."""
        return any(ref.dataset == name for dataset in self.datasets.values() for ref in dataset.references)
