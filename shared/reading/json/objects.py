"""The objects of a JSON text in order: those of a list, of the list in an object, or one per line."""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from shared.model.errors import FileRefused
from shared.model.reasons import Reason
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import Lines, RowTooLarge
from shared.reading.cell_text import EXCERPT_CHARACTERS
from shared.reading.encodings.undecoded import storable
from shared.reading.json.scanner import Scanner, ValueTooLarge
from shared.reading.json.values import BadObject, NotJson, parse_object
from shared.reading.line_account import SkippedLines

#: The number of characters of a name that are shown.
NAME_CHARACTERS = 80


class JsonObject(NamedTuple):
    """One object with its text: its names and values, or its fault."""

    line: int
    size_bytes: int
    raw: str
    cells: dict[str, str] | UnreadableRow


def objects_of_list(scanner: Scanner) -> Iterator[JsonObject]:
    """Yield the objects of a text that is a list, or an object with one list of objects.

    Raises FileRefused if it is neither (`format-error`) or incomplete (`truncated-file`).
    """
    first = scanner.peek()
    if first == b"[":
        scanner.take(b"[")
        yield from _elements(scanner)
    elif first:
        yield from elements_of_member(scanner)
    if scanner.peek():
        raise FileRefused("format-error", "there is text after the end of the JSON; expected none")


def _elements(scanner: Scanner) -> Iterator[JsonObject]:
    """Read the list that was entered to its end."""
    if scanner.peek() == b"]":
        scanner.take(b"]")
        return
    for number in count(1):
        yield _element(scanner, number)
        if scanner.take(b",]") == b"]":
            return


def elements_of_member(scanner: Scanner) -> Iterator[JsonObject]:
    """Yield the elements of the only list of objects in an object; its other members are not part of the table."""
    found = None
    for name in _members(scanner):
        if not _enters_list_of_objects(scanner):
            continue
        if found is not None:
            raise FileRefused("format-error", f"there are two lists of objects, {found} and {name}; expected one")
        found = name
        yield from _elements(scanner)
    if found is None:
        raise FileRefused("format-error", "the file is one object without a list of objects; expected a list in it")


def _members(scanner: Scanner) -> Iterator[str]:
    """Yield each name; the scanner is then before its value, and the caller must move it past the value."""
    symbol = scanner.take(b"{")
    while symbol != b"}" and (symbol == b"," or scanner.peek() != b"}"):
        name = _beginning_of_value(scanner)
        scanner.take(b":")
        yield name
        symbol = scanner.take(b",}")


def _beginning_of_value(scanner: Scanner) -> str:
    try:
        text = scanner.value()
    except ValueTooLarge as error:
        text = error.beginning
    return text[:NAME_CHARACTERS].decode("utf-8", "replace")


def _enters_list_of_objects(scanner: Scanner) -> bool:
    if scanner.peek() != b"[":
        scanner.skip_value()
        return False
    scanner.take(b"[")
    if scanner.peek() == b"{":
        return True
    scanner.leave_list()
    return False


def _element(scanner: Scanner, number: int) -> JsonObject:
    try:
        data = scanner.value()
    except ValueTooLarge as error:
        return _too_large(number, len(error.beginning), error.beginning.decode("utf-8", "replace"))
    return _object(number, len(data), data.decode("utf-8", "surrogateescape"))


def objects_of_lines(lines: Lines, skipped: SkippedLines) -> Iterator[JsonObject]:
    """Yield an object per non-blank line. Raises FileRefused if the last one is incomplete (`truncated-file`)."""
    line, is_at_end = 0, False
    while not is_at_end:
        try:
            for text in lines:
                line += 1
                size_bytes = _end_row(lines)
                if text.strip():
                    yield _object(line, size_bytes, text, may_break_off=not text.endswith(("\n", "\r")))
                else:
                    skipped.add(line, "blank")
            is_at_end = True
        except RowTooLarge:
            line += 1
            beginning = lines.row_text
            yield _too_large(line, _end_row(lines), beginning)


def _end_row(lines: Lines) -> int:
    before = lines.bytes_read
    lines.end_row()
    return lines.bytes_read - before


def _object(line: int, size_bytes: int, text: str, *, may_break_off: bool = False) -> JsonObject:
    try:
        return JsonObject(line, size_bytes, text, parse_object(text))
    except BadObject as error:
        if may_break_off and isinstance(error, NotJson):
            raise FileRefused("truncated-file", f"the last line, {line}, is incomplete; send the whole file") from None
        return JsonObject(line, size_bytes, text, unreadable(line, "source-error", str(error), text))


def _too_large(line: int, size_bytes: int, beginning: str) -> JsonObject:
    fault = unreadable(
        line, "row-too-large", f"the row is longer than {size_bytes} bytes", beginning[:EXCERPT_CHARACTERS]
    )
    return JsonObject(line, size_bytes, "", fault)


def unreadable(line: int, code: Reason, message: str, raw: str) -> UnreadableRow:
    """Reject one object, whatever characters its text has."""
    return UnreadableRow(line=line, code=code, message=message, raw=storable(raw))
