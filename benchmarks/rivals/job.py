"""The input of a rival, and the protocol with its process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Table

#: The line that a rival's process prints when it is ready; a line of input then starts it.
READY = "ready"

#: Does all of the work, including reading the files; returns after the commit.
Load = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Files of people, and the empty table for them; the places are already loaded."""

    url: URL
    files: Sequence[Path]
    table: Table
    #: The columns that the file lacks, and their values.
    constants: dict[str, int]


Prepare = Callable[[Job], Load]
