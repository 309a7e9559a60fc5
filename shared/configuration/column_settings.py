"""How inflow.toml describes a column, how columns are named, and how many bytes they take."""

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

#: Which type each setting belongs to, and between which two numbers it lies. A longer text is no VARCHAR of utf8mb4.
_NUMBERS = {"length": ("text", 1, 16383), "precision": ("decimal", 1, 65), "scale": ("decimal", 0, 30)}
#: Which types each sign of numbers belongs to.
_CHARACTERS: dict[str, tuple[TypeName, ...]] = {
    "decimal_char": ("decimal", "float"),
    "group_char": ("integer", "decimal", "float"),
}
_MOMENTS = ("format", "century_start")
#: The most bytes a value takes in InnoDB, other than a text.
_BYTES = {"integer": 8, "decimal": 30, "float": 8, "date": 3, "timestamp": 8, "boolean": 1}
BYTES_PER_CHARACTER = 4
#: Its hundred years end with the last one that a date has.
_MAX_CENTURY_START = 9900


def read_column(name: str, table: TomlTable, *, in_key: bool) -> Column | None:
    """Return the column that a table describes; report what is wrong, and return None then."""
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
    """Report a name that is none for a column, a dataset or a reference."""
    if not is_name(name):
        table.problem(f"bad name; expected {_EXPECTED_NAME}")


def is_name(name: str) -> bool:
    """Whether a column, a dataset or a reference may be named so."""
    return _NAME.fullmatch(name) is not None


def declared(table: TomlTable, setting: str, names: tuple[str, ...], columns: Collection[str]) -> tuple[str, ...]:
    """Return the names if each is that of a column, and none is there twice; else nothing."""
    faults = [*_faults(names, columns)] if columns else []
    for number, fault in faults:
        table.problem(f"{setting} names {quoted(names[number])}{fault}", setting, number)
    return names if columns and not faults else ()


def bytes_of(columns: Iterable[Column | None]) -> int:
    """Return the most bytes that these columns of one row take; those that are wrong take none."""
    return sum(_bytes(column) for column in columns if column)


def shape(column: Column) -> str:
    """Return a column's type with what bounds it: text(255), decimal(18, 4), date."""
    match column.type:
        case "text":
            return f"text({column.length})"
        case "decimal":
            return f"decimal({column.precision}, {column.scale})"
    return column.type


def _number(table: TomlTable, setting: str, type_name: TypeName | None) -> int | None:
    owner, minimum, maximum = _NUMBERS[setting]
    if type_name not in (owner, None):
        table.problem(f"{setting} is for columns of type {owner}, not {type_name}", setting)
    return table.integer(setting, minimum=minimum, maximum=maximum)


def _presence(table: TomlTable, *, in_key: bool) -> tuple[bool, bool]:
    """Return whether a column is required, and whether it is optional."""
    required = table.optional("required", bool, "true or false") or False
    optional = table.optional("optional", bool, "true or false") or False
    if optional and in_key:
        table.problem("optional is true; expected false or nothing, as every file must have the key", "optional")
    elif optional and required:
        table.problem("optional and required are both true; a column that may be absent can't be required", "optional")
    return required or in_key, optional


def _label(table: TomlTable) -> str | None:
    label = table.optional("label", str, "what files call the column")
    if label is not None and label != (label.strip() or None):
        table.problem(f"label is {quoted(label)}; expected a text without blanks around it", "label")
    return label


def _null(table: TomlTable, *, in_key: bool) -> tuple[str, ...]:
    """Return the texts that stand for no value."""
    texts = table.texts("null", 'texts that stand for no value, such as ["NA", "-"]') if "null" in table else ()
    if texts and in_key:
        table.problem("null is for columns that may have no value; expected none in the key", "null")
    for number, text in enumerate(texts):
        if text != text.strip():
            table.problem(f"null holds {quoted(text)}; expected a text without blanks around it", "null", number)
    return texts


def _characters(table: TomlTable, type_name: TypeName | None) -> dict[str, str]:
    """Return the signs that numbers are written with, as far as they are given."""
    found: dict[str, str] = {}
    for setting, owners in _CHARACTERS.items():
        sign = table.optional(setting, str, "one character")
        if sign is None:
            continue
        if type_name not in (*owners, None):
            table.problem(f"{setting} is for columns of type {' or '.join(owners)}, not {type_name}", setting)
        elif len(sign) != 1 or sign.isalnum() or sign in "+-":
            table.problem(f"{setting} is {quoted(sign)}; expected one character, and no letter, digit or sign", setting)
        found[setting] = sign
    if type_name in ("decimal", "float") and found.get("group_char") == found.get("decimal_char", "."):
        table.problem("group_char is the decimal_char, too; expected another one", "group_char")
    return found


def _format(table: TomlTable, type_name: TypeName | None) -> str | None:
    """Return how dates and timestamps are written, if that is given."""
    pattern = table.optional("format", str, "codes of strptime, such as %d.%m.%Y")
    if pattern is None:
        return None
    if type_name not in ("date", "timestamp", None):
        table.problem(f"format is for columns of type date or timestamp, not {type_name}", "format")
    elif not is_moment_format(pattern, with_time=type_name == "timestamp"):
        parts = "year, month, day, hour and minute" if type_name == "timestamp" else "year, month and day"
        table.problem(f"format is {quoted(pattern)}; expected codes of strptime for {parts}", "format")
    return pattern


def _century_start(table: TomlTable, pattern: str | None) -> int | None:
    """Return the first year that two digits of a year mean, if that is given."""
    year = table.integer("century_start", minimum=1, maximum=_MAX_CENTURY_START)
    if year is not None and not (table.is_sound and pattern is not None and has_two_digit_year(pattern)):
        table.problem("century_start is for a format with two digits of a year, %y", "century_start")
    return year


def _with_fitting_scale(table: TomlTable, column: Column) -> Column | None:
    if column.type != "decimal" or column.scale <= column.precision:
        return column
    found = f"scale is {column.scale}{'' if 'scale' in table else ' by default'}"
    table.problem(f"{found}; expected at most the precision, which is {column.precision}", "scale")
    return None


def _faults(names: tuple[str, ...], columns: Collection[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name not in columns:
            yield number, f", which is no column; {hint(name, columns)}"
        elif name in names[:number]:
            yield number, " twice; expected each column once"


def _bytes(column: Column) -> int:
    return column.length * BYTES_PER_CHARACTER if column.type == "text" else _BYTES[column.type]
