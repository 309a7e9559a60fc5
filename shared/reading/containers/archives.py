"""Reads the members of a zip archive. Their names are shown to people, and never used as paths."""

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

#: The directory is read as a whole: so much of it describes some ten thousand members.
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
    _expansion: DecompressionLimit

    def open(self) -> Readable:
        """Begin to read it. FileRefused, here or while reading, where it is damaged or too much comes out."""
        with refusing_damage():
            return _MemberBytes(self._archive.open(self._info), self._expansion)


class _MemberBytes:
    def __init__(self, file: IO[bytes], expansion: DecompressionLimit) -> None:
        self._file = file
        self._expansion = expansion

    def read(self, size_bytes: int, /) -> bytes:
        with refusing_damage():
            data = self._file.read(size_bytes)
        self._expansion.give_out(len(data))
        return data


class _BoundedReads(io.BufferedIOBase):
    """A file of which no huge piece can be read at once, as a directory that lies about its size asks for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise FileRefused("compression-bomb", "the archive's directory is too large; send fewer files in one")
        return self._file.read(_MAX_DIRECTORY_BYTES if size is None or size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET and offset < 0:
            # An OSError of a real file would say that it can't be read just now.
            raise zipfile.BadZipFile("a member begins before the file")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def open_archive(file: IO[bytes], expansion: DecompressionLimit) -> zipfile.ZipFile:
    """Open a zip file, and count its size as what goes in. FileRefused where its directory is missing or wrong."""
    expansion.take_in(file.seek(0, io.SEEK_END))
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


def members_of(file: IO[bytes], expansion: DecompressionLimit) -> list[Member]:
    """List the files of an archive in its order, without folders and hidden ones, for one reading.

    FileRefused where there is none (`blank-header`), where one is encrypted or the archive damaged
    (`compression-error`, `truncated-file`), or where members share their bytes (`compression-bomb`).
    """
    archive = open_archive(file, expansion)
    infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
    if not infos:
        raise FileRefused("blank-header", "the zip archive holds no file; expected one with a table")
    _refuse_document(archive, infos)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise FileRefused("compression-error", f"{info.filename!r} is encrypted; send it without a password")
    return [Member(info.filename, archive, info, expansion) for info in infos]


def _refuse_document(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse what says of itself that it is one document, such as a sheet of OpenDocument or a book."""
    for info in infos:
        if info.filename == "mimetype":
            with refusing_damage(), archive.open(info) as member:
                kind = member.read(_MAX_MIME_TYPE).decode("ascii", "replace").strip()
            raise FileRefused("format-error", f"the file is a document of the type {kind}; save it as .xlsx or CSV")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn what zipfile raises for a damaged archive into FileRefused."""
    try:
        yield
    except _DAMAGED as error:
        raise FileRefused("compression-error", f"the zip archive is damaged: {error}; send it again") from error


def _check_apart(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: thousands of them can unpack the same ones."""
    for before, info in pairwise(sorted(infos, key=lambda info: info.header_offset)):
        if info.header_offset < before.header_offset + before.compress_size:
            raise FileRefused("compression-bomb", f"{info.filename!r} overlaps another file of the archive")


def _is_hidden(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith(".") or "__MACOSX" in path.parts
