"""What a cell looks like, roughly: enough to tell values from names, and right from wrong ways of splitting. Pure."""

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
#: Such as AB-123: numbers of stations, products, invoices.
_CODE = re.compile(r"[A-Z]{1,4}[-_/ ]?\d+")
#: Of countries, currencies and airports.
_MAX_CODE = 3
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=1 << 14)
def kind_of(cell: str) -> CellType:
    """Say what a cell looks like; odd is one that holds what should have taken it apart."""
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
    """Whether quotes or delimiters are left of a text that was split in the wrong way; speech and inches are fine."""
    if text[0] == "'" or "\t" in text or '""' in text or text[-1] in ",;":
        return True
    is_alone = text.count('"') % 2 == 1
    if text[0] == '"':
        return is_alone or text[-1] == '"'
    return is_alone and text[-1] == '"' and not text[-2].isdigit()


def shape_of(cell: str) -> str:
    """Say how a cell is written, as a person sees it at once."""
    text = cell.strip()
    kind = kind_of(text)
    if kind in ("number", "time", "code"):
        return kind
    case = "lower" if text.islower() else "upper" if text.isupper() else "title" if text[:1].isupper() else "mixed"
    signs = "".join(sign for sign in "@_/" if sign in text)
    return f"{case}{signs}{' words' if ' ' in text else ''}{' digits' if _DIGIT.search(text) else ''}"


def is_rare_for_names(shape: str) -> bool:
    """Whether a name that happens to be written in this way is rare."""
    return shape in ("number", "time", "code") or shape.endswith("digits") or "@" in shape


def code_length(cell: str) -> int | None:
    """How long a short code in capitals is; None where it is something else."""
    text = cell.strip()
    return len(text) if text.isupper() and text.isalpha() and len(text) <= _MAX_CODE else None
