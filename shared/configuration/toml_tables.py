"""TOML tables whose settings are read by type, with those that are wrong reported."""

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import TypeVar

from shared.configuration.toml_lines import TomlLines, TomlPath
from shared.configuration.toml_problems import TomlProblems, any_of, hint, quoted, shown
from shared.model.errors import ConfigurationError

_T = TypeVar("_T")

_SYNTAX_ERROR = re.compile(r"(?P<message>.*) \(at line (?P<line>\d+), (?P<column>column \d+)\)", re.DOTALL)


class TomlTable:
    """A table of a TOML text: reads its settings and reports those that are wrong.

    A table that is missing or not a table is replaced by an empty one, which reports no further problems.
    """

    def __init__(self, values: Mapping[str, object] | None, *, path: TomlPath, problems: TomlProblems) -> None:
        self._values = values or {}
        self._path = path
        self._problems = problems
        self._is_there = values is not None
        #: Whether no problem was found in this table itself.
        self.is_sound = self._is_there

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def problem(self, message: str, *at: str | int) -> None:
        """Report a problem, on the line of the setting or list item that `at` points to."""
        self.is_sound = False
        if self._is_there:
            self._problems.add(self._path, at, message)

    def raise_problems(self) -> None:
        """Raise ConfigurationError with all problems of the whole text, if there are any."""
        self._problems.raise_any()

    def check_known(self, known: Collection[str]) -> None:
        """Report each unknown setting."""
        for name in self._values:
            if name not in known:
                self.problem(f"unknown setting {quoted(name)}; {hint(name, known)}", name)

    def value(self, name: str) -> object:
        """Return a setting, or None if it is missing."""
        return self._values.get(name)

    def optional(self, name: str, kind: type[_T], expected: str) -> _T | None:
        """Return a setting of a type, or None if it is missing; report one of another type."""
        value = self._values.get(name)
        # Not isinstance, for which true is an integer.
        if type(value) is kind:
            return value
        if value is not None:
            self.problem(f"{name} is {shown(value)}; expected {expected}", name)
        return None

    def required(self, name: str, kind: type[_T], expected: str) -> _T | None:
        """Return a setting of a type; report it if it is missing or of another type."""
        if name not in self:
            self.problem(f"{name} is missing; expected {expected}")
        return self.optional(name, kind, expected)

    def choice(self, name: str, choices: Collection[_T]) -> _T | None:
        """Return the choice named by a required text."""
        expected = any_of(choices)
        value = self.required(name, str, expected)
        for choice in choices:
            if choice == value:
                return choice
        if value is not None:
            self.problem(f"{name} is {quoted(value)}; expected {expected}", name)
        return None

    def integer(self, name: str, *, minimum: int, maximum: int) -> int | None:
        """Return an integer within the bounds, or None if it is missing."""
        expected = f"an integer from {minimum} to {maximum}"
        value = self.optional(name, int, expected)
        if value is not None and not minimum <= value <= maximum:
            self.problem(f"{name} is {value}; expected {expected}", name)
            return None
        return value

    def texts(self, name: str, expected: str) -> tuple[str, ...]:
        """Return a required list of non-empty texts; an empty tuple if any of them is wrong."""
        items: list[object] | None = self.required(name, list, expected)
        if items == []:
            self.problem(f"{name} is an empty list; expected {expected}", name)
        texts = tuple(item for item in items or () if isinstance(item, str) and item)
        for number, item in enumerate(items or ()):
            if item not in texts:
                self.problem(f"{name} contains {shown(item)}; expected {expected}", name, number)
        return texts if len(texts) == len(items or ()) else ()

    def tables(self, name: str, example: str, *, required: bool = False) -> dict[str, "TomlTable"]:
        """Return the entries of the table of that name, which are tables themselves."""
        expected = f"entries such as {example}"
        read = self.required if required else self.optional
        values: dict[str, object] | None = read(name, dict, expected)
        if required and values == {}:
            self.problem(f"{name} is empty; expected {expected}", name)
        entries = self._inner(values, name)
        return {key: entries.table(key, example) for key in values or ()}

    def table(self, name: str, example: str) -> "TomlTable":
        """Return the table of that name."""
        return self._inner(self.optional(name, dict, f"a table, such as {example}"), name)

    def items(self, name: str) -> list["TomlTable"]:
        """Return the tables in the array of tables of that name."""
        expected = f"tables that begin with [[{name}]]"
        items = self.optional(name, list, expected) or []
        for number, item in enumerate(items):
            if not isinstance(item, dict):
                self.problem(f"{name} contains {shown(item)}; expected {expected}", name, number)
        return [self._inner(item, name, number) for number, item in enumerate(items) if isinstance(item, dict)]

    def _inner(self, values: Mapping[str, object] | None, *at: str | int) -> "TomlTable":
        return TomlTable(values, path=(*self._path, *at), problems=self._problems)


def read_toml(text: str, *, source: str) -> TomlTable:
    """Return the root table of a text; raises ConfigurationError if it is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax_problem(text, str(error), source)) from error
    return TomlTable(values, path=(), problems=TomlProblems(TomlLines(text), source=source))


def _syntax_problem(text: str, message: str, source: str) -> str:
    found = _SYNTAX_ERROR.fullmatch(message)
    if found is None:  # the message says "at end of document" instead of a line
        last_line = text.count("\n") + 1
        return f"{source}:{last_line}: not TOML: {message}"
    return f"{source}:{found['line']}: not TOML: {found['message']} ({found['column']})"
