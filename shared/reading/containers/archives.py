"""Reads the members of a zip archive. Their names are only displayed, never used as paths."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import IO

from shared.model.errors import FileRefused
from shared.reading.blocks import Readable
from shared.reading.containers.decompression_limit import DecompressionLimit

#: The directory is read as a whole: this size is enough for some ten thousand members.
_MAX_DIRECTORY_BYTES = 1 << 20
_ENCRYPTED = 0x1
_MAX_MIME_TYPE = 200
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    _archive: zipfile.ZipFile
    _info: zipfile.ZipInfo
    _limit: DecompressionLimit

    def open(self) -> Readable:
        """Begin to read it. Raises FileRefused, here or while reading, if it is damaged or its content is too large."""
        with refusing_damage():
            return _MemberBytes(self._archive.open(self._info), self._limit)


class _MemberBytes:
    def __init__(self, file: IO[bytes], limit: DecompressionLimit) -> None:
        self._file = file
        self._limit = limit

    def read(self, size_bytes: int, /) -> bytes:
        with refusing_damage():
            data = self._file.read(size_bytes)
        self._limit.add_output(len(data))
        return data


class _BoundedReads(io.BufferedIOBase):
    """A file that refuses huge reads, which a directory with a false size would cause."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise FileRefused("compression-bomb", "the archive's directory is too large; send fewer files in one")
        return self._file.read(_MAX_DIRECTORY_BYTES if size is None or size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET and offset < 0:
            # An OSError would mean that the file can't be read at the moment.
            raise zipfile.BadZipFile("a member begins before the file")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def open_archive(file: IO[bytes], limit: DecompressionLimit) -> zipfile.ZipFile:
    """Open a zip file, and count its size as input. Raises FileRefused if its directory is missing or wrong."""
    limit.add_input(file.seek(0, io.SEEK_END))
    file.seek(0)
    try:
        with refusing_damage():
            archive = zipfile.ZipFile(_BoundedReads(file))
    except FileRefused as error:
        if "not a zip file" not in str(error):
            raise
        raise FileRefused("truncated-file", "the zip archive has no directory at its end; send it again") from error
    if any(info.header_offset < 0 for info in archive.infolist()):
        raise FileRefused("compression-error", "the zip archive is damaged: its beginning is missing; send it again")
    _check_apart(archive.infolist())
    return archive


def members_of(file: IO[bytes], limit: DecompressionLimit) -> list[Member]:
    """List the files of an archive in its order, without folders and hidden files, to be read once.

    Raises FileRefused if there is none (`blank-header`), if one is encrypted or the archive is damaged
    (`compression-error`, `truncated-file`), or if members share bytes (`compression-bomb`).
    """
    archive = open_archive(file, limit)
    infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
    if not infos:
        raise FileRefused("blank-header", "the zip archive holds no file; expected one with a table")
    _refuse_document(archive, infos)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise FileRefused("compression-error", f"{info.filename!r} is encrypted; send it without a password")
    return [Member(info.filename, archive, info, limit) for info in infos]


def _refuse_document(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that declares itself one document, such as an OpenDocument spreadsheet or an e-book."""
    for info in infos:
        if info.filename == "mimetype":
            with refusing_damage(), archive.open(info) as member:
                kind = member.read(_MAX_MIME_TYPE).decode("ascii", "replace").strip()
            raise FileRefused("format-error", f"the file is a document of the type {kind}; save it as .xlsx or CSV")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Convert the errors of zipfile for a damaged archive to FileRefused."""
    try:
        yield
    except _DAMAGED as error:
        raise FileRefused("compression-error", f"the zip archive is damaged: {error}; send it again") from error


def _check_apart(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: thousands of them could unpack the same bytes."""
    for before, info in pairwise(sorted(infos, key=lambda info: info.header_offset)):
        if info.header_offset < before.header_offset + before.compress_size:
            raise FileRefused("compression-bomb", f"{info.filename!r} overlaps another file of the archive")


def _is_hidden(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith(".") or "__MACOSX" in path.parts
