"""The fields of decoded JSON, checked: of the right type, and within bounds."""

from typing import Any

#: The largest number that a database's columns and orjson take.
MAX_INTEGER = 2**63 - 1


def integer_field(data: dict[str, Any], name: str) -> int:
    """Return a whole number that is not negative; ValueError otherwise."""
    value = data[name]
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise ValueError(f"{name}: expected a whole number from 0 to 2^63-1")
    return value


def text_field(data: dict[str, Any], name: str) -> str:
    """Return a text; TypeError otherwise."""
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a string")
    return value


def list_field(data: dict[str, Any], name: str) -> list[Any]:
    """Return a list, whatever is in it; TypeError otherwise."""
    value = data[name]
    if not isinstance(value, list):
        raise TypeError(f"{name}: expected a list")
    return value


def are_all(values: list[Any], kind: type) -> bool:
    """Whether all values are of exactly this type."""
    return set(map(type, values)) <= {kind}
