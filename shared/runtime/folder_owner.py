"""The owner of a data folder: a second installation must not overwrite the first one's summaries."""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from shared.model.errors import FolderTaken
from shared.runtime.files import DataFolder, read_whole, write_atomically

_NAME = ".installation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An installation, and the address of its database without user and password."""

    installation_id: str
    database: str


def own_folder(folder: DataFolder, owner: Owner) -> None:
    """Record the folder's owner; only the folder's one watcher does so. Raises FolderTaken."""
    if require_own_folder(folder, owner) != owner:
        write_atomically(folder.root / _NAME, orjson.dumps(asdict(owner)))


def require_own_folder(folder: DataFolder, owner: Owner) -> Owner | None:
    """Return the folder's recorded owner, None if there is none; raises FolderTaken if it is another installation.

    Another installation at the same address is the same database after it was emptied, and keeps the folder. The same
    installation at another address is a database that was moved.
    """
    path = folder.root / _NAME
    found = _read(path)
    if found is not None and found.installation_id != owner.installation_id and found.database != owner.database:
        raise FolderTaken(
            f"the data folder {folder.root} belongs to another installation, {found.installation_id} with the database"
            f" {found.database}; this one is {owner.installation_id} with {owner.database}. Set another folder with"
            f" INFLOW_DATA or --data; if the other installation no longer exists, remove {path}"
        )
    return found


def _read(path: Path) -> Owner | None:
    written = read_whole(path)
    if written is None:
        return None
    try:
        content = orjson.loads(written)
        return Owner(installation_id=str(content["installation_id"]), database=str(content["database"]))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise FolderTaken(f"{path} was not written by Inflow ({error}); remove it") from error
