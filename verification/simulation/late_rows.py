"""Files that are renamed into the inbox and then written further through an open handle."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from shared.storage.ledger.loads import Load
from verification.drops import Drop


@dataclass(frozen=True, slots=True)
class LateRows:
    """The handle, and the content still to be written through it."""

    drop: Drop
    file: IO[bytes]
    rest: bytes


def as_loaded(late: Iterable[Drop], loads: Iterable[Load]) -> Iterator[Drop]:
    """Return the expected drops of such files: one load of all rows, perhaps after a load of any part of them.

    There are two if the claim came before the late rows. A returned file is in its dataset's folder, unless a crash
    has lost that.
    """
    known = list(loads)
    for drop in late:
        files = [load.file for load in known if load.file in (drop.name, f"{drop.dataset}/{drop.name}")]
        for file in files[:-1]:
            yield replace(drop, name=file, is_changed=True)
        yield replace(drop, name=files[-1] if files else drop.name)
