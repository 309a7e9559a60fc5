"""Reads JSON: a list of objects, the list of objects in an object, or an object per line (NDJSON).

They are parsed by the module json, which keeps what faster parsers lose: numbers exactly as written, repeated names,
halves of surrogate pairs.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Literal

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES, Lines, Readable
from shared.reading.cell_text import checked, size_of
from shared.reading.json.objects import (
    NAME_CHARACTERS,
    JsonObject,
    elements_of_member,
    objects_of_lines,
    objects_of_list,
    unreadable,
)
from shared.reading.json.scanner import Scanner
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record

_BLOCK_BYTES = 256 * 1024
#: What may follow the bracket of a list; nothing if the file ends there.
_VALUES_BEGIN = (b"", b"{", b"]", b"[", b'"', b"-", *(b"%d" % digit for digit in range(10)))
#: The column names are those of the first objects, up to this number or this many bytes.
_HEADER_OBJECTS = 1000
_HEADER_BYTES = 1 << 20
#: About the maximum number of columns of a table; the object that exceeds it is the last one to add names.
_MAX_LATE_NAMES = 1000


class ObjectRecords:
    """Objects as a table. Its columns are given, or are the names in the first objects, in order of appearance."""

    def __init__(self, objects: Iterator[JsonObject], skipped: SkippedLines, names: Sequence[str] | None) -> None:
        self._skipped = skipped
        self._object_count = 0
        first = list(_first_of(objects))
        self._objects = chain(first, objects)
        found = (name for item in first if isinstance(item.cells, dict) for name in item.cells)
        self._names = dict.fromkeys(found if names is None else names)
        self._late_names: dict[str, None] = {}
        self._bytes_read = 0
        if not first:
            raise FileRefused("blank-header", "the file has no objects; expected a list of objects, one for each row")
        if not self._names:
            raise FileRefused("format-error", f"the file is not a list of objects; {_first_fault(first)}")
        if len(first) == 1 and _are_columns(first[0]):
            message = "the file is one object of columns; expected a list of objects, one for each row"
            raise FileRefused("format-error", message)

    @property
    def header(self) -> list[str]:
        """The given names, or those in the first thousand objects, or in the objects of the first megabyte."""
        return list(self._names)

    @property
    def names(self) -> list[str]:
        """The header, and the names that only later objects have, as far as they were read."""
        return [*self._names, *self._late_names]

    @property
    def bytes_read(self) -> int:
        """The size of the objects read so far."""
        return self._bytes_read

    @property
    def lines_read(self) -> int:
        """The number of objects, and of lines between them, read so far."""
        return self._object_count + sum(self._skipped.counts.values())

    @property
    def skipped(self) -> SkippedLines:
        """The blank lines between objects."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end; an object with a name that is not a column is an UnreadableRow."""
        for item in self._objects:
            record = item.cells if isinstance(item.cells, UnreadableRow) else self._record(item, item.cells)
            # A row of many empty values is short only in the file.
            cells_bytes = 0 if isinstance(record, UnreadableRow) else size_of(record[1])
            self._object_count += 1
            self._bytes_read += max(item.size_bytes, cells_bytes)
            yield record

    def _record(self, item: JsonObject, cells: dict[str, str]) -> Record | UnreadableRow:
        extra = next((name for name in cells if name not in self._names), None)
        if extra is None:
            return checked(item.line, [cells.get(name, "") for name in self._names])
        if len(self._late_names) < _MAX_LATE_NAMES:
            self._late_names |= {name: None for name in cells if name not in self._names}
        message = f"the row has a value for {extra[:NAME_CHARACTERS]!r}, a name that none of the first rows has"
        return unreadable(item.line, "extra-cell", message, item.raw)


def json_layout(start: bytes) -> Literal["json", "ndjson"] | None:
    """Return the layout of a UTF-8 text by its first megabyte, or by all of it; None if it is not JSON."""
    text = start.removeprefix(BOM_UTF8).lstrip()
    if text.startswith(b"["):
        # A section heading of a text may begin with a bracket, too.
        return "json" if text[1:].lstrip()[:1] in _VALUES_BEGIN else None
    if not text.startswith(b"{"):
        return None
    first, _, rest = text.partition(b"\n")
    if rest.strip():
        # The second line of an object in several lines does not begin with a brace, unless a list is open there.
        is_open = not first.rstrip().endswith(b"}") and _has_list_of_objects(text)
        return "ndjson" if rest.lstrip(b"\r\n").startswith(b"{") and not is_open else "json"
    return "json" if _has_list_of_objects(first) else "ndjson"


def _has_list_of_objects(text: bytes) -> bool:
    try:
        return next(elements_of_member(Scanner(BytesIO(text))), None) is not None
    except FileRefused:
        return False


class JsonRecords(ObjectRecords):
    """The objects of a list, or of the only list of objects in an object; a record's line is its number in the list.

    In addition to RecordSource, raises FileRefused if there is no such list or more than one (`format-error`).
    """

    def __init__(
        self,
        file: Readable,
        *,
        names: Sequence[str] | None = None,
        block_bytes: int = _BLOCK_BYTES,
        max_row_bytes: int = MAX_ROW_BYTES,
    ) -> None:
        scanner = Scanner(file, block_bytes=block_bytes, max_value_bytes=max_row_bytes)
        super().__init__(objects_of_list(scanner), SkippedLines(), names)


class NdjsonRecords(ObjectRecords):
    """An object per line; blank lines are skipped. A line that is not an object is an UnreadableRow.

    Raises FileRefused if the last line is incomplete (`truncated-file`).
    """

    def __init__(
        self,
        file: Readable,
        *,
        names: Sequence[str] | None = None,
        block_bytes: int = _BLOCK_BYTES,
        max_row_bytes: int = MAX_ROW_BYTES,
    ) -> None:
        skipped = SkippedLines()
        lines = Lines(file, block_bytes=block_bytes, max_row_bytes=max_row_bytes)
        super().__init__(objects_of_lines(lines, skipped), skipped, names)


def _first_of(objects: Iterator[JsonObject]) -> Iterator[JsonObject]:
    size_bytes = 0
    for number, item in enumerate(objects, start=1):
        yield item
        size_bytes += item.size_bytes
        if number >= _HEADER_OBJECTS or size_bytes >= _HEADER_BYTES:
            return


def _are_columns(item: JsonObject) -> bool:
    """Whether all values are lists, or all are objects, as pandas writes a table by default."""
    if isinstance(item.cells, UnreadableRow):
        return False
    kinds = {type(value) for value in json.loads(item.raw).values()}
    return kinds in ({list}, {dict})


def _first_fault(objects: list[JsonObject]) -> str:
    faults = (item.cells for item in objects if isinstance(item.cells, UnreadableRow))
    return next((f"at {fault.line}: {fault.message}" for fault in faults), "its objects are empty")
