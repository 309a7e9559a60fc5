"""Instruments the product's functions with crash points from outside; the product contains no code for them."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any

from verification.crash.calls import Call
from verification.crash.points import Point

Reached = Callable[[Point, Call], None]


def put_in(point: Point, reached: Reached) -> None:
    """Wrap the function of a point; raises AttributeError if it no longer exists."""
    module, _, path = point.target.partition(":")
    *outer, name = path.split(".")
    owner: Any = functools.reduce(getattr, outer, import_module(module))
    function = getattr(owner, name)
    setattr(owner, name, functools.wraps(function)(_WRAPPERS[point.moment](function, point, reached)))


def _call(function: Callable[..., Any], arguments: Any, named: Any, result: Any = None) -> Call:
    return Call(inspect.signature(function).bind(*arguments, **named).arguments, result)


def _before(function: Callable[..., Any], point: Point, reached: Reached) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **named: Any) -> Any:
        call = _call(function, arguments, named)
        if point.when(call):
            reached(point, call)
        return function(*arguments, **named)

    return wrapper


def _after(function: Callable[..., Any], point: Point, reached: Reached) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        call = _call(function, arguments, named, result)
        if point.when(call):
            reached(point, call)
        return result

    return wrapper


def _entered(function: Callable[..., Any], point: Point, reached: Reached) -> Callable[..., Any]:
    @contextmanager
    def around(block: AbstractContextManager[Any], call: Call) -> Iterator[Any]:
        with block as entered:
            if point.when(call):
                reached(point, call)
            yield entered

    def wrapper(*arguments: Any, **named: Any) -> Any:
        return around(function(*arguments, **named), _call(function, arguments, named))

    return wrapper


_WRAPPERS = {"before": _before, "after": _after, "entered": _entered}
