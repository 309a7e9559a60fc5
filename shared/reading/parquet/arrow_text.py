"""Converts the values of an Arrow column to text."""

import json
import re
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import pyarrow as pa
from pyarrow import compute, types

from shared.reading.cell_text import text_of
from shared.reading.parquet.int96 import texts_of_moments

#: Bytes that do not occur in a binary column with text; such a text does not begin like our notation of other bytes.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\A\\x")


def texts_of(column: pa.Array, coarse: pa.Array | None = None) -> list[str]:
    """Convert each value: null is empty, nested values are JSON, bytes that are not text are \\x and hex digits.

    Bytes of a text that are not UTF-8 become lone surrogates. `coarse` is the same column with timestamps in
    milliseconds, if those in nanoseconds may have overflowed. Raises ArrowException or ValueError for invalid values.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _texts_of_extension(column, coarse)
    if types.is_dictionary(kind):
        texts = texts_of(column.dictionary)
        _check_indices(column.indices, len(texts))
        return ["" if index is None else texts[index] for index in column.indices.to_pylist()]
    if types.is_nested(kind):
        return ["" if value is None else _json(value) for value in _json_values(column, coarse)]
    if _is_text(kind) or _is_bytes(kind):
        write = _text_of_bytes if _is_bytes(kind) else _decoded
        return ["" if value is None else write(value) for value in _bytes(column)]
    return _texts_of_numbers_and_moments(column, coarse)


def _texts_of_numbers_and_moments(column: pa.Array, coarse: pa.Array | None) -> list[str]:
    kind = column.type
    if coarse is not None and types.is_timestamp(kind):
        return [_moment(text) for text in texts_of_moments(column, coarse)]
    if types.is_floating(kind):
        return [_plain_number(text) for text in _as_written(column.cast(_wider_than_half(kind)))]
    if types.is_timestamp(kind):
        return [_moment(text) for text in _as_written(column.cast(pa.timestamp(kind.unit, kind.tz and "UTC")))]
    if types.is_date(kind) or types.is_time(kind):
        return _as_written(column)
    return [text_of(value) for value in column.to_pylist()]


def _check_indices(indices: pa.Array, size: int) -> None:
    """Raise ArrowInvalid if an index of a damaged page is outside the dictionary."""
    bounds = compute.min_max(indices).as_py()
    if bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] < size:
        raise pa.ArrowInvalid("a value is not in its dictionary")


def _texts_of_extension(column: Any, coarse: pa.Array | None) -> list[str]:
    if column.type.extension_name == "arrow.uuid":
        return ["" if value is None else str(UUID(bytes=value)) for value in _bytes(column.storage)]
    return texts_of(column.storage, coarse)


def _json_values(column: Any, coarse: Any) -> list[object]:
    """Return each value for the module json: numbers unchanged, all other values that are not nested as text."""
    kind = column.type
    if types.is_dictionary(kind) and types.is_nested(kind.value_type):
        return _json_values(column.dictionary_decode(), coarse)
    if types.is_struct(kind):
        return _objects(column, coarse)
    if types.is_nested(kind):
        return _lists(column, coarse)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return list(column.to_pylist())
    texts = zip(column.is_valid().to_pylist(), texts_of(column, coarse), strict=True)
    return [text if is_valid else None for is_valid, text in texts]


def _objects(column: Any, coarse: Any) -> list[object]:
    names = [field.name for field in column.type]
    if len(set(names)) < len(names):
        raise ValueError(f"an object has two values of the same name, {names}")
    others = [None] * len(names) if coarse is None else coarse.flatten()
    values = [_json_values(part, other) for part, other in zip(column.flatten(), others, strict=True)]
    rows = zip(*values, strict=True) if values else ((),) * len(column)
    objects = zip(column.is_valid().to_pylist(), rows, strict=True)
    return [dict(zip(names, row, strict=True)) if is_valid else None for is_valid, row in objects]


def _lists(column: Any, coarse: Any) -> list[object]:
    if types.is_map(column.type):
        return _maps(column, coarse)
    items = iter(_json_values(column.flatten(), None if coarse is None else coarse.flatten()))
    lengths = compute.list_value_length(column).to_pylist()
    return [None if length is None else list(islice(items, length)) for length in lengths]


def _maps(column: Any, coarse: Any) -> list[object]:
    """Return a map as the list of its pairs: its keys need not be texts or unique."""
    maps = _lists(_as_lists(column), None if coarse is None else _as_lists(coarse))
    return [[list(pair.values()) for pair in pairs] if isinstance(pairs, list) else None for pairs in maps]


def _as_lists(column: Any) -> Any:
    kind = column.type
    return column.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    is_of_any_size = types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
    return bool(is_of_any_size or types.is_fixed_size_binary(kind))


def _bytes(column: pa.Array) -> list[bytes | None]:
    """Return texts as bytes: Arrow does not guarantee that they are UTF-8."""
    return list(column.cast(pa.large_binary()).to_pylist())


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _text_of_bytes(value: bytes) -> str:
    if _NO_TEXT.search(value) is None:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return rf"\x{value.hex()}"


def _as_written(column: pa.Array) -> list[str]:
    """Let the library format the values: Python's types lack its range of years and its nanoseconds."""
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
    return json.dumps(value, ensure_ascii=False)
