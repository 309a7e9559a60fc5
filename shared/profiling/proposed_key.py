"""Chooses the key of a proposed dataset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.configuration.column_settings import bytes_of
from shared.configuration.dataset_settings import MAX_KEY_BYTES, MAX_KEY_COLUMNS
from shared.model.datasets import Column
from shared.profiling.headroom import without_headroom
from shared.profiling.profile import Profile
from shared.profiling.proposed_names import suggested_name

#: Types that are rarely used in keys.
_UNUSUAL_TYPES = ("decimal", "float", "boolean", "timestamp")
#: Last words of names that are typical of keys.
_TYPICAL_WORDS = ("id", "key", "code", "number", "no", "nr", "uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedKey:
    """The columns of a key, with lengths within the limits of InnoDB."""

    columns: Mapping[str, Column]
    is_found: bool


def choose_key(profile: Profile, columns: Mapping[str, Column], longest: Mapping[str, int]) -> ProposedKey:
    """Return the best candidate; without one, as many columns without empty values as fit."""
    nested = {column.name for column in profile.columns if column.is_nested}
    columns = {name: column for name, column in columns.items() if name not in nested}
    candidates = [key for key in profile.keys.found if profile.rows and all(name in columns for name in key)]
    for candidate in sorted(candidates, key=lambda key: _rank(key, columns)):
        fitting = _fitting(candidate, columns, longest)
        if fitting:
            return ProposedKey(columns=fitting, is_found=True)
    return ProposedKey(columns=_widest(profile, columns, longest), is_found=False)


def _rank(key: tuple[str, ...], columns: Mapping[str, Column]) -> tuple[int, int, int]:
    """Prefer few columns, then usual types, then names that are typical of keys."""
    unusual = sum(columns[name].type in _UNUSUAL_TYPES for name in key)
    typical = sum(suggested_name(name, prefix="column").rsplit("_", 1)[-1] in _TYPICAL_WORDS for name in key)
    return len(key), unusual, -typical


def _fitting(key: Iterable[str], columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return a key's columns if they fit InnoDB's limits, without headroom if necessary; otherwise nothing."""
    roomy = {name: columns[name] for name in key}
    for fitting in (roomy, without_headroom(roomy, longest)):
        if len(fitting) <= MAX_KEY_COLUMNS and bytes_of(fitting.values()) <= MAX_KEY_BYTES:
            return fitting
    return {}


def _widest(profile: Profile, columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return columns without empty values, those with the most distinct values first, as many as fit."""
    full = [column for column in profile.columns if column.name in columns and not column.empty]
    widest: dict[str, Column] = {}
    for column in sorted(full, key=lambda column: -column.distinct.count):
        widest = _fitting([*widest, column.name], columns, longest) or widest
    return widest
