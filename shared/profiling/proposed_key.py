"""Chooses the key of a proposed dataset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.configuration.column_settings import bytes_of
from shared.configuration.dataset_settings import MAX_KEY_BYTES, MAX_KEY_COLUMNS
from shared.model.datasets import Column
from shared.profiling.headroom import squeezed
from shared.profiling.profile import Profile
from shared.profiling.proposed_names import suggested_name

#: Types that people seldom identify things by.
_UNUSUAL = ("decimal", "float", "boolean", "timestamp")
_TELLING = ("id", "key", "code", "number", "no", "nr", "uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedKey:
    """The columns of a key, with lengths that fit."""

    columns: Mapping[str, Column]
    is_found: bool


def choose_key(profile: Profile, columns: Mapping[str, Column], longest: Mapping[str, int]) -> ProposedKey:
    """Return the likeliest candidate; where there is none, columns that are never empty, as many as fit."""
    nested = {column.name for column in profile.columns if column.is_nested}
    columns = {name: column for name, column in columns.items() if name not in nested}
    candidates = [key for key in profile.keys.found if profile.rows and all(name in columns for name in key)]
    for candidate in sorted(candidates, key=lambda key: _rank(key, columns)):
        fitting = _fitting(candidate, columns, longest)
        if fitting:
            return ProposedKey(columns=fitting, is_found=True)
    return ProposedKey(columns=_widest(profile, columns, longest), is_found=False)


def _rank(key: tuple[str, ...], columns: Mapping[str, Column]) -> tuple[int, int, int]:
    """Few columns first, then those of usual types, then those whose name tells that they identify."""
    unusual = sum(columns[name].type in _UNUSUAL for name in key)
    telling = sum(suggested_name(name, prefix="column").rsplit("_", 1)[-1] in _TELLING for name in key)
    return len(key), unusual, -telling


def _fitting(key: Iterable[str], columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return the columns of a key within the limits of InnoDB, without their room if need be; else nothing."""
    roomy = {name: columns[name] for name in key}
    for fitting in (roomy, squeezed(roomy, longest)):
        if len(fitting) <= MAX_KEY_COLUMNS and bytes_of(fitting.values()) <= MAX_KEY_BYTES:
            return fitting
    return {}


def _widest(profile: Profile, columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Take columns that are never empty, those with the most distinct values first."""
    full = [column for column in profile.columns if column.name in columns and not column.empty]
    widest: dict[str, Column] = {}
    for column in sorted(full, key=lambda column: -column.distinct.count):
        widest = _fitting([*widest, column.name], columns, longest) or widest
    return widest
