"""Line numbers of the settings in a TOML text; tomllib reports them only for syntax errors."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

#: Keys and list positions from the top of the file: ("summaries", 0, "file").
TomlPath = tuple[str | int, ...]

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


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


class TomlLines:
    """Finds the lines of settings in a text that tomllib accepts."""

    def __init__(self, text: str) -> None:
        self._lines: dict[TomlPath, int] = {(): 1}
        #: Number of tables in each array of tables so far.
        self._array_sizes: Counter[TomlPath] = Counter()
        self._tokens = [*_tokens(text)]
        self._position = 0
        self._read_document()

    def line_of(self, path: TomlPath) -> int:
        """Return the line of a path, or of its nearest parent if the path does not exist."""
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
        self._take()  # the closing bracket
        return self._begin_item(path, line) if is_item else path

    def _begin_item(self, array: TomlPath, line: int) -> TomlPath:
        """Add a table to an array of tables, and return its path."""
        self._take()  # the second closing bracket
        self._array_sizes[array] += 1
        item = self._latest(array)
        self._lines[item] = line
        return item

    def _read_setting(self, table: TomlPath) -> None:
        path = self._read_key(table, self._next().line)
        self._take()  # the equals sign
        self._read_value(path)

    def _read_key(self, table: TomlPath, line: int) -> TomlPath:
        """Read a dotted key; record its line, also for parents that were not seen before."""
        path = table
        while True:
            path = (*self._latest(path), _key(self._take()))
            self._lines.setdefault(path, line)
            if not self._take_if("."):
                self._lines[path] = line
                return path

    def _latest(self, path: TomlPath) -> TomlPath:
        """Return the last table of an array of tables, or the path itself if it is not such an array."""
        return (*path, self._array_sizes[path] - 1) if path in self._array_sizes else path

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
        """Skip commas and line ends; take the closing mark if it is next."""
        while self._next().kind == "newline" or self._next().text == ",":
            self._take()
        return self._take_if(mark)

    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        self._position += 1
        return self._tokens[self._position - 1]

    def _take_if(self, mark: str) -> bool:
        if self._next().text != mark:
            return False
        self._take()
        return True


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "ignored":
            yield _Token(str(match.lastgroup), match[0], line)
        line += match[0].count("\n")
    yield _Token("end", "", line)


def _key(token: _Token) -> str:
    """Return the key of a token, with quotes and escapes resolved."""
    if token.kind == "bare":
        return token.text
    return str(tomllib.loads(f"key = {token.text}")["key"])
