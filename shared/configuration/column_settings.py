"""The columns of a dataset in inflow.toml: settings, names, and size in bytes."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import get_args

from shared.configuration.toml_problems import hint, quoted
from shared.configuration.toml_tables import TomlTable
from shared.model.datasets import Column, TypeName
from shared.model.notations import has_two_digit_year, is_moment_format

_TYPES: tuple[TypeName, ...] = get_args(TypeName)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXPECTED_NAME = "a lower-case letter, then at most 62 lower-case letters, digits and underscores"

#: The type that each setting belongs to, and its range. A longer text does not fit a VARCHAR in utf8mb4.
_NUMBERS = {"length": ("text", 1, 16383), "precision": ("decimal", 1, 65), "scale": ("decimal", 0, 30)}
#: The types that each separator belongs to.
_CHARACTERS: dict[str, tuple[TypeName, ...]] = {
    "decimal_char": ("decimal", "float"),
    "group_char": ("integer", "decimal", "float"),
}
_MOMENTS = ("format", "century_start")
#: Maximum size in bytes of a value in InnoDB, for types other than text.
_BYTES = {"integer": 8, "decimal": 30, "float": 8, "date": 3, "timestamp": 8, "boolean": 1}
BYTES_PER_CHARACTER = 4
#: The hundred years must end by 9999, the last year of a date.
_MAX_CENTURY_START = 9900


def read_column(name: str, table: TomlTable, *, in_key: bool) -> Column | None:
    """Return the column described by a table; None, with every problem reported, if it is wrong."""
    check_name(table, name)
    table.check_known(("type", *_NUMBERS, "required", "optional", "label", "null", *_CHARACTERS, *_MOMENTS))
    type_name = table.choice("type", _TYPES)
    numbers = {setting: _number(table, setting, type_name) for setting in _NUMBERS if setting in table}
    required, optional = _presence(table, in_key=in_key)
    label, null = _label(table), _null(table, in_key=in_key)
    signs, pattern = _characters(table, type_name), _format(table, type_name)
    numbers["century_start"] = _century_start(table, pattern)
    if type_name is None or not table.is_sound:
        return None
    given = {setting: number for setting, number in numbers.items() if number is not None}
    column = Column(
        name=name,
        type=type_name,
        required=required,
        optional=optional,
        label=label,
        null=null,
        decimal_char=signs.get("decimal_char", "."),
        group_char=signs.get("group_char", ""),
        format=pattern,
        **given,
    )
    return _with_fitting_scale(table, column)


def check_name(table: TomlTable, name: str) -> None:
    """Report a name that is not valid for a column, a dataset or a reference."""
    if not is_name(name):
        table.problem(f"invalid name; expected {_EXPECTED_NAME}")


def is_name(name: str) -> bool:
    """Whether a name is valid for a column, a dataset or a reference."""
    return _NAME.fullmatch(name) is not None


def declared(table: TomlTable, setting: str, names: tuple[str, ...], columns: Collection[str]) -> tuple[str, ...]:
    """Return the names if all are columns and none is repeated; otherwise report them and return an empty tuple."""
    faults = [*_faults(names, columns)] if columns else []
    for number, fault in faults:
        table.problem(f"{setting} names {quoted(names[number])}{fault}", setting, number)
    return names if columns and not faults else ()


def bytes_of(columns: Iterable[Column | None]) -> int:
    """Return the maximum size in bytes of these columns in a row; columns that are wrong count as 0."""
    return sum(_bytes(column) for column in columns if column)


def shape(column: Column) -> str:
    """Return a column's type with its limits: text(255), decimal(18, 4), date."""
    match column.type:
        case "text":
            return f"text({column.length})"
        case "decimal":
            return f"decimal({column.precision}, {column.scale})"
    return column.type


def _number(table: TomlTable, setting: str, type_name: TypeName | None) -> int | None:
    owner, minimum, maximum = _NUMBERS[setting]
    if type_name not in (owner, None):
        table.problem(_wrong_type(setting, type_name, owner), setting)
    return table.integer(setting, minimum=minimum, maximum=maximum)


