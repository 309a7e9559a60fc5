"""Errors for texts that are not valid values of their column. Pure."""

from shared.model.reasons import Reason

#: A message quotes at most this many characters of the value.
_QUOTED_CHARACTERS = 60


class BadValue(ValueError):
    """A text that is not a valid value of its column; the message says what was found and what is expected."""

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(message)
        self.code = code


def type_error(text: str, kind: str, expected: str) -> BadValue:
    """Return the error of a text that can't be converted to the column's type."""
    return BadValue("type-error", f"{_quoted(text)} is not {kind}; expected {expected}")


def constraint_error(text: str, found: str, expected: str) -> BadValue:
    """Return the error of a value that has the right type but violates a constraint."""
    return BadValue("constraint-error", f"{_quoted(text)} is {found}; expected {expected}")


def _quoted(text: str) -> str:
    """Return the text quoted on one line, with invisible characters escaped, shortened if it is long."""
    quoted = repr(text[: _QUOTED_CHARACTERS + 1])
    return quoted if len(quoted) <= _QUOTED_CHARACTERS + 2 else f"{quoted[: _QUOTED_CHARACTERS + 1]}…"
