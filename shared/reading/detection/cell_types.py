"""The approximate type of a cell: enough to distinguish values from names, and correct from wrong splitting. Pure."""

import re
from functools import lru_cache
from typing import Literal

CellType = Literal["empty", "number", "time", "code", "name", "text", "odd"]

_EMPTY = frozenset(("", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "?", ".", "..", "\\n", "#n/a"))
_NUMBER = re.compile(
    r"""(?:[A-Z]{3}\s|[A-Z]{0,2}[$€£¥₹]\s?)?[-+(]?\s?[$€£¥]?
        (?:\d{1,3}(?:[ ,.'\xa0\u202f]\d{3})+|\d+)?(?:[.,]\d+)?(?:[eE][-+]?\d+)?
        \)?(?:\s?[%$€£¥]|\s[A-Z]{3})?""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"""(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4})
        (?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp][Mm])?(?:Z|[-+]\d{2}:?\d{2})?)?
        |\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp][Mm])?""",
    re.VERBOSE,
)
_NAME = re.compile(r"(?:[\w.'’/&()+#°%$@:!?*= -]|, ){1,80}")
#: A code such as AB-123: numbers of stations, products, invoices.
_CODE = re.compile(r"[A-Z]{1,4}[-_/ ]?\d+")
#: The length of codes of countries, currencies and airports.
_MAX_CODE = 3
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=1 << 14)
def kind_of(cell: str) -> CellType:
    """Return the apparent type of a cell; an odd cell contains delimiters or quotes that should have split it."""
    text = cell.strip()
    if text.lower() in _EMPTY:
        return "empty"
    if _TIME.fullmatch(text):
        return "time"
    if _DIGIT.search(text) and _NUMBER.fullmatch(text):
        return "number"
    if _CODE.fullmatch(text):
        return "code"
    if _is_odd(text):
        return "odd"
    return "name" if _NAME.fullmatch(text) else "text"


def _is_odd(text: str) -> bool:
    """Whether a text has quotes or delimiters left over from wrong splitting; quoted speech and inches are fine."""
    if text[0] == "'" or "\t" in text or '""' in text or text[-1] in ",;":
        return True
    is_alone = text.count('"') % 2 == 1
    if text[0] == '"':
        return is_alone or text[-1] == '"'
    return is_alone and text[-1] == '"' and not text[-2].isdigit()


def shape_of(cell: str) -> str:
    """Return the shape of a cell: its case, signs, words and digits."""
    text = cell.strip()
    kind = kind_of(text)
    if kind in ("number", "time", "code"):
        return kind
    case = "lower" if text.islower() else "upper" if text.isupper() else "title" if text[:1].isupper() else "mixed"
    signs = "".join(sign for sign in "@_/" if sign in text)
    return f"{case}{signs}{' words' if ' ' in text else ''}{' digits' if _DIGIT.search(text) else ''}"


def is_rare_for_names(shape: str) -> bool:
    """Whether names rarely have this shape."""
    return shape in ("number", "time", "code") or shape.endswith("digits") or "@" in shape


def code_length(cell: str) -> int | None:
    """Return the length of a short code in capitals; None for any other cell."""
    text = cell.strip()
    return len(text) if text.isupper() and text.isalpha() and len(text) <= _MAX_CODE else None
