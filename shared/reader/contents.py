"""Opens what is inside of a file: its own bytes, what comes out of compressed ones, or the members of an archive."""

from collections.abc import Iterator
from typing import IO, Literal

from shared.datasets import FormatName
from shared.reader.archives import members_of
from shared.reader.blocks import Readable
from shared.reader.compression import Decompressed
from shared.reader.decompressors import Compression
from shared.reader.expansion import Expansion
from shared.reader.json_records import json_layout
from shared.reader.magic import kind_of

Container = Compression | Literal["zip"]


def look_into(file: IO[bytes]) -> tuple[Container | None, FormatName | None]:
    """Say what holds the tables, and their format where the file itself shows it."""
    kind = kind_of(file)
    if kind == "excel":
        return None, "xlsx"
    if kind == "parquet":
        return None, "parquet"
    return kind, None


def contents_of(file: IO[bytes], container: Container | None) -> Iterator[Readable]:
    """Open one content after the other, each to be read before the next one. FileRefused where one is damaged."""
    file.seek(0)
    if container is None:
        yield file
    elif container == "zip":
        for member in members_of(file, Expansion()):
            yield member.open()
    else:
        yield Decompressed(file, container, Expansion())


def format_of(head: bytes) -> FormatName:
    """Tell the format of a content by its beginning."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    return json_layout(head) or "csv"
