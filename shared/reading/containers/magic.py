"""Recognizes the format of a file by its content. A file name proves nothing."""

from typing import IO, Literal

from shared.reading.containers.archives import open_archive
from shared.reading.containers.compression import compression_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.decompressors import Compression

ContentType = Compression | Literal["zip", "excel", "parquet"]

_MAGIC_BYTES = 8
#: The beginning of old .xls files, and of .xlsx files with a password.
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def content_type_of(file: IO[bytes]) -> ContentType | None:
    """Return the type of a seekable file, and seek to its start; None if it must be text, including JSON.

    Raises FileRefused if a zip archive has no valid directory.
    """
    file.seek(0)
    start = file.read(_MAGIC_BYTES)
    kind = _kind(file, start)
    file.seek(0)
    return kind


def _kind(file: IO[bytes], start: bytes) -> ContentType | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # Every Office file is a zip archive with this member.
        names = open_archive(file, DecompressionLimit()).namelist()
        return "excel" if "[Content_Types].xml" in names else "zip"
    if start.startswith(OLE_MAGIC):
        return "excel"
    if start.startswith((b"PAR1", b"PARE")):
        return "parquet"
    return compression_of(start)
