"""The values of an Arrow column as text."""

import json
from decimal import Decimal

import pyarrow as pa
from pyarrow import types

from shared.reader.cell_text import text_of


def texts_of(column: pa.Array) -> list[str]:
    """Write each value: nothing for null, nested ones as JSON; bytes that are not UTF-8 come as lone surrogates.

    ArrowException where a value is none.
    """
    kind = column.type
    if types.is_dictionary(kind):
        # A damaged page may point behind the dictionary's end, or before its beginning.
        column.validate(full=True)
        texts = texts_of(column.dictionary)
        return ["" if index is None else texts[index] for index in column.indices.to_pylist()]
    if types.is_nested(kind):
        return ["" if value is None else _json(value) for value in column.to_pylist()]
    if _is_bytes(kind):
        return ["" if value is None else value.decode("utf-8", "surrogateescape") for value in _bytes(column)]
    return _texts_of_numbers_and_moments(column)


def _texts_of_numbers_and_moments(column: pa.Array) -> list[str]:
    kind = column.type
    if types.is_floating(kind):
        return [_plain_number(text) for text in _as_written(column.cast(_wider_than_half(kind)))]
    if types.is_timestamp(kind):
        return [_moment(text) for text in _as_written(column.cast(pa.timestamp(kind.unit, kind.tz and "UTC")))]
    if types.is_date(kind) or types.is_time(kind):
        return _as_written(column)
    return [text_of(value) for value in column.to_pylist()]


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_binary(kind) or types.is_fixed_size_binary(kind))


def _bytes(column: pa.Array) -> list[bytes | None]:
    """Nobody has checked that texts are UTF-8."""
    return list(column.cast(pa.binary()).to_pylist())


def _as_written(column: pa.Array) -> list[str]:
    """Let the library write the values: Python's types have neither its years nor its nanoseconds."""
    return [text or "" for text in column.cast(pa.string()).to_pylist()]


def _wider_than_half(kind: pa.DataType) -> pa.DataType:
    return pa.float32() if types.is_float16(kind) else kind


def _plain_number(text: str) -> str:
    if not text or text[-1] in "fn":
        return text
    return format(Decimal(text), "f").removesuffix(".0")


def _moment(text: str) -> str:
    text, zone = (text[:-1], "Z") if text.endswith("Z") else (text, "")
    seconds = text.rstrip("0").removesuffix(".") if "." in text else text
    return f"{seconds.replace(' ', 'T')}{zone}"


def _json(value: object) -> str:
    return json.dumps(value, default=_json_leaf, ensure_ascii=False)


def _json_leaf(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else text_of(value)
