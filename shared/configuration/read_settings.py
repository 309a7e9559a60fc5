"""The `read` table of a dataset in inflow.toml: settings of how its files are read."""

from dataclasses import fields

from shared.configuration.toml_problems import quoted
from shared.configuration.toml_tables import TomlTable
from shared.model.datasets import FORMATS, ReadSettings
from shared.reading.encodings.text_encodings import ENCODING_EXPECTED, text_encoding

_EXAMPLE = 'read = { delimiter = ";", encoding = "cp1252" }'
_MAX_LINES = 1_000_000
#: What each text is, and whether it may be empty, meaning that there is no such character.
_TEXTS = {
    "delimiter": ("one or more characters, such as ;", False),
    "quote": ("a character, or an empty text if nothing is quoted", True),
    "escape": ("a character, or an empty text if quotes are escaped by doubling them", True),
    "comment": ("the text that begins a comment", True),
    "sheet": ("the name of a sheet", False),
}
_ONE_CHARACTER = ("quote", "escape")


def read_settings_of(dataset: TomlTable) -> ReadSettings:
    """Return the settings of a dataset's `read` table, with every problem reported."""
    table = dataset.table("read", _EXAMPLE)
    table.check_known([field.name for field in fields(ReadSettings)])
    delimiter, quote = _text(table, "delimiter"), _text(table, "quote")
    if delimiter and delimiter == quote:
        table.problem(f"delimiter and quote are both {quoted(delimiter)}; expected different characters", "quote")
    return ReadSettings(
        format=table.choice("format", FORMATS) if "format" in table else None,
        encoding=_encoding(table),
        delimiter=delimiter,
        quote=quote,
        escape=_text(table, "escape"),
        comment=_text(table, "comment"),
        skip_lines=_count(table, "skip_lines"),
        header_lines=_count(table, "header_lines"),
        footer_lines=_count(table, "footer_lines"),
        sheet=_text(table, "sheet"),
    )


def _count(table: TomlTable, name: str) -> int | None:
    return table.integer(name, minimum=0, maximum=_MAX_LINES)


def _encoding(table: TomlTable) -> str | None:
    name = table.optional("encoding", str, "the name of an encoding, such as utf-8 or cp1252")
    if name is None:
        return None
    encoding = text_encoding(name)
    if encoding is None:
        table.problem(f"encoding is {quoted(name)}; expected {ENCODING_EXPECTED}", "encoding")
    return encoding


def _text(table: TomlTable, name: str) -> str | None:
    expected, may_be_empty = _TEXTS[name]
    text = table.optional(name, str, expected)
    if text is None:
        return None
    if (not text and not may_be_empty) or (name in _ONE_CHARACTER and len(text) > 1) or {"\n", "\r"} & set(text):
        table.problem(f"{name} is {quoted(text)}; expected {expected}", name)
        return None
    return text
