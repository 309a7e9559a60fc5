"""Proposes a dataset from a profile: one that accepts every profiled row."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from shared.configuration.column_settings import bytes_of, is_name
from shared.configuration.dataset_settings import MAX_ROW_BYTES
from shared.model.datasets import NOTHING_FIXED, Catalog, Column, Dataset, ReadSettings, Reference
from shared.profiling.headroom import decimal_with_headroom, length_with_headroom, without_headroom
from shared.profiling.profile import ColumnProfile, PossibleReference, Profile
from shared.profiling.proposed_key import choose_key
from shared.profiling.proposed_names import dataset_name, file_pattern, suggested_name
from shared.profiling.proposed_references import proposed_as
from shared.profiling.table import positional_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed dataset, with remarks for its author."""

    profile: Profile
    #: Has no columns if none is usable, and no key if every column has empty values.
    dataset: Dataset
    is_key_found: bool
    #: Columns of the file that are not in the dataset, with the reason and the remedy.
    left_out: Mapping[str, str]
    #: Possible references that are based only on names.
    perhaps: Sequence[PossibleReference]
    #: Existing datasets whose patterns match the file's name.
    belongs_to: Sequence[str]


def propose(profile: Profile, catalog: Catalog, read: ReadSettings = NOTHING_FIXED) -> Proposal:
    """Propose a dataset to add to the catalogue, for files that are read in the same way as this one."""
    faults = {
        column.name: fault
        for position, column in enumerate(profile.columns, start=1)
        if (fault := _fault(column, position))
    }
    usable = {column.name: column for column in profile.columns if column.name not in faults}
    known = [found for found in profile.references if found.column in usable and found.looked_up]
    keys = {found.column: catalog.datasets[found.dataset].column(found.key) for found in reversed(known)}
    columns = {name: _column(column, profile, keys.get(name)) for name, column in usable.items()}
    longest = {name: column.longest or 0 for name, column in usable.items() if name not in keys}
    columns, too_large = _fitting(columns, longest)
    key = choose_key(profile, columns, longest)
    columns |= key.columns
    names = _names(columns)
    return Proposal(
        profile=profile,
        dataset=Dataset(
            name=dataset_name(profile.file, catalog.datasets),
            files=(file_pattern(profile.file),),
            columns=tuple(_named(column, names[column.name]) for column in columns.values()),
            key=tuple(names[name] for name in key.columns),
            references=tuple(_references(known, names)),
            read=read,
        ),
        is_key_found=key.is_found,
        left_out=faults | too_large,
        perhaps=[found for found in profile.references if found.column in columns and not found.looked_up],
        belongs_to=[each.name for each in catalog.datasets.values() if _is_file_of(profile.file, each)],
    )


def _is_file_of(file: str, dataset: Dataset) -> bool:
    return any(fnmatchcase(file.lower(), pattern.lower()) for pattern in dataset.files)


def _fault(column: ColumnProfile, position: int) -> str | None:
    """Return why a column of the file can't be in the dataset and what to do, or None."""
    if position == 1 and column.name == positional_name(position):
        return "it has no name and is ignored, like a column of row numbers; to load it, name it in the file's header"
    if column.name.endswith(positional_name(position)):
        return "the file's header has no name for it, or the name of another column; give it a unique name there"
    if column.unstorable:
        return f"{column.unstorable:,} of its values can't be stored; correct them in the file"
    return None


def _column(column: ColumnProfile, profile: Profile, key: Column | None) -> Column:
    required = bool(profile.rows) and not column.empty
    if key is not None:
        return replace(proposed_as(key, column.name, required=required), null=column.null)
    proposed = Column(
        name=column.name,
        type=column.type,
        required=required,
        null=column.null,
        decimal_char=column.decimal_char,
        group_char=column.group_char,
        format=column.format,
    )
    match column.type:
        case "text":
            return replace(proposed, length=length_with_headroom(column.longest, is_nested=column.is_nested))
        case "decimal":
            precision, scale = decimal_with_headroom(column.whole_digits, column.least_scale, column.scale)
            return replace(proposed, precision=precision, scale=scale)
    return proposed


def _fitting(columns: dict[str, Column], longest: Mapping[str, int]) -> tuple[dict[str, Column], dict[str, str]]:
    """Return the columns that fit into one row of a table, and the reasons why others are left out."""
    left_out: dict[str, str] = {}
    if bytes_of(columns.values()) > MAX_ROW_BYTES:
        columns = without_headroom(columns, longest)
    while bytes_of(columns.values()) > MAX_ROW_BYTES:
        largest = max(columns.values(), key=lambda column: bytes_of([column])).name
        columns = {name: column for name, column in columns.items() if name != largest}
        left_out[largest] = f"the columns together exceed {MAX_ROW_BYTES:,} bytes, and this one is the largest"
    return columns, left_out


def _names(columns: Collection[str]) -> dict[str, str]:
    """Return a name for each column of the file: the name in its header, if that is valid in inflow.toml."""
    names = {name: name for name in columns if is_name(name)}
    for name in columns:
        names.setdefault(name, suggested_name(name, prefix="column", taken=names.values()))
    return names


def _named(column: Column, name: str) -> Column:
    """Return the column under its new name, with the name in the file as its label if that differs."""
    return column if column.name == name else replace(column, name=name, label=column.name)


def _references(known: Sequence[PossibleReference], names: Mapping[str, str]) -> Iterator[Reference]:
    """Yield one reference per column: if several datasets match, to the first of them."""
    first = {found.column: found for found in reversed(known)}
    for label, name in names.items():
        if label in first:
            yield Reference(name=f"{name[:59]}_ref", columns=(name,), dataset=first[label].dataset)
