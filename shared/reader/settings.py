"""What is fixed, by inflow.toml or by options, of how a file is read."""

from dataclasses import dataclass
from typing import Literal, get_args

FormatName = Literal["csv", "json", "ndjson", "xlsx", "parquet"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """None: it is found out from the file. Of the texts, an empty one means that there is no such character."""

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


NOTHING_FIXED = ReadSettings()
