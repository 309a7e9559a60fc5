"""Identifies Office files without a readable table by their parts, so that the refusal says what to send instead."""

import struct
from collections.abc import Iterator
from typing import IO

from defusedxml.ElementTree import fromstring
from openpyxl.xml.constants import XLSM, XLSX, XLTM, XLTX

from shared.model.errors import FileRefused
from shared.reading.containers.archives import open_archive
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.magic import OLE_MAGIC

_CONTENT_TYPES = "[Content_Types].xml"
_WORKBOOKS = frozenset((XLSM, XLSX, XLTM, XLTX))
#: By the beginnings of the names of parts, and by the names of an OLE file's streams; the first match counts.
_PACKAGES = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "word/": "a text document (.docx)",
    "ppt/": "a presentation (.pptx)",
    "visio/": "a drawing (.vsdx)",
}
_OLE_FILES = {
    "EncryptedPackage": "a password-protected file",
    "WordDocument": "an old text document (.doc)",
    "PowerPoint Document": "an old presentation (.ppt)",
    "__properties_version1.0": "an e-mail (.msg)",
    "Workbook": "an old workbook (.xls)",
    "Book": "an old workbook (.xls)",
}
_EXPECTED = "expected a table; save it as .xlsx without a password, or as CSV"

_OLE_HEADER_BYTES, _OLE_ENTRY_BYTES = 512, 128
_OLE_FAT_SECTORS = 109
_OLE_SECTOR_SHIFTS = (9, 12)
_MAX_OLE_DIRECTORY_SECTORS = 64


def check_is_workbook(file: IO[bytes]) -> None:
    """Raise FileRefused (`format-error`) if an Office file is not a readable workbook."""
    with open_archive(file, DecompressionLimit()) as archive:
        names = archive.namelist()
        if _CONTENT_TYPES not in names:
            raise _refusal("an archive inside an archive")
        root = fromstring(archive.read(_CONTENT_TYPES))
    file.seek(0)
    if _WORKBOOKS.isdisjoint(part.get("ContentType") for part in root):
        kinds = (what for begin, what in _PACKAGES.items() if any(name.startswith(begin) for name in names))
        raise _refusal(next(kinds, "an Office file without a workbook"))


def refuse_ole(file: IO[bytes]) -> None:
    """Raise FileRefused (`format-error`) for an OLE file, whatever its content."""
    file.seek(0)
    if file.read(len(OLE_MAGIC)) == OLE_MAGIC:
        names = list(_ole_names(file))
        raise _refusal(
            next((what for name, what in _OLE_FILES.items() if name in names), "an OLE file without a table")
        )


def _refusal(what: str) -> FileRefused:
    return FileRefused("format-error", f"the file is {what}; {_EXPECTED}")


def _ole_names(file: IO[bytes]) -> Iterator[str]:
    """Yield the names of an OLE file's streams, as far as its directory can be read."""
    file.seek(0)
    header = file.read(_OLE_HEADER_BYTES)
    if len(header) < _OLE_HEADER_BYTES or header[30] not in _OLE_SECTOR_SHIFTS:
        return
    sector_bytes = 1 << header[30]
    fat = struct.unpack_from(f"<{_OLE_FAT_SECTORS}I", header, 76)
    (sector,) = struct.unpack_from("<I", header, 48)
    for _ in range(_MAX_OLE_DIRECTORY_SECTORS):
        data = _ole_sector(file, sector, sector_bytes)
        yield from map(_ole_name, _entries(data))
        place, index = divmod(sector, sector_bytes // 4)
        table = _ole_sector(file, fat[place], sector_bytes) if place < len(fat) else b""
        if len(data) < sector_bytes or len(table) < sector_bytes:
            return
        (sector,) = struct.unpack_from("<I", table, index * 4)


def _ole_sector(file: IO[bytes], number: int, sector_bytes: int) -> bytes:
    file.seek((number + 1) * sector_bytes)
    return file.read(sector_bytes)


def _entries(data: bytes) -> Iterator[bytes]:
    for begin in range(0, len(data) - _OLE_ENTRY_BYTES + 1, _OLE_ENTRY_BYTES):
        yield data[begin : begin + _OLE_ENTRY_BYTES]


def _ole_name(entry: bytes) -> str:
    (length_bytes,) = struct.unpack_from("<H", entry, 64)
    return entry[: max(0, min(64, length_bytes) - 2)].decode("utf-16-le", "replace")
