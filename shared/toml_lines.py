"""TOML read and checked, each problem with its line; tomllib tells that for syntax errors only."""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple, TypeVar

from shared.errors import ConfigurationError

T = TypeVar("T")

#: Keys, and numbers of list items, from the top of the file: ("summaries", 0, "file").
TomlPath = tuple[str | int, ...]

_QUOTED_CHARACTERS = 60
#: How alike two words are when one is taken for a slip of the other; by difflib's 0.6, amount would be country.
_SIMILARITY = 0.75
#: Deeper tables are usually written inline, as entries of their parent.
_HEADER_DEPTH = 3
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SYNTAX_ERROR = re.compile(r"(?P<message>.*) \(at line (?P<line>\d+), (?P<column>column \d+)\)", re.DOTALL)


def read_toml(text: str, *, source: str) -> "TomlTable":
    """Return the top table of a text; ConfigurationError when it is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax_problem(text, str(error), source)) from error
    return TomlTable(values, path=(), problems=TomlProblems(TomlLines(text), source=source))


def quoted(text: str) -> str:
    """Return a text in quotes, on one line, shortened when it is long."""
    cut = text if len(text) <= _QUOTED_CHARACTERS else f"{text[:_QUOTED_CHARACTERS]}…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + '"'


def hint(word: str, known: Collection[str]) -> str:
    """Say which of the known words was meant, or which there are."""
    close = get_close_matches(word, known, n=1, cutoff=_SIMILARITY)
    return f"did you mean {quoted(close[0])}?" if close else f"expected {_any_of(known)}"


class TomlTable:
    """One table of a text: reads its settings and reports those that are wrong.

    In place of a table that is missing or something else stands an empty one, which reports nothing more.
    """

    def __init__(self, values: Mapping[str, object] | None, *, path: TomlPath, problems: "TomlProblems") -> None:
        self._values = values or {}
        self._path = path
        self._problems = problems
        self._is_there = values is not None
        #: Whether nothing wrong was found in this table itself.
        self.is_sound = self._is_there

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def problem(self, message: str, *at: str | int) -> None:
        """Report what is wrong, on the line of the setting or list item that `at` leads to."""
        self.is_sound = False
        if self._is_there:
            self._problems.add(self._path, at, message)

    def raise_problems(self) -> None:
        """Raise ConfigurationError with every problem of the whole text, if there are any."""
        self._problems.raise_any()

    def check_known(self, known: Collection[str]) -> None:
        """Report each setting that is none of the known ones."""
        for name in self._values:
            if name not in known:
                self.problem(f"unknown setting {quoted(name)}; {hint(name, known)}", name)

    def optional(self, name: str, kind: type[T], expected: str) -> T | None:
        """Return a setting of that type, None where there is none; report one of another type."""
        value = self._values.get(name)
        # By isinstance, true would be an integer.
        if type(value) is kind:
            return value
        if value is not None:
            self.problem(f"{name} is {_shown(value)}; expected {expected}", name)
        return None

    def required(self, name: str, kind: type[T], expected: str) -> T | None:
        """Return a setting of that type; report a missing one, or one of another type."""
        if name not in self:
            self.problem(f"{name} is missing; expected {expected}")
        return self.optional(name, kind, expected)

    def choice(self, name: str, choices: Collection[T]) -> T | None:
        """Return the choice that a required text names."""
        expected = _any_of(choices)
        value = self.required(name, str, expected)
        for choice in choices:
            if choice == value:
                return choice
        if value is not None:
            self.problem(f"{name} is {quoted(value)}; expected {expected}", name)
        return None

    def integer(self, name: str, *, minimum: int, maximum: int) -> int | None:
        """Return an integer between the two, None where there is none."""
        expected = f"an integer from {minimum} to {maximum}"
        value = self.optional(name, int, expected)
        if value is not None and not minimum <= value <= maximum:
            self.problem(f"{name} is {value}; expected {expected}", name)
            return None
        return value

    def texts(self, name: str, expected: str) -> tuple[str, ...]:
        """Return a required list of texts, none of them empty; nothing where any is wrong."""
        items: list[object] | None = self.required(name, list, expected)
        if items == []:
            self.problem(f"{name} is an empty list; expected {expected}", name)
        texts = tuple(item for item in items or () if isinstance(item, str) and item)
        if items is None or len(texts) == len(items):
            return texts
        for number, item in enumerate(items):
            if item not in texts:
                self.problem(f"{name} holds {_shown(item)}; expected {expected}", name, number)
        return ()

    def tables(self, name: str, example: str, *, required: bool = False) -> dict[str, "TomlTable"]:
        """Return the entries of the table of that name, each of which is a table."""
        expected = f"entries such as {example}"
        values: dict[str, object] | None = (self.required if required else self.optional)(name, dict, expected)
        if required and values == {}:
            self.problem(f"{name} is empty; expected {expected}", name)
        entries = self._inner(values or {}, name)
        return {key: entries.table(key, example) for key in values or {}}

    def table(self, name: str, example: str) -> "TomlTable":
        """Return the table of that name."""
        return self._inner(self.optional(name, dict, f"a table, such as {example}"), name)

    def items(self, name: str) -> list["TomlTable"]:
        """Return the tables of the array of tables of that name."""
        expected = f"tables that begin with [[{name}]]"
        items = self.optional(name, list, expected) or []
        for number, item in enumerate(items):
            if not isinstance(item, dict):
                self.problem(f"{name} holds {_shown(item)}; expected {expected}", name, number)
        return [self._inner(item, name, number) for number, item in enumerate(items) if isinstance(item, dict)]

    def _inner(self, values: Mapping[str, object] | None, *at: str | int) -> "TomlTable":
        return TomlTable(values, path=(*self._path, *at), problems=self._problems)


class TomlProblems:
    """Everything that is wrong with a text, one line each."""

    def __init__(self, lines: "TomlLines", *, source: str) -> None:
        self._lines = lines
        self._source = source
        self._found: list[tuple[int, str]] = []

    def add(self, table: TomlPath, at: TomlPath, message: str) -> None:
        """Note what is wrong in a table, on the line of what `at` leads to inside it."""
        line = self._lines.line_of((*table, *at))
        self._found.append((line, f"{self._source}:{line}: {_label(table)}{message}"))

    def raise_any(self) -> None:
        """Raise ConfigurationError with all problems in the order of their lines, if there are any."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise ConfigurationError("\n".join(text for _, text in in_order))


