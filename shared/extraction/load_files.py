"""The files of loads: what has been claimed, archived or rejected, under which names and in which folders."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import IO

from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_names import ClaimedName, displayed, finished_name, new_token, number_of, shortened
from shared.extraction.regular_files import open_regular
from shared.runtime.files import DataFolder, sync_folder, write_atomically


class LoadFiles:
    """Moves files by their loads. Where nothing else is said, OSError is raised where a folder does not let it."""

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
        original = shortened(source.name)
        claimed = ClaimedName(load_id=load_id, token=new_token(), dataset=dataset, bounds=bounds, original=original)
        source.rename(self.path(claimed))

    def claim_again(self, claimed: ClaimedName, *, load_id: int) -> ClaimedName:
        """Make a claimed file that of a new load."""
        again = replace(claimed, load_id=load_id, token=new_token())
        self.path(claimed).rename(self.path(again))
        return again

    def archive(self, claimed: ClaimedName) -> None:
        """Put a file into the archive; nothing happens where it is there already."""
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
        """Open the archived file of a load, which had that path below the inbox. FileRefused where it is no file."""
        return open_regular(self._archive / finished_name(load_id, shortened(PurePath(file).name)))

    def archived(self) -> Iterator[tuple[int, Path]]:
        """Yield the number of its load and the path of each archived file, in the order of the loads."""
        names = sorted((number, name) for name in os.listdir(self._archive) if (number := number_of(name)))
        return ((number, self._archive / name) for number, name in names)

    def take_back(self, claimed: ClaimedName, *, is_its_own: Callable[[Path], bool]) -> str | None:
        """Make a file claimed once more that was archived or rejected; return in which folder it was, if in any."""
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
