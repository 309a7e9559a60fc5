"""What a rival is given, and what it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Table

#: The line that a rival's process says when everything is prepared; a line of input lets it go on.
READY = "ready"

#: Does all of the work, reading the files included; what it returns after is committed.
Load = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Files of people, and the empty table that they belong into; the places are in theirs."""

    url: URL
    files: Sequence[Path]
    table: Table
    #: The columns that the file does not have, and what to put there.
    constants: dict[str, int]


Prepare = Callable[[Job], Load]
