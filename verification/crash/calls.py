"""One call of a product function at a crash point, and conditions on it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments by name, and after the call its result."""

    arguments: Mapping[str, Any]
    result: Any = None


Condition = Callable[[Call], bool]


def always(_call: Call) -> bool:
    """Every call counts."""
    return True


def gave_something(call: Call) -> bool:
    """Count calls that did something, by their result."""
    return bool(call.result)


def given(name: str) -> Condition:
    """Count calls that had something to do, by an argument."""
    return lambda call: bool(call.arguments[name])


def of_kind(kind: str) -> Condition:
    """Count publications of one kind of message."""
    return lambda call: call.arguments["message"].kind == kind


def routed_as(kind: str) -> Condition:
    """Count messages of one kind that are passed to the broker's client."""
    return lambda call: call.arguments["routing_key"] == kind


def into(folder: str, *, ending: str = "") -> Condition:
    """Count renames to a name with this ending in a folder of the data folder."""

    def goes_there(call: Call) -> bool:
        target = Path(call.arguments["dst"])
        return target.parent.name == folder and target.name.endswith(ending)

    return goes_there


def onto(name: str) -> Condition:
    """Count renames to one name."""
    return lambda call: Path(call.arguments["dst"]).name == name


def of_file(beginning: str) -> Condition:
    """Count calls on the descriptor of a file whose name has this beginning."""
    return lambda call: Path(f"/proc/self/fd/{call.arguments['fd']}").readlink().name.startswith(beginning)


def commits_within(function: str) -> Condition:
    """Count commits that the database driver sends for a transaction of a function of that name."""
    return lambda call: call.arguments["sql"] == "COMMIT" and is_called_by(function)


def within(function: str) -> Condition:
    """Count calls that a function of that name makes, directly or not."""
    return lambda _call: is_called_by(function)


def is_called_by(function: str) -> bool:
    """Whether a function of that name is on the stack of this thread."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


def send_to_the_end(call: Call) -> None:
    """Flush the buffer of the broker's client to the operating system."""
    connection = call.arguments["self"].connection
    while connection._get_write_buffer_size():
        connection.ioloop.poll()


def nothing(_call: Call) -> None:
    """Do nothing before the end."""
