"""Reads and checks environment variables; all problems are reported at once, without secrets."""

import json
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

from shared.model.errors import ConfigurationError

T = TypeVar("T", bound=str)

_FILE = "_FILE"


class Environment:
    """Reads variables by name, and collects the problems until `finish`.

    An empty variable counts as unset. NAME_FILE names a file with the value of NAME, the usual way to pass secrets to
    containers; it does not work for variables that are paths.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        #: In the order found; a dictionary, so that a variable that is read twice is reported once.
        self._problems: dict[str, None] = {}

    def is_set(self, *names: str) -> bool:
        """Whether any of the variables has a value, given directly or in a file."""
        return any(self._variables.get(name) or self._variables.get(name + _FILE) for name in names)

    def first_set(self, *names: str) -> str:
        """Return the first of several equivalent names that is set, else the first."""
        return next((name for name in names if self.is_set(name)), names[0])

    def text(self, name: str, default: str) -> str:
        """Return a text. Its value is never part of a problem, so secrets may be read with this method."""
        value = self._value(name)
        return default if value is None else value

    def integer(self, name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
        """Return a whole number within the bounds."""
        value = self._value(name)
        if value is None:
            return default
        number = _integer(value)
        if number is None or number < minimum or (maximum is not None and number > maximum):
            bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
            self._report(name, value, f"a whole number {bounds}")
            return default
        return number

    def seconds(self, name: str, default: float) -> float:
        """Return a positive number of seconds."""
        value = self._value(name)
        if value is None:
            return default
        number = _float(value)
        if not 0 < number < math.inf:
            self._report(name, value, "a number of seconds above 0")
            return default
        return number

    def choice(self, name: str, choices: Collection[T], default: T) -> T:
        """Return one of the choices, ignoring case."""
        value = self._value(name)
        if value is None:
            return default
        for choice in choices:
            if choice.casefold() == value.casefold():
                return choice
        self._report(name, value, f"one of {', '.join(choices)}")
        return default

    def matching(self, name: str, pattern: re.Pattern[str], default: str, *, expected: str) -> str:
        """Return a text that matches a pattern; `expected` describes the pattern in words."""
        value = self._value(name)
        if value is None:
            return default
        if pattern.fullmatch(value) is None:
            self._report(name, value, expected)
            return default
        return value

    def path(self, name: str, default: Path) -> Path:
        """Return a path, which need not exist."""
        return self.optional_path(name) or default

    def optional_path(self, name: str) -> Path | None:
        """Return a path, or None if the variable is not set."""
        value = self._variables.get(name)
        return Path(value) if value else None

    def file(self, name: str) -> Path | None:
        """Return the path of a file, given by NAME or NAME_FILE."""
        value, file = self._variables.get(name), self._variables.get(name + _FILE)
        if value and file:
            self._problems[f"{name} and {name}{_FILE} are both set; expected one of them"] = None
        return Path(value or file or "") if value or file else None

    def problem(self, name: str, message: str) -> None:
        """Record a problem with a variable; the message must not contain a secret."""
        self._problems[f"{self._source(name)} {message}"] = None

    def raise_with(self, error: ConfigurationError) -> NoReturn:
        """Raise all problems together with those of another part of the configuration."""
        raise ConfigurationError("\n".join([*self._problems, str(error)])) from error

    def finish(self) -> None:
        """Raise ConfigurationError with all problems, one per line, if there are any."""
        if self._problems:
            raise ConfigurationError("\n".join(self._problems))

    def _value(self, name: str) -> str | None:
        value, file = self._variables.get(name), self._variables.get(name + _FILE)
        if value and file:
            self._problems[f"{name} and {name}{_FILE} are both set; expected one of them"] = None
        if value or not file:
            return value or None
        return self._content(name, Path(file))

    def _content(self, name: str, file: Path) -> str | None:
        try:
            content = file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.problem(name, f"names {_quoted(str(file))}, which can't be read: {reason}; expected a readable file")
            return None
        if not content:
            self.problem(name, f"names {_quoted(str(file))}, which is empty; expected a value in it")
        return content or None

    def _report(self, name: str, value: str, expected: str) -> None:
        # The wrong file may contain a secret, and so may a URL in the wrong variable.
        is_secret = not self._variables.get(name) or ("://" in value and "@" in value)
        found = "has another value (not shown)" if is_secret else f"is {_quoted(value)}"
        self.problem(name, f"{found}; expected {expected}")

    def _source(self, name: str) -> str:
        """Return the name of the variable that the value comes from."""
        return name if self._variables.get(name) or not self._variables.get(name + _FILE) else name + _FILE


def _quoted(value: str) -> str:
    return json.dumps(value)


def _integer(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def _float(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan
