"""What inflow.toml declares: datasets and summaries, as plain data."""

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
    #: text only: the most characters a value may have.
    length: int = 255
    #: decimal only: digits in all, and digits after the point.
    precision: int = 18
    scale: int = 4
    #: An empty value is refused.
    required: bool = False
    #: The file may lack the column; every value is NULL then.
    optional: bool = False
    #: What the headers of files call it; None: as it is named here.
    label: str | None = None
    #: Texts that stand for no value, as an empty one does; blanks around them apart.
    null: tuple[str, ...] = ()
    #: decimal and float only: what stands before the digits of a fraction.
    decimal_char: str = "."
    #: integer, decimal and float only: what may stand between groups of three digits; empty: nothing.
    group_char: str = ""
    #: date and timestamp only: how they are written, in the codes of strptime; None: as ISO 8601 says.
    format: str | None = None
    #: Where the format writes two digits of a year: the first of the hundred years that they may mean.
    century_start: int = 1930

    @property
    def notation(self) -> dict[str, str]:
        """The settings, by their names, that say that values are written otherwise than by default."""
        written = {name: getattr(self, name) for name in _DEFAULT_NOTATION}
        return {name: sign for name, sign in written.items() if sign != _DEFAULT_NOTATION[name]}

    @property
    def expected_label(self) -> str:
        """What a file's header must call it."""
        return self.name if self.label is None else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Columns of a dataset that name a row of another one by its key, in the order of that key."""

    name: str
    columns: tuple[str, ...]
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectLimit:
    """How many rejected rows a file may have: so many, or such a share of its rows."""

    rows: int | None = None
    percent: Decimal | None = None

    def is_exceeded(self, rejected: int, row_count: int) -> bool:
        """Whether so many of a file's rows are too many."""
        if self.percent is not None:
            return rejected * 100 > self.percent * row_count
        return self.rows is not None and rejected > self.rows

    def __str__(self) -> str:
        return str(self.rows) if self.percent is None else f"{self.percent}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """What is fixed of how files are read; None: it is found out from the file.

    Of the texts, an empty one means that there is no such character.
    """

    format: FormatName | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    #: Lines before the header that are skipped.
    skip_lines: int | None = None
    #: 0 where the columns have no names.
    header_lines: int | None = None
    #: Records at the end that are none of the table's.
    footer_lines: int | None = None
    #: xlsx: the sheet's name.
    sheet: str | None = None

    def over(self, other: "ReadSettings") -> "ReadSettings":
        """Return what this one fixes, and what the other one fixes of the rest."""
        return replace(other, **{name: value for name, value in asdict(self).items() if value is not None})


NOTHING_FIXED = ReadSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One table, the files that feed it, and what identifies a row."""

    name: str
    #: Shell patterns that a file's name is matched with, case ignored.
    files: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    #: A file with more is refused whole; None: any number. How rows are read and typed does not depend on it.
    max_rejects: RejectLimit | None = field(default=None, repr=False)
    read: ReadSettings = NOTHING_FIXED
    #: Files are claimed only with this marker beside them; None: without one, too.
    wait_for: Marker | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all declared columns, in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def labels(self) -> tuple[str, ...]:
        """What files call the declared columns, in declared order."""
        return tuple(column.expected_label for column in self.columns)

    @property
    def expected_labels(self) -> tuple[str, ...]:
        """What files call the columns that every file has."""
        return tuple(column.expected_label for column in self.columns if not column.optional)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that are not part of the key."""
        return tuple(name for name in self.column_names if name not in self.key)

    def column(self, name: str) -> Column:
        """Return the declared column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def reference(self, name: str) -> Reference:
        """Return the reference of that name; KeyError if there is none."""
        for reference in self.references:
            if reference.name == name:
                return reference
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One output file: either a count of a dataset's rows by a column, or the rows of a query."""

    file: str
    format: SummaryFormat
    #: Dataset whose rows are counted; None for a query.
    count: str | None = None
    #: Names of the references to follow, then the column to group by: ("birthplace", "country").
    by: tuple[str, ...] = ()
    query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything inflow.toml declares. Datasets stand before those that refer to them."""

    datasets: Mapping[str, Dataset]
    summaries: tuple[Summary, ...]

    def is_referenced(self, name: str) -> bool:
        """Whether any dataset refers to this one, so that inferred members may appear in it."""
        return any(ref.dataset == name for dataset in self.datasets.values() for ref in dataset.references)
