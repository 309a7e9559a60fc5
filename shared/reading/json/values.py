"""Parses one JSON object to names and texts. Numbers stay as written, and nothing is dropped silently."""

import json
from functools import partial

#: Deeper than any table needs, and far below the limit of the interpreter's stack.
_MAX_DEPTH = 100
_QUOTED_CHARACTERS = 80


class BadObject(ValueError):
    """A text that is not a JSON object, or an object that can't be a row."""


class NotJson(BadObject):
    """A text that is not JSON: perhaps it is incomplete."""


class _Number(str):
    """A number exactly as in the file: 1.10 stays 1.10, and a thousand digits are not converted."""

    __slots__ = ()


class _Pairs(list[tuple[str, object]]):
    """The members of an object."""


def parse_object(text: str) -> dict[str, str]:
    """Parse one object: null is empty, nested values are JSON text. Raises BadObject if it can't be a row."""
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"the row is not JSON: {error.msg} at its character {error.pos + 1}") from error
    except RecursionError as error:
        raise _too_deep() from error
    if not isinstance(value, _Pairs):
        raise BadObject('the row is not an object; expected names with values, as in {"city": "Derry"}')
    return {name: _text(member) for name, member in value}


def _pairs(members: list[tuple[str, object]]) -> _Pairs:
    if len({name for name, _ in members}) < len(members):
        names = [name for name, _ in members]
        repeated = next(name for name in names if names.count(name) > 1)
        raise BadObject(f"the row has {repeated[:_QUOTED_CHARACTERS]!r} more than once")
    return _Pairs(members)


def _refuse_constant(name: str) -> None:
    raise BadObject(f"the row has {name}, which JSON does not allow; write null or a string")


_decode = partial(
    json.loads, object_pairs_hook=_pairs, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else _json(value, _MAX_DEPTH)


def _json(value: object, levels: int) -> str:
    if not levels:
        raise _too_deep()
    match value:
        case _Number():
            return str(value)
        case _Pairs():
            return "{" + ",".join(f"{_json(name, levels)}:{_json(item, levels - 1)}" for name, item in value) + "}"
        case list():
            return "[" + ",".join(_json(item, levels - 1) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _too_deep() -> BadObject:
    return BadObject(f"the row is nested more than {_MAX_DEPTH} levels deep")
