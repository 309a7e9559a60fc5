"""Finds out in which encoding a text is. Pure."""

import codecs
import re
from dataclasses import dataclass

from shared.reader.latin import LATIN_LETTERS, WINDOWS, plausibility

#: Marks at the very beginning, longest first: that of UTF-32 LE begins as that of UTF-16 LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Every other byte of a text in Latin letters is zero, and hardly one of those between.
_LEAST_ZEROS, _MOST_OTHERS = 0.3, 0.05
#: How much a stray byte for each sound character takes from the confidence that a text is UTF-8.
_DOUBT_OF_STRAY = 0.4
#: Where so few lines are not ASCII, and this is all that can be said for another encoding, they are garbage.
_FEW_LINES, _UNLIKELY = 0.2, 0.55
#: What charset detection looks at: more makes it slower, not better.
_MOST_BYTES = 16 << 10
#: So many bytes that are not ASCII show a script; fewer are in many.
_ENOUGH_BYTES = 16
#: Where so many of them have no other one beside them, and make words, they are of the Latin script.
_MOST_APART, _LIKELY = 0.9, 0.8
#: How much words say for the first encoding that makes them of a text; and for one of two that are as usual.
_PRIOR, _PRIOR_OF_TIE = 0.6, 0.5
#: What charset detection is asked about.
_LEGACY = [
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1255", "cp1256", "koi8_r", "cp866",
    "shift_jis", "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp949",
]  # fmt: skip
#: With what means another sign in Python's escapes.
_ASCII = bytes(range(0x20, 0x7F)).replace(b"\\", b"") + b"\t\r\n\\u0041"
ENCODING_EXPECTED = "one that Python knows, and whose signs of ASCII are ASCII or wide, such as utf-8, cp1252 or utf-16"
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """An encoding as Python names it, and how sure it is, from 0 to 1."""

    encoding: str
    confidence: float
    #: Others that may be meant.
    others: tuple[str, ...] = ()


def is_wide(encoding: str) -> bool:
    """Whether line ends take more than one byte."""
    return codecs.lookup(encoding).name.replace("_", "-") in (*_WIDE, "utf-16", "utf-32")


def text_encoding(name: str) -> str | None:
    """Return how Python calls an encoding; None where it knows none, or lines and delimiters could not be told in it.

    That is, signs of ASCII are themselves, or it is UTF-16 or UTF-32. IDNA is for names of hosts.
    """
    try:
        encoding = codecs.lookup(name).name
        is_usable = is_wide(encoding) or _ASCII.decode(encoding) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError, ValueError):
        return None
    return encoding if is_usable and encoding != "idna" else None


def guess_encoding(beginning: bytes, odd: bytes = b"") -> EncodingGuess:
    """Guess from a file's beginning, and from lines further on that are not ASCII."""
    marked = _marked(beginning) or _wide(beginning)
    if marked is not None:
        return marked
    evidence = _lines_not_ascii(beginning) + odd
    if not evidence:
        return EncodingGuess("utf-8", 1.0)
    sound, stray = _sound_and_stray(evidence)
    # Hardly any text in another encoding has characters of UTF-8 by chance: its rows with stray bytes are rejected.
    if stray <= sound:
        return EncodingGuess("utf-8", round(1.0 - _DOUBT_OF_STRAY * stray / max(1, sound), 2))
    guess = _legacy(evidence[:_MOST_BYTES])
    is_rare = evidence.count(b"\n") < _FEW_LINES * (beginning.count(b"\n") or 1)
    # Garbage in a few rows is no reason to doubt all others.
    return EncodingGuess("utf-8", 0.7, (guess.encoding,)) if is_rare and guess.confidence < _UNLIKELY else guess


def wide_encoding(beginning: bytes) -> str | None:
    """Name the encoding where line ends take more than one byte; None where they do not."""
    guess = _marked(beginning) or _wide(beginning)
    return guess.encoding if guess is not None and is_wide(guess.encoding) else None


def _marked(beginning: bytes) -> EncodingGuess | None:
    return next((EncodingGuess(encoding, 1.0) for mark, encoding in _MARKS if beginning.startswith(mark)), None)


def _wide(beginning: bytes) -> EncodingGuess | None:
    even, odd = beginning[0::2].count(0), beginning[1::2].count(0)
    # In a hole of a file there are as many in the one as in the other.
    if max(even, odd) < _LEAST_ZEROS * len(beginning) / 2 or min(even, odd) > _MOST_OTHERS * max(even, odd):
        return None
    return EncodingGuess("utf-16-be" if even > odd else "utf-16-le", 0.9)


def _lines_not_ascii(text: bytes) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if not line.isascii())


def _sound_and_stray(text: bytes) -> tuple[int, int]:
    """Count the characters that are not ASCII, and the bytes that no UTF-8 has. What the end cuts is neither."""
    decoded, _ = codecs.utf_8_decode(text, "surrogateescape", False)
    stray = len(re.findall("[\udc80-\udcff]", decoded))
    return len(re.findall("[^\0-\x7f]", decoded)) - stray, stray


def latin(evidence: bytes) -> EncodingGuess:
    """Guess which encoding of Latin letters makes words of these bytes; the first one where several do.

    Of the Western one that is likely to be right; of two others there is nothing to choose by.
    """
    ratings = [(plausibility(evidence, encoding), encoding) for encoding in LATIN_LETTERS]
    rated = sorted(ratings, key=lambda pair: -pair[0])
    (best, encoding), rivals = rated[0], rated[1:]
    text = evidence.decode(encoding, "replace")
    others = tuple(other for _, other in rivals if evidence.decode(other, "replace") != text)[:2]
    margin = best - max((rating for rating, other in rivals if other in others), default=0.0)
    is_tie = encoding in WINDOWS and margin == 0.0 and not set(WINDOWS).isdisjoint(others)
    prior = _PRIOR_OF_TIE if is_tie else _PRIOR
    return EncodingGuess(encoding, round(min(0.95, prior * best + min(0.35, margin)), 2), others)


def _legacy(evidence: bytes) -> EncodingGuess:
    """Ask the library for the script, and decide by letters between encodings of the Latin one."""
    guess = latin(evidence)
    if _stand_apart(evidence) and plausibility(evidence, guess.encoding) >= _LIKELY:
        return guess
    # Here, not above: it is slow to import, and most files are UTF-8.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    found = from_bytes(evidence, cp_isolation=_LEGACY, enable_fallback=False)
    best = found.best()
    if best is None or best.encoding in LATIN_LETTERS:
        return guess
    others = tuple(match.encoding for match in found if match.encoding != best.encoding)[:3]
    amount = min(1.0, sum(byte > 0x7F for byte in evidence) / _ENOUGH_BYTES)  # noqa: PLR2004
    return EncodingGuess(best.encoding, round(max(0.0, 1.0 - best.chaos) * 0.9 * amount, 2), others)


def _stand_apart(text: bytes) -> bool:
    """Whether hardly any byte that is not ASCII has another one beside it: other scripts make whole words of them."""
    runs = re.findall(rb"[\x80-\xff]+", text)
    return sum(len(run) == 1 for run in runs) >= _MOST_APART * len(runs)
