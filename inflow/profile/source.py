"""Opens the table of a file for one reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inflow.read_options import open_given
from shared.extraction.regular_files import open_regular
from shared.model.datasets import ReadSettings
from shared.reading.detector import make_plan
from shared.reading.sources import RecordSource


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTable:
    """A table that can be read, and how that came about."""

    source: RecordSource
    read_as: str
    #: Whether the format itself has numbers and dates.
    has_types: bool
    #: What is missing of the file's end; None where it is whole, as far as can be known.
    truncation: str | None
    #: Why a load would refuse it all the same.
    doubt: str | None


@contextmanager
def open_table(path: Path, settings: ReadSettings) -> Iterator[OpenTable]:
    """Open a file of any format. FileRefused or OSError where it can't be read."""
    # A pipe that nobody writes to would hold a look for ever; standard input is asked for by name.
    with open_given(path) if str(path) == "-" else open_regular(path) as file:
        plan = make_plan(file, settings)
        source = plan.open(file)
        yield OpenTable(
            source=source,
            read_as=str(plan),
            has_types=plan.has_types,
            truncation=plan.truncation,
            doubt=None if plan.truncation else plan.refusal,
        )
