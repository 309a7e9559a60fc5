"""Names that inflow.toml takes, made from those that files have."""

import re
import unicodedata
from collections.abc import Collection
from glob import escape
from pathlib import PurePath

from shared.configuration.column_settings import is_name
from shared.configuration.dataset_settings import OWN_TABLES

_LONGEST = 63
_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")


def suggested_name(text: str, *, prefix: str, taken: Collection[str] = ()) -> str:
    """Return a name that is allowed and as much like the text as can be; `prefix` where it begins with no letter."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    if not is_name(name[:1]) or name.startswith(OWN_TABLES):
        name = f"{prefix}_{name}".rstrip("_")
    return _free(name[:_LONGEST], taken)


def dataset_name(file: str, taken: Collection[str]) -> str:
    """Return a name for the dataset that a file begins."""
    return suggested_name(_parts(file)[0], prefix="dataset", taken=taken)


def file_pattern(file: str) -> str:
    """Return a pattern for a file and those that follow it: orders-2024.csv is one of orders*.csv."""
    base, _, suffix = _parts(file)
    # What can't be written in a TOML text, or is no valid text at all, is any character.
    pattern = f"{escape(base)}*{escape(suffix)}" if base else escape(file)
    return "".join(each if each.isprintable() and each != "\ufffd" else "?" for each in pattern)


def _parts(file: str) -> tuple[str, str, str]:
    """Return the name without date or number at its end, these, and the suffixes."""
    path = PurePath(file)
    suffix = path.suffix
    if suffix.lower() in _COMPRESSIONS:
        suffix = PurePath(path.stem).suffix + suffix
    stem = file.removesuffix(suffix) if suffix else file
    base = re.sub(r"[-_. 0-9]+$", "", stem)
    return base, stem[len(base) :], suffix


def _free(name: str, taken: Collection[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: _LONGEST - 5]}_{number}"
    return free
