"""Names that files get: a claimed file's name holds all that is needed to resume its load. Pure."""

import codecs
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from shared.extraction.chunks import ChunkBounds

#: A name in a folder may have 255 bytes; ours add at most 120 to the file's own.
_MAX_NAME_BYTES = 130
_MAX_ENDING_BYTES = 20
_TOKEN_BYTES = 8
_CLAIMED = re.compile(r"([0-9]{1,18})\.(?:([0-9a-f]{16})\.)?([a-z][a-z0-9_]*|-)\.([0-9]+)r([0-9]+)b\.(.+)", re.DOTALL)
#: The number stands before the ending, where there is one; the ending itself may be a number, too.
_FINISHED = re.compile(r".*\.([0-9]{1,12})\.[^.]*|.*\.([0-9]{1,12})", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedName:
    """What the name of a file in processing/ says."""

    load_id: int
    #: Tells the load from any other that ever has its number; empty where the claim is of a version without tokens.
    token: str
    #: None for a file that fits no dataset.
    dataset: str | None
    bounds: ChunkBounds
    #: The name that the file had in the inbox, shortened if it was very long.
    original: str

    def __str__(self) -> str:
        load = ".".join(filter(None, [f"{self.load_id:010d}", self.token]))
        return f"{load}.{self.dataset or '-'}.{self.bounds.rows}r{self.bounds.bytes}b.{self.original}"

    @property
    def finished(self) -> str:
        """The name that it gets in archive/ or rejected/: the load's number before the ending."""
        return finished_name(self.load_id, self.original)

    @property
    def rejects(self) -> str:
        """The name of the file with the load's rejected rows."""
        return f"{self.original}.{self.load_id}.csv"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a name in processing/; None for a file that is not ours."""
        match = _CLAIMED.fullmatch(name)
        if match is None:
            return None
        load_id, token, dataset, rows, size, original = match.groups()
        claimed = cls(
            load_id=int(load_id),
            token=token or "",
            dataset=None if dataset == "-" else dataset,
            bounds=ChunkBounds(int(rows), int(size)),
            original=original,
        )
        return claimed if str(claimed) == name else None


def new_token() -> str:
    """Make a token for a load."""
    return secrets.token_hex(_TOKEN_BYTES)


def finished_name(load_id: int, original: str) -> str:
    """Return the name that a load's file gets in archive/ or rejected/."""
    path = PurePath(original)
    return f"{path.stem}.{load_id}{path.suffix}"


def shortened(name: str) -> str:
    """Return a name short enough to be claimed, with its ending."""
    if len(os.fsencode(name)) <= _MAX_NAME_BYTES:
        return name
    ending = os.fsencode(PurePath(name).suffix)
    if len(ending) > _MAX_ENDING_BYTES:
        ending = b""
    begin = os.fsencode(name)[: _MAX_NAME_BYTES - len(ending)]
    # Not to end in the middle of a character: some file systems refuse names that are not UTF-8.
    _, whole = codecs.utf_8_decode(begin, "surrogateescape")
    return os.fsdecode(begin[:whole] + ending)


def displayed(path: str) -> str:
    """Return a path fit for tables and logs: control characters and bytes that are not UTF-8 as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def original_of(name: str) -> str:
    """Return the name of a finished file without its load's number."""
    match = _FINISHED.fullmatch(name)
    if match is None:
        return name
    start, end = match.span(match.lastindex or 0)
    return name[: start - 1] + name[end:]


def number_of(name: str) -> int:
    """Return the load number in the name of a claimed or finished file; 0 if there is none."""
    claimed = ClaimedName.parse(name)
    if claimed is not None:
        return claimed.load_id
    match = _FINISHED.fullmatch(name)
    return int(match[match.lastindex or 0]) if match else 0
