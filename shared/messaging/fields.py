"""Checks the fields of decoded JSON: type and range."""

from typing import Any

#: The largest integer that both the databases' columns and orjson accept.
MAX_INTEGER = 2**63 - 1


def integer_field(data: dict[str, Any], name: str) -> int:
    """Return a non-negative integer; raises ValueError for anything else."""
    value = data[name]
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise ValueError(f"{name}: expected a whole number from 0 to 2^63-1")
    return value


def text_field(data: dict[str, Any], name: str) -> str:
    """Return a string; raises TypeError for anything else."""
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a string")
    return value


def list_field(data: dict[str, Any], name: str) -> list[Any]:
    """Return a list, whatever its items are; raises TypeError for anything else."""
    value = data[name]
    if not isinstance(value, list):
        raise TypeError(f"{name}: expected a list")
    return value


def are_all(values: list[Any], kind: type) -> bool:
    """Whether all values have exactly this type."""
    return set(map(type, values)) <= {kind}
