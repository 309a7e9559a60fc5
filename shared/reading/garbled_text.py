"""Text that was decoded wrongly before it was written into a file: pointed out with the cure, and never changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: How the first character of two and of three that were one looks in the encodings that UTF-8 is mistaken for.
_MISREAD = re.compile("[^\x00-\x7f]{2,}")
_MISTAKEN_FOR = ("cp1252", "iso8859_1", "cp1250", "mac_roman", "cp850", "cp437")
#: Cyrillic in cp1251 becomes other Cyrillic letters; three of these pairs are no word.
_MISREAD_CYRILLIC = re.compile("(?:[РС][^а-яА-Я\x00-\x7f]){3,}")
#: Letters of Europe, and punctuation: a word whose capital is followed by a quote makes other ones.
_PLAUSIBLE = re.compile("[\xa0-\u017f\u0370-\u03ff\u0400-\u045f\u2010-\u203a\u20ac\u2122\ufeff]+")
_CONTROL = re.compile("[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Garbled:
    """What is wrong with a text, for a person."""

    code: str
    message: str


DOUBLE_ENCODED = Garbled(
    "double-encoded",
    "UTF-8 that was decoded as another encoding before it was written; have it exported again, as UTF-8",
)
CONTROLS = Garbled(
    "control-characters",
    "invisible controls (U+0080 to U+009F) in place of quotes, dashes or €: cp1252 that was taken for ISO 8859-1; have"
    " it exported again, as UTF-8 from cp1252",
)


def garbled(text: str) -> Garbled | None:
    """Say what is wrong with a text; None where it looks sound."""
    if text.isascii():
        return None
    if any(_as_meant(run) is not None for run in _MISREAD.findall(text)):
        return DOUBLE_ENCODED
    return CONTROLS if _CONTROL.search(text) else None


def repaired(text: str) -> str:
    """Return what a garbled text was meant to be, as far as can be told."""
    text = _MISREAD.sub(lambda found: _as_meant(found[0]) or found[0], text)
    return _CONTROL.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)


def _as_meant(run: str) -> str | None:
    if _MISREAD_CYRILLIC.fullmatch(run):
        return _encoder("cp1251")(run).decode("utf-8", "replace")
    # Letters alone may be a word, and so may letters with the end of a quote behind them.
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
    # What an encoding lacks is often kept as a control: Ð\x90 of А.
    return character.encode("latin-1" if "\x80" <= character <= "\x9f" else encoding)


_ENCODERS = [_encoder(encoding) for encoding in _MISTAKEN_FOR]
