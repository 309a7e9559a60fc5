"""Derives names that are valid in inflow.toml from the names in files."""

import re
import unicodedata
from collections.abc import Collection
from glob import escape
from pathlib import PurePath

from shared.configuration.column_settings import is_name
from shared.configuration.dataset_settings import OWN_TABLES

_MAX_LENGTH = 63
_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".zip")


def suggested_name(text: str, *, prefix: str, taken: Collection[str] = ()) -> str:
    """Return a valid name that is similar to the text; `prefix` is added if it would not begin with a letter."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    if not is_name(name[:1]) or name.startswith(OWN_TABLES):
        name = f"{prefix}_{name}".rstrip("_")
    return _free(name[:_MAX_LENGTH], taken)


def dataset_name(file: str, taken: Collection[str]) -> str:
    """Return a name for the dataset of a file."""
    return suggested_name(_parts(file)[0], prefix="dataset", taken=taken)


def file_pattern(file: str) -> str:
    """Return a pattern for a file and its successors: orders*.csv for orders-2024.csv."""
    base, _, suffix = _parts(file)
    # Characters that TOML can't hold become ?, which matches any character.
    pattern = f"{escape(base)}*{escape(suffix)}" if base else escape(file)
    return "".join(each if each.isprintable() and each != "\ufffd" else "?" for each in pattern)


def _parts(file: str) -> tuple[str, str, str]:
    """Split a file name into the base, the date or number after it, and the suffixes."""
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
        free = f"{name[: _MAX_LENGTH - 5]}_{number}"
    return free
