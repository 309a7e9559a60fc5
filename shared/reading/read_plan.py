"""The plan for reading a file: it is detected once, and then serves to read the file any number of times."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

from shared.model.datasets import FormatName
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import Readable
from shared.reading.containers.compression import seekable
from shared.reading.containers.contents import Container, contents_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.csv_table import CsvTable
from shared.reading.detection.csv_format import CsvFormat
from shared.reading.detection.sheet_doubts import doubt_of_sheet
from shared.reading.encodings.text_encodings import MIN_ENCODING_CONFIDENCE, EncodingGuess
from shared.reading.encodings.transcoding import Utf8Of
from shared.reading.encodings.undecoded import is_decoded
from shared.reading.encodings.wide_encodings import is_wide
from shared.reading.joined_tables import JoinedTables
from shared.reading.json.records import JsonRecords, NdjsonRecords, ObjectRecords
from shared.reading.sources import Record, RecordSource

_MAX_SHOWN_CHARACTERS = 120
_WHERE = "… in the dataset's [read] table of inflow.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The plan for one content of a file."""

    format: FormatName
    #: Only for CSV.
    csv_format: CsvFormat | None = None
    #: What is missing at its end; None if it is complete, as far as that can be known.
    truncation: str | None = None
    #: Only for JSON.
    encoding: str = "utf-8"
    #: For a workbook: the sheet, the rows above its header, and column names, some of which the header has.
    sheet: str | None = None
    skip_lines: int | None = None
    expected: frozenset[str] = frozenset()
    #: For a workbook: the columns to be read; None: all.
    declared: frozenset[str] | None = None
    #: For a workbook: why the detected header may be wrong; None if there is no doubt.
    doubt: str | None = None
    #: For JSON: the column names, once all of it was read.
    names: list[str] | None = None

    @property
    def confidence(self) -> float:
        """From 0 to 1."""
        if self.csv_format is not None:
            return self.csv_format.confidence
        return 1.0 if self.doubt is None else 0.0

    def completed(self, table: RecordSource, first_records: Sequence[Record | UnreadableRow]) -> "Part":
        """Add what is known after the table was read to its end; `first_records` are its first ones."""
        if isinstance(table, ObjectRecords):
            return replace(self, names=table.names)
        # Declared names that were found leave no doubt.
        is_known = self.skip_lines is not None or not self.expected.isdisjoint(map(str.strip, table.header))
        if self.format != "xlsx" or is_known:
            return self
        return replace(self, doubt=doubt_of_sheet(table.header, first_records))

    def open(self, content: Readable) -> RecordSource:
        """Begin to read. Raises FileRefused if the header can't be read."""
        table = self._open(content)
        if not is_decoded(table.header):
            message = "the header has bytes that are not valid in the file's encoding; save the file as UTF-8"
            raise FileRefused("encoding-error", message)
        return table

    def _open(self, content: Readable) -> RecordSource:
        if self.csv_format is not None:
            return CsvTable(content, self.csv_format)
        if self.format in ("xlsx", "parquet"):
            return self._binary(content if isinstance(content, (io.BufferedReader, io.BytesIO)) else seekable(content))
        text = content if self.encoding == "utf-8" else Utf8Of(content, self.encoding)
        records = JsonRecords if self.format == "json" else NdjsonRecords
        return records(text, names=self.names)

    def _binary(self, file: IO[bytes]) -> RecordSource:
        # Here, not above: these libraries are slow to import, and most files are CSV.
        if self.format == "xlsx":
            from shared.reading.excel.records import ExcelRecords  # noqa: PLC0415

            return ExcelRecords(
                file,
                DecompressionLimit(),
                self.sheet,
                skip_lines=self.skip_lines,
                expected=self.expected,
                declared=self.declared,
            )
        from shared.reading.parquet.records import ParquetRecords  # noqa: PLC0415

        return ParquetRecords(file, DecompressionLimit())

    def __str__(self) -> str:
        return str(self.csv_format) if self.csv_format else self.format


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """The plan for a file."""

    container: Container | None
    parts: Sequence[Part]

    @property
    def is_plain(self) -> bool:
        """Whether it is RFC 4180 in UTF-8, not compressed, with a header line and nothing else."""
        csv_format = self.parts[0].csv_format
        return self.container is None and csv_format is not None and csv_format.is_plain

    @property
    def has_types(self) -> bool:
        """Whether the format itself distinguishes numbers and dates from text, however they are displayed."""
        return self.parts[0].format != "csv"

    @property
    def has_header(self) -> bool:
        """Whether the columns have names."""
        csv_format = self.parts[0].csv_format
        return csv_format is None or csv_format.layout.header_lines > 0

    @property
    def truncation(self) -> str | None:
        """What is missing at the end of a content."""
        return next((part.truncation for part in self.parts if part.truncation), None)

    @property
    def confidence(self) -> float:
        """From 0 to 1."""
        return min(part.confidence for part in self.parts)

    def open(self, file: IO[bytes]) -> RecordSource:
        """Begin to read. Raises FileRefused if a header can't be read, or contents have different columns."""
        tables = (
            part.open(content) for part, content in zip(self.parts, contents_of(file, self.container), strict=True)
        )
        first = next(tables)
        return first if len(self.parts) == 1 else JoinedTables(first, tables)

    def lines_of(self, file: IO[bytes]) -> Readable | None:
        """Return the decompressed bytes, in which the line numbers of the records apply; None if there are none."""
        csv_format = self.parts[0].csv_format
        if len(self.parts) > 1 or csv_format is None or is_wide(csv_format.dialect.encoding):
            return None
        return next(contents_of(file, self.container))

    def check(self) -> None:
        """Raise FileRefused if the plan is not reliable: the file is truncated or ambiguous."""
        if self.truncation is not None:
            raise FileRefused("truncated-file", f"{self.truncation}; expected a whole file: send it again")
        for part in self.parts:
            if part.csv_format is not None:
                _check_confidence(part.csv_format)
            if part.doubt is not None:
                raise FileRefused("dialect-error", f"{part.doubt} {_WHERE}")

    @property
    def refusal(self) -> str | None:
        """Why `check` refuses the file; None if it does not."""
        try:
            self.check()
        except FileRefused as error:
            return str(error)
        return None

    def __str__(self) -> str:
        files = f"{len(self.parts)} files, " if len(self.parts) > 1 else ""
        return f"{self.container}, {files}{self.parts[0]}" if self.container else str(self.parts[0])


