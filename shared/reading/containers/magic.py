"""Tells the format of a file by its content. A name proves nothing."""

from typing import IO, Literal

from shared.reading.containers.archives import open_archive
from shared.reading.containers.compression import compression_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.decompressors import Compression

ContentType = Compression | Literal["zip", "excel", "parquet"]

_MAGIC_BYTES = 8
#: Of old .xls files, and of .xlsx files with a password.
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def content_type_of(file: IO[bytes]) -> ContentType | None:
    """Name what a seekable file is, and go back to its start; None for what must be text, JSON included.

    FileRefused where a zip archive has no sound directory.
    """
    file.seek(0)
    start = file.read(_MAGIC_BYTES)
    kind = _kind(file, start)
    file.seek(0)
    return kind


def _kind(file: IO[bytes], start: bytes) -> ContentType | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # Every Office file is an archive with this member.
        names = open_archive(file, DecompressionLimit()).namelist()
        return "excel" if "[Content_Types].xml" in names else "zip"
    if start.startswith(OLE_MAGIC):
        return "excel"
    if start.startswith((b"PAR1", b"PARE")):
        return "parquet"
    return compression_of(start)
