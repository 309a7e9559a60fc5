"""Profiles a file of any format."""

from dataclasses import replace
from typing import IO

from shared.model.datasets import Catalog, ReadSettings
from shared.profiling.profile import Profile
from shared.profiling.proposed_references import CountKeys, possible_references
from shared.profiling.table import ProfiledTable, profile_table
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount


def profile_file(file: IO[bytes], *, name: str, settings: ReadSettings) -> ProfiledTable:
    """Read an open file to its end. FileRefused or OSError if it can't be read."""
    plan = make_plan(file, settings)
    source = plan.open(file)
    table = profile_table(source, file=name, has_types=plan.has_types)
    profile = replace(
        table.profile,
        read_as=str(plan),
        truncation=plan.truncation,
        doubt=None if plan.truncation else plan.refusal,
        account=LineAccount.of(source, rows=table.profile.rows, rejects=table.profile.rejected),
    )
    return replace(table, profile=profile)


def with_references(table: ProfiledTable, catalog: Catalog, count_keys: CountKeys) -> Profile:
    """Add the columns whose values look like the key of a dataset. Raises what `count_keys` raises."""
    return replace(table.profile, references=tuple(possible_references(table, catalog, count_keys)))