def _check_confidence(csv_format: CsvFormat) -> None:
    if csv_format.encoding.confidence < MIN_ENCODING_CONFIDENCE:
        raise FileRefused("encoding-error", _encoding_message(csv_format.encoding))
    if csv_format.is_aligned:
        message = "its columns seem to be aligned by blanks; save it as CSV, or set delimiter ="
        raise FileRefused("dialect-error", f"{message} {_WHERE}")
    if csv_format.row_above_header is not None:
        message = f"line {csv_format.row_above_header}, above the header, is as wide as a row"
        raise FileRefused(
            "dialect-error", f"{message}; move it below the header, or skip it with skip_lines = {_WHERE}"
        )
    if csv_format.doubts:
        worst = min(csv_format.doubts, key=lambda doubt: doubt.confidence)
        raise FileRefused("dialect-error", f"{worst.message} {_WHERE}")


def _encoding_message(guess: EncodingGuess) -> str:
    """List the candidates, each with a line as it would be decoded."""
    names = [guess.encoding, *guess.others]
    lines = f": {', '.join(map(_reading, names, guess.readings))}" if guess.readings else f": {' or '.join(names)}"
    return f"the encoding is ambiguous{lines}; set encoding = {_WHERE}"


def _reading(encoding: str, line: str) -> str:
    return f"{encoding} reads {line[:_MAX_SHOWN_CHARACTERS]!r}"
