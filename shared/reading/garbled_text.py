"""Detects text that was garbled before it was written into a file; it is reported with a remedy, never changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: The first of the two or three characters that one character becomes in the encodings that UTF-8 is mistaken for.
_MISREAD = re.compile("[^\x00-\x7f]{2,}")
_MISTAKEN_FOR = ("cp1252", "iso8859_1", "cp1250", "mac_roman", "cp850", "cp437")
#: Cyrillic in cp1251 becomes other Cyrillic letters; three of these pairs in a row are not a word.
_MISREAD_CYRILLIC = re.compile("(?:[РС][^а-яА-Я\x00-\x7f]){3,}")
#: European letters and punctuation: a word with a capital before a quote decodes to other characters.
_PLAUSIBLE = re.compile("[\xa0-\u017f\u0370-\u03ff\u0400-\u045f\u2010-\u203a\u20ac\u2122\ufeff]+")
_CONTROL = re.compile("[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Garbled:
    """What is wrong with a text, with an explanation for the user."""

    code: str
    message: str


DOUBLE_ENCODED = Garbled(
    "double-encoded",
    "UTF-8 that was decoded as another encoding before it was written; have it exported again as UTF-8",
)
CONTROLS = Garbled(
    "control-characters",
    "control characters (U+0080 to U+009F) in place of quotes, dashes or €: cp1252 that was decoded as ISO 8859-1;"
    " have it exported again as UTF-8, from cp1252",
)


def garbled(text: str) -> Garbled | None:
    """Return what is wrong with a text; None if it looks correct."""
    if text.isascii():
        return None
    if any(_as_meant(run) is not None for run in _MISREAD.findall(text)):
        return DOUBLE_ENCODED
    return CONTROLS if _CONTROL.search(text) else None


def repaired(text: str) -> str:
    """Return what a garbled text probably meant, as far as it can be restored."""
    text = _MISREAD.sub(lambda found: _as_meant(found[0]) or found[0], text)
    return _CONTROL.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)


def _as_meant(run: str) -> str | None:
    if _MISREAD_CYRILLIC.fullmatch(run):
        return _encoder("cp1251")(run).decode("utf-8", "replace")
    # Letters only may be a word, and so may letters before a closing quote.
    if run.rstrip("…»”’").isalpha():
        return None
    for encode in _ENCODERS:
        try:
            meant = encode(run).decode()
        except UnicodeError:
            continue
        if _PLAUSIBLE.fullmatch(meant):
            return meant
    return None


def _encoder(encoding: str) -> Callable[[str], bytes]:
    return lambda run: b"".join(_byte(character, encoding) for character in run)


def _byte(character: str, encoding: str) -> bytes:
    # A byte that an encoding lacks often becomes a control character: Ð\x90 from А.
    return character.encode("latin-1" if "\x80" <= character <= "\x9f" else encoding)


_ENCODERS = [_encoder(encoding) for encoding in _MISTAKEN_FOR]
