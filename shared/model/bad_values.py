"""What is wrong with a text that can't be a value of its column. Pure."""

from shared.model.reasons import Reason

#: A message quotes at most so much of the value that it is about.
_QUOTED_CHARACTERS = 60


class BadValue(ValueError):
    """A text that can't be a value of its column; the message says what was found and what is expected."""

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(message)
        self.code = code


def type_error(text: str, kind: str, expected: str) -> BadValue:
    """It is not of the column's type."""
    return BadValue("type-error", f"{_quoted(text)} is not {kind}; expected {expected}")


def constraint_error(text: str, found: str, expected: str) -> BadValue:
    """It is of the type, but not allowed."""
    return BadValue("constraint-error", f"{_quoted(text)} is {found}; expected {expected}")


def _quoted(text: str) -> str:
    """Return the text in quotes on one line, invisible characters escaped, shortened when it is long."""
    quoted = repr(text[: _QUOTED_CHARACTERS + 1])
    return quoted if len(quoted) <= _QUOTED_CHARACTERS + 2 else f"{quoted[: _QUOTED_CHARACTERS + 1]}…"
