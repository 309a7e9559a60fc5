"""What people and programs write where there is no value."""

#: Compared without blanks and without regard to case.
_PLACEHOLDERS = frozenset({
    "n/a", "#n/a", "na", "n.a.", "nan", "null", "(null)", "<null>", "\\n", "none", "nil", "-", "--", "---", "?", "??",
    ".", "unknown", "tbd", "#value!", "#ref!", "9999-12-31", "0001-01-01", "0000-00-00",
})  # fmt: skip


def is_placeholder(text: str) -> bool:
    """Whether a text may stand for no value."""
    return text.strip(" \t").lower() in _PLACEHOLDERS
