"""Null markers: texts that people and programs write in place of a missing value."""

#: Compared without surrounding blanks and ignoring case.
_PLACEHOLDERS = frozenset({
    "n/a", "#n/a", "na", "n.a.", "nan", "null", "(null)", "<null>", "\\n", "none", "nil", "-", "--", "---", "?", "??",
    ".", "unknown", "tbd", "#value!", "#ref!", "9999-12-31", "0001-01-01", "0000-00-00",
})  # fmt: skip


def is_placeholder(text: str) -> bool:
    """Whether a text looks like a null marker."""
    return text.strip(" \t").lower() in _PLACEHOLDERS