def _wrong_type(setting: str, found: str | None, *owners: str) -> str:
    return f"{setting} is set for a column of type {found}; expected it only for type {' or '.join(owners)}"


def _presence(table: TomlTable, *, in_key: bool) -> tuple[bool, bool]:
    """Return whether a column is required, and whether it is optional."""
    required = table.optional("required", bool, "true or false") or False
    optional = table.optional("optional", bool, "true or false") or False
    if optional and in_key:
        table.problem("optional is true; expected false, because every file must have the key columns", "optional")
    elif optional and required:
        table.problem("optional and required are both true; expected at most one of them", "optional")
    return required or in_key, optional


def _label(table: TomlTable) -> str | None:
    label = table.optional("label", str, "the column's name in the headers of files")
    if label is not None and label != (label.strip() or None):
        table.problem(f"label is {quoted(label)}; expected a text without leading or trailing blanks", "label")
    return label


def _null(table: TomlTable, *, in_key: bool) -> tuple[str, ...]:
    """Return the texts that are read as NULL."""
    texts = table.texts("null", 'a list of texts to read as NULL, such as ["NA", "-"]') if "null" in table else ()
    if texts and in_key:
        table.problem("null is set for a key column; expected no null, because key columns must have a value", "null")
    for number, text in enumerate(texts):
        if text != text.strip():
            found = f"null contains {quoted(text)}"
            table.problem(f"{found}; expected a text without leading or trailing blanks", "null", number)
    return texts


def _characters(table: TomlTable, type_name: TypeName | None) -> dict[str, str]:
    """Return the separators in numbers that are set."""
    found: dict[str, str] = {}
    for setting, owners in _CHARACTERS.items():
        sign = table.optional(setting, str, "one character")
        if sign is None:
            continue
        if type_name not in (*owners, None):
            table.problem(_wrong_type(setting, type_name, *owners), setting)
        elif len(sign) != 1 or sign.isalnum() or sign in "+-":
            expected = "one character other than a letter, a digit, + or -"
            table.problem(f"{setting} is {quoted(sign)}; expected {expected}", setting)
        found[setting] = sign
    if type_name in ("decimal", "float") and found.get("group_char") == found.get("decimal_char", "."):
        table.problem("group_char is the same as decimal_char; expected a different character", "group_char")
    return found


def _format(table: TomlTable, type_name: TypeName | None) -> str | None:
    """Return the format of dates and timestamps, if it is set."""
    pattern = table.optional("format", str, "strptime codes, such as %d.%m.%Y")
    if pattern is None:
        return None
    if type_name not in ("date", "timestamp", None):
        table.problem(_wrong_type("format", type_name, "date", "timestamp"), "format")
    elif not is_moment_format(pattern, with_time=type_name == "timestamp"):
        parts = "year, month, day, hour and minute" if type_name == "timestamp" else "year, month and day"
        table.problem(f"format is {quoted(pattern)}; expected strptime codes for {parts}", "format")
    return pattern


def _century_start(table: TomlTable, pattern: str | None) -> int | None:
    """Return the first of the hundred years that two-digit years cover, if it is set."""
    year = table.integer("century_start", minimum=1, maximum=_MAX_CENTURY_START)
    if year is not None and not (table.is_sound and pattern is not None and has_two_digit_year(pattern)):
        table.problem("century_start is set; expected it only with a format with two-digit years, %y", "century_start")
    return year


def _with_fitting_scale(table: TomlTable, column: Column) -> Column | None:
    if column.type != "decimal" or column.scale <= column.precision:
        return column
    found = f"scale is {column.scale}{'' if 'scale' in table else ' by default'}"
    table.problem(f"{found}; expected at most the precision, {column.precision}", "scale")
    return None


def _faults(names: tuple[str, ...], columns: Collection[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name not in columns:
            yield number, f", which is not a column; {hint(name, columns)}"
        elif name in names[:number]:
            yield number, " twice; expected each column once"


def _bytes(column: Column) -> int:
    return column.length * BYTES_PER_CHARACTER if column.type == "text" else _BYTES[column.type]
