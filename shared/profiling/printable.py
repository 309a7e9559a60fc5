"""Texts of files made fit to be kept and shown, whatever they hold."""

from shared.profiling.batch import stable_hash

#: A longer value is kept as its beginning, its length and its hash.
_MAX_KEPT = 120
_MAX_SHOWN = 60


def abbreviated(value: str) -> str:
    """Return a value, or where it is long what tells it from others: its beginning, length and hash."""
    if len(value) <= _MAX_KEPT:
        return value
    return f"{value[:_MAX_KEPT]}… ({len(value)} characters, {stable_hash(value):016x})"


def encodable(text: str) -> str:
    """Return a text with U+FFFD for bytes that were none of its encoding, which no file of ours could take."""
    return text if text.isascii() else "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)


def visible(text: str, *, most: int = _MAX_SHOWN) -> str:
    """Return a text on one line, without anything that acts on a terminal, shortened when it is long."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
