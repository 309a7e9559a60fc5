"""Detects encodings in which ASCII bytes are parts of other characters, by marks or by the text of a table. Pure.

These are UTF-16, UTF-32, and the Japanese encoding with escape sequences.
"""

import codecs
import unicodedata

#: Marks at the very beginning, longest first: that of UTF-32 LE begins with that of UTF-16 LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: The escape sequences for Japanese characters in ISO-2022-JP.
_ESCAPES = (b"\x1b$B", b"\x1b$@")
_WIDTHS = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}
#: Delimiters, digits and line ends are ASCII in any language: the minimum share in a table, and the minimum number.
_MIN_ASCII_SHARE, _MIN_ASCII_CHARACTERS = 0.02, 2
#: The maximum share of characters that do not occur in text.
_MAX_STRANGE_SHARE = 0.01
_CONTROLS_OF_TEXT = frozenset("\t\n\r\x01\x0b\x0c\x1b\x1c\x1d\x1e\x1f\ufeff")
_NOT_CHARACTERS = ("Cc", "Cn", "Co", "Cs")


def is_wide(encoding: str) -> bool:
    """Whether lines and delimiters can't be found byte by byte."""
    return codecs.lookup(encoding).name.replace("_", "-") in (*_WIDTHS, "utf-16", "utf-32", "iso2022-jp")


def marked_encoding(beginning: bytes) -> str | None:
    """Return the Unicode encoding whose mark a file begins with; None without a mark."""
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), None)


def unmarked_wide_encoding(beginning: bytes) -> str | None:
    """Return the wide encoding in which a file's beginning looks like a table; None if there is none."""
    if beginning.isascii() and any(escape in beginning for escape in _ESCAPES):
        return "iso2022_jp"
    if b"\0" not in beginning:
        return None
    texts = {name: beginning[: len(beginning) // width * width] for name, width in _WIDTHS.items()}
    rated = {name: _ascii_share(text.decode(name, "replace")) for name, text in texts.items()}
    best = max(rated, key=lambda name: rated[name])
    return best if rated[best] >= _MIN_ASCII_SHARE else None


def _ascii_share(text: str) -> float:
    """Return the share of ASCII in a possible table; 0 if the text can't be one."""
    characters = set(text)
    strange = [each for each in characters if _is_strange(each)]
    ascii_characters = [each for each in characters if each.isascii() and each not in strange]
    if sum(map(text.count, strange)) > _MAX_STRANGE_SHARE * len(text):
        return 0.0
    if len(ascii_characters) < _MIN_ASCII_CHARACTERS or characters.isdisjoint("\r\n"):
        return 0.0
    return sum(map(text.count, ascii_characters)) / len(text)


def _is_strange(character: str) -> bool:
    is_control = unicodedata.category(character) in _NOT_CHARACTERS and character not in _CONTROLS_OF_TEXT
    return is_control or character == "\ufffd"
