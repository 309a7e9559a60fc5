"""The files of loads: the names and folders in which they are claimed, archived and rejected.

A claimed file's name holds all that is needed to resume its load.
"""

import codecs
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import IO, Self

from shared.extraction.chunks import ChunkBounds
from shared.extraction.regular_files import open_regular
from shared.runtime.files import DataFolder, sync_folder, write_atomically

#: A name in a folder may have 255 bytes; ours add at most 120 to the file's own.
_MAX_NAME_BYTES = 130
_MAX_ENDING_BYTES = 20
_TOKEN_BYTES = 8
_CLAIMED = re.compile(r"([0-9]{1,18})\.(?:([0-9a-f]{16})\.)?([a-z][a-z0-9_]*|-)\.([0-9]+)r([0-9]+)b\.(.+)", re.DOTALL)
#: The number comes before the ending, if there is one; the ending itself may be a number, too.
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


class LoadFiles:
    """Moves files by their loads. Unless documented otherwise, OSError is raised if a folder does not permit it."""

    def __init__(self, folder: DataFolder) -> None:
        self._processing = folder.processing
        self._archive = folder.archive
        self._rejected = folder.rejected

    def claimed(self) -> list[ClaimedName]:
        """List the files whose loads are not done."""
        names = os.listdir(self._processing)
        return [claimed for name in names if (claimed := ClaimedName.parse(name)) is not None]

    def path(self, claimed: ClaimedName) -> Path:
        """Return where a file is from its claim until its load is done."""
        return self._processing / str(claimed)

    def claim(self, source: Path, *, load_id: int, dataset: str | None, bounds: ChunkBounds) -> None:
        """Take a file as that of a new load."""
        self._claim(source, shortened(source.name), load_id=load_id, dataset=dataset, bounds=bounds)

    def claim_archived(self, source: Path, *, load_id: int, dataset: str, bounds: ChunkBounds) -> None:
        """Take an archived file as that of a new load, perhaps under the number that it had."""
        self._claim(source, original_of(source.name), load_id=load_id, dataset=dataset, bounds=bounds)

    def _claim(self, source: Path, original: str, *, load_id: int, dataset: str | None, bounds: ChunkBounds) -> None:
        claimed = ClaimedName(load_id=load_id, token=new_token(), dataset=dataset, bounds=bounds, original=original)
        source.rename(self.path(claimed))

    def claim_again(self, claimed: ClaimedName, *, load_id: int) -> ClaimedName:
        """Make a claimed file that of a new load."""
        again = replace(claimed, load_id=load_id, token=new_token())
        self.path(claimed).rename(self.path(again))
        return again

    def archive(self, claimed: ClaimedName) -> None:
        """Move a file into the archive; nothing happens if it is there already."""
        _move(self.path(claimed), self._archive / claimed.finished)

    def reject(self, claimed: ClaimedName, *, reason: str | None, message: str | None) -> None:
        """Put a refused file beside its reason; nothing happens where it is there already."""
        source, target = self.path(claimed), self._rejected / claimed.finished
        if os.path.lexists(source):
            text = f"{displayed(claimed.original)}: {message}\nreason: {reason}\nload: {claimed.load_id}\n"
            write_atomically(target.with_name(f"{target.name}.reason.txt"), text.encode())
            _move(source, target)

    def rejected_rows(self, claimed: ClaimedName) -> Path:
        """Return where the file of a load's rejected rows belongs."""
        return self._rejected / claimed.rejects

    def open_archived(self, load_id: int, file: str) -> IO[bytes]:
        """Open the archived file of a load, which had that path below the inbox. FileRefused if it is not a file."""
        return open_regular(self._archive / finished_name(load_id, shortened(PurePath(file).name)))

    def archived(self) -> Iterator[tuple[int, Path]]:
        """Yield the number of its load and the path of each archived file, in the order of the loads."""
        names = sorted((number, name) for name in os.listdir(self._archive) if (number := number_of(name)))
        return ((number, self._archive / name) for number, name in names)

    def take_back(self, claimed: ClaimedName, *, is_its_own: Callable[[Path], bool]) -> str | None:
        """Claim a file again that was archived or rejected; return the folder that it was in, or None."""
        for folder in (self._archive, self._rejected):
            path = folder / claimed.finished
            if is_its_own(path):
                path.rename(self.path(claimed))
                return folder.name
        return None

    def highest_number(self) -> int:
        """Return the highest number of a load that any file has; 0 where there is none."""
        folders = (self._processing, self._archive, self._rejected)
        return max((number_of(name) for folder in folders for name in os.listdir(folder)), default=0)

    def sync(self) -> None:
        """Have the moves on the disk."""
        for folder in (self._archive, self._rejected, self._processing):
            sync_folder(folder)


def _move(source: Path, target: Path) -> None:
    """Rename; nothing happens where the file was moved already, even if a network file system says otherwise."""
    try:
        source.rename(target)
    except OSError:
        if os.path.lexists(source):
            raise