def _syntax_problem(text: str, message: str, source: str) -> str:
    found = _SYNTAX_ERROR.fullmatch(message)
    if found is None:  # it says "at end of document"
        return f"{source}:{text.count(chr(10)) + 1}: not TOML: {message}"
    return f"{source}:{found['line']}: not TOML: {found['message']} ({found['column']})"


def _label(table: TomlPath) -> str:
    """Name a table as its header does, and one that is an entry of another table by both."""
    names = [_shown_key(key) for key in table if isinstance(key, str)]
    if len(names) < len(table):
        return f"[[{'.'.join(names)}]] "
    if len(names) > _HEADER_DEPTH:
        return f"[{'.'.join(names[:-1])}] {names[-1]}: "
    return f"[{'.'.join(names)}] " if names else ""


def _shown_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def _shown(value: object) -> str:
    match value:
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list():
            return "a list"
    return str(value)


def _any_of(known: Collection[object]) -> str:
    return f"one of {', '.join(map(str, known))}" if known else "none, as there are none"


_TOKEN = re.compile(
    r'''
      (?P<ignored> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string> """(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*' )
    | (?P<mark> [][{}=,.] )
    | (?P<bare> [^][{}=,.\s\#"']+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


class TomlLines:
    """Finds lines in a text that tomllib accepts."""

    def __init__(self, text: str) -> None:
        self._lines: dict[TomlPath, int] = {(): 1}
        self._tables: Counter[TomlPath] = Counter()
        self._tokens = [*_tokens(text)]
        self._position = 0
        self._read_document()

    def line_of(self, path: TomlPath) -> int:
        """Return the line of what a path names, or of its nearest parent where nothing stands there."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _read_document(self) -> None:
        table: TomlPath = ()
        while self._next().kind != "end":
            if self._next().kind == "newline":
                self._take()
            elif self._next().text == "[":
                table = self._read_header()
            else:
                self._read_setting(table)

    def _read_header(self) -> TomlPath:
        line = self._take().line
        is_item = self._take_if("[")
        path = self._read_key((), line)
        if is_item:
            self._tables[path] += 1
            path = self._latest(path)
            self._lines[path] = line
        while self._take_if("]"):
            pass
        return path

    def _read_setting(self, table: TomlPath) -> None:
        path = self._read_key(table, self._next().line)
        self._take()  # the equals sign
        self._read_value(path)

    def _read_key(self, table: TomlPath, line: int) -> TomlPath:
        """Read a dotted key; what it names stands on that line, and so do parents not seen before."""
        path = table
        while True:
            path = (*self._latest(path), _key(self._take()))
            self._lines.setdefault(path, line)
            if not self._take_if("."):
                self._lines[path] = line
                return path

    def _latest(self, path: TomlPath) -> TomlPath:
        """Return the last table of an array of tables, or the path itself when it is no such array."""
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _read_value(self, path: TomlPath) -> None:
        if self._take_if("["):
            self._read_array(path)
        elif self._take_if("{"):
            self._read_inline_table(path)
        else:
            # A date or a float is several tokens.
            while self._next().kind in ("string", "bare") or self._next().text == ".":
                self._take()

    def _read_array(self, path: TomlPath) -> None:
        number = 0
        while not self._ends_with("]"):
            self._lines[*path, number] = self._next().line
            self._read_value((*path, number))
            number += 1

    def _read_inline_table(self, path: TomlPath) -> None:
        while not self._ends_with("}"):
            self._read_setting(path)

    def _ends_with(self, mark: str) -> bool:
        """Skip commas and line ends; take the closing mark if that is next."""
        while self._next().kind == "newline" or self._next().text == ",":
            self._take()
        return self._take_if(mark)

    def _next(self) -> "_Token":
        return self._tokens[self._position]

    def _take(self) -> "_Token":
        self._position += 1
        return self._tokens[self._position - 1]

    def _take_if(self, mark: str) -> bool:
        if self._next().text != mark:
            return False
        self._take()
        return True


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "ignored":
            yield _Token(str(match.lastgroup), match[0], line)
        line += match[0].count("\n")
    yield _Token("end", "", line)


def _key(token: _Token) -> str:
    """Return the key that a token spells, its quotes and escapes resolved."""
    if token.kind == "bare":
        return token.text
    return str(tomllib.loads(f"key = {token.text}")["key"])
