"""Makes any text of a file safe to store and to print."""

from shared.profiling.batch import stable_hash

#: Maximum length of a value that is kept in full.
_MAX_KEPT = 120
_MAX_SHOWN = 60


def abbreviated(value: str) -> str:
    """Return a value, or if it is long its beginning, length and hash, which distinguish it from others."""
    if len(value) <= _MAX_KEPT:
        return value
    return f"{value[:_MAX_KEPT]}… ({len(value)} characters, {stable_hash(value):016x})"


def encodable(text: str) -> str:
    """Return a text with U+FFFD in place of lone surrogates, which can't be encoded."""
    return text if text.isascii() else "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)


def visible(text: str, *, most: int = _MAX_SHOWN) -> str:
    """Return a text on one line, with control characters escaped, shortened to `most` characters."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
