"""Problems of a TOML text, each with its line and in words for its author."""

import re
from collections.abc import Collection
from difflib import get_close_matches

from shared.configuration.toml_lines import TomlLines, TomlPath
from shared.model.errors import ConfigurationError

_QUOTED_CHARACTERS = 60
#: Similarity from which a word counts as a misspelling; with difflib's 0.6, "amount" would match "country".
_SIMILARITY = 0.75
#: Deeper tables are usually written inline, as entries of their parent.
_HEADER_DEPTH = 3
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class TomlProblems:
    """Collects the problems of a text, one line each."""

    def __init__(self, lines: TomlLines, *, source: str) -> None:
        self._lines = lines
        self._source = source
        self._found: list[tuple[int, str]] = []

    def add(self, table: TomlPath, at: TomlPath, message: str) -> None:
        """Add a problem in a table, on the line of the setting or item that `at` points to inside the table."""
        line = self._lines.line_of((*table, *at))
        self._found.append((line, f"{self._source}:{line}: {_label(table)}{message}"))

    def raise_any(self) -> None:
        """Raise ConfigurationError with all problems in the order of their lines, if there are any."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise ConfigurationError("\n".join(text for _, text in in_order))


def quoted(text: str) -> str:
    """Return a text quoted on one line, shortened if it is long."""
    cut = text if len(text) <= _QUOTED_CHARACTERS else f"{text[:_QUOTED_CHARACTERS]}…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + '"'


def hint(word: str, known: Collection[str]) -> str:
    """Return a suggestion of the known word that was probably meant, or else the list of known words."""
    close = get_close_matches(word, known, n=1, cutoff=_SIMILARITY)
    return f"did you mean {quoted(close[0])}?" if close else f"expected {any_of(known)}"


def shown(value: object) -> str:
    """Return a value as TOML writes it, or only its kind if it is a table or a list."""
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


def any_of(known: Collection[object]) -> str:
    """Return "one of" and the known words, for a message that says what is expected."""
    return f"one of {', '.join(map(str, known))}" if known else "no value (none are declared)"


def _label(table: TomlPath) -> str:
    """Return a table's header, or for an entry of another table, that table's header and the entry's key."""
    names = [_key(key) for key in table if isinstance(key, str)]
    if len(names) < len(table):
        return f"[[{'.'.join(names)}]] "
    if len(names) > _HEADER_DEPTH:
        return f"[{'.'.join(names[:-1])}] {names[-1]}: "
    return f"[{'.'.join(names)}] " if names else ""


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else quoted(key)
