"""A file that somebody renames into the inbox and goes on writing, through the handle that they have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from shared.storage.ledger.loads import Load
from verification.drops import Drop


@dataclass(frozen=True, slots=True)
class LateRows:
    """The handle, and what is still to come through it."""

    drop: Drop
    file: IO[bytes]
    rest: bytes


def as_loaded(late: Iterable[Drop], loads: Iterable[Load]) -> Iterator[Drop]:
    """Return what such files must come to: one load of all their rows, perhaps after one of any part of them.

    Which of the two, the claim decides: whether it came before the late rows or after them. One that went back is in
    its dataset's folder; a crash may forget that.
    """
    known = list(loads)
    for drop in late:
        files = [load.file for load in known if load.file in (drop.name, f"{drop.dataset}/{drop.name}")]
        for file in files[:-1]:
            yield replace(drop, name=file, is_changed=True)
        yield replace(drop, name=files[-1] if files else drop.name)
