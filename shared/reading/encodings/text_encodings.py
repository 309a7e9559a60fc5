"""Detects the encoding of a text. Pure."""

import codecs
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.reading.encodings.wide_encodings import is_wide, marked_encoding, unmarked_wide_encoding

#: Below this confidence a file is refused. Measured with generated files (docs/reading.md): of the accepted files,
#: fewer than 1 in 1,000 are decoded wrongly.
MIN_ENCODING_CONFIDENCE = 0.96
#: The weight of a margin in natural logarithms: the words of one text are not independent of each other.
_MARGIN_SCALE = 2.0
#: The confidence in a wide encoding without a mark; in UTF-8 if there are also rows without words in any encoding.
_UNMARKED, _BESIDE_GARBAGE = 0.99, 0.97
#: If no line is UTF-8, this share of the words may be valid UTF-8 by chance.
_MAX_CHANCE_SHARE = 0.2
#: If more than this share of the lines has no words in any encoding, the file is not UTF-8 with faults.
_MAX_GARBAGE_SHARE = 0.2
#: The evidence for legacy detection: more makes it slower, not better.
_MAX_EVIDENCE_BYTES = 96 << 10
#: The lines in which one that shows the difference is searched.
_MAX_READ_LINES = 200
#: The candidates that the user may choose from.
_MAX_OTHERS = 3
#: Rivals that are less likely than this, in natural logarithms, are not listed.
_MAX_MARGIN_OF_OTHERS = 8.0
_WORD = re.compile(rb"[A-Za-z]{0,20}[\x80-\xff][A-Za-z\x80-\xff]*")
#: With what means another sign in Python's escapes.
_ASCII = bytes(range(0x20, 0x7F)).replace(b"\\", b"") + b"\t\r\n\\u0041"
ENCODING_EXPECTED = "a Python encoding that is ASCII-compatible, UTF-16 or UTF-32, such as utf-8, cp1252 or utf-16"


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """An encoding, by Python's name, and the confidence in it, from 0 to 1."""

    encoding: str
    confidence: float
    #: Other candidates, best first.
    others: tuple[str, ...] = ()
    #: Other encodings with the same text.
    same: tuple[str, ...] = ()
    #: A line that they decode differently, as decoded by the encoding and by each candidate.
    readings: tuple[str, ...] = ()


def text_encoding(name: str) -> str | None:
    """Return Python's name of an encoding; None if Python lacks it, or lines and delimiters can't be found in it.

    It must be ASCII-compatible, or UTF-16 or UTF-32. IDNA is for host names.
    """
    try:
        encoding = codecs.lookup(name).name
        is_usable = is_wide(encoding) or _ASCII.decode(encoding) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError, ValueError):
        return None
    return encoding if is_usable and encoding != "idna" else None


def guess_encoding(beginning: bytes, odd: bytes = b"") -> EncodingGuess:
    """Guess from the beginning of a file, and from later lines that are not ASCII."""
    marked = marked_encoding(beginning)
    if marked is not None:
        return EncodingGuess(marked, 1.0)
    wide = unmarked_wide_encoding(beginning)
    if wide is not None:
        return EncodingGuess(wide, _UNMARKED)
    whole = without_cut_character(beginning)
    if is_utf8(whole) and is_utf8(odd):
        return EncodingGuess("utf-8", 1.0)
    lines = [line for part in (odd, whole) for line in part.splitlines(keepends=True) if not line.isascii()]
    return _guess_from(lines, line_count=whole.count(b"\n") + odd.count(b"\n"), ascii_text=_ascii_of(whole))


def is_utf8(text: bytes) -> bool:
    """Whether the whole text is UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guess_from(lines: Sequence[bytes], line_count: int, ascii_text: str) -> EncodingGuess:
    """Weigh the lines that are not ASCII, some of which are not UTF-8."""
    # Imported here: most files are UTF-8, and do not need it.
    from shared.reading.encodings.legacy_detection import guess_legacy, is_likelier_utf8  # noqa: PLC0415

    stray = [line for line in lines if not is_utf8(line)]
    words = {word for line in lines for word in _WORD.findall(line)}
    sound = set(filter(is_utf8, words))
    # A few words of an old encoding are UTF-8 by chance.
    shows_utf8 = len(stray) < len(lines) or len(sound) > _MAX_CHANCE_SHARE * len(words)
    legacy = guess_legacy(b"".join(stray)[:_MAX_EVIDENCE_BYTES], ascii_text)
    if sound and shows_utf8 and is_likelier_utf8(sound, legacy.encoding, ascii_text):
        # The others are rejected.
        if len(stray) <= len(lines) - len(stray):
            return EncodingGuess("utf-8", 1.0)
        return _doubt(["utf-8", legacy.encoding], stray[0])
    if legacy.is_garbage and len(lines) <= _MAX_GARBAGE_SHARE * line_count:
        return EncodingGuess("utf-8", _BESIDE_GARBAGE)
    if not legacy.makes_words:
        return _doubt([legacy.encoding, *(name for name, _ in legacy.others[:_MAX_OTHERS])], stray[0])
    confidence = round(1.0 / (1.0 + math.exp(-legacy.margin / _MARGIN_SCALE)), 3)
    others = tuple(name for name, margin in legacy.others[:_MAX_OTHERS] if margin < _MAX_MARGIN_OF_OTHERS)
    readings = _readings([legacy.encoding, *others], stray) if others else ()
    return EncodingGuess(legacy.encoding, confidence, others, legacy.same, readings)


def _doubt(encodings: Sequence[str], line: bytes) -> EncodingGuess:
    return EncodingGuess(encodings[0], 0.5, tuple(encodings[1:]), (), _readings(encodings, [line]))


def _readings(encodings: Sequence[str], lines: Sequence[bytes]) -> tuple[str, ...]:
    """Decode the line on which most encodings differ, in each of them."""
    read = ([line.decode(encoding, "replace").strip() for encoding in encodings] for line in lines[:_MAX_READ_LINES])
    return tuple(max(read, key=lambda texts: len(set(texts)), default=[]))


def without_cut_character(text: bytes) -> bytes:
    """Remove an incomplete UTF-8 character at the end."""
    _, length = codecs.utf_8_decode(text, "surrogateescape", False)
    return text[:length]


def _ascii_of(text: bytes) -> str:
    # A letter replaces each non-ASCII byte: the rest of a word is not a word.
    return text[:_MAX_EVIDENCE_BYTES].decode("ascii", "replace").replace("\ufffd", "é")
