"""Opens what is inside of a file: its own bytes, what comes out of compressed ones, or the members of an archive."""

import re
from collections.abc import Iterator
from typing import IO, Literal

from shared.datasets import FormatName
from shared.errors import FileRefused
from shared.reader.archives import members_of
from shared.reader.blocks import Readable
from shared.reader.compression import Decompressed
from shared.reader.decompressors import Compression
from shared.reader.expansion import Expansion
from shared.reader.json_records import json_layout
from shared.reader.magic import kind_of

#: Bytes that no text has, but for tabs, line ends and what serves as a delimiter.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\x01\t\n\x0b\x0c\r\x1b\x1c\x1d\x1e\x1f"})
#: Some stray ones are faults of their rows.
_FEW_CONTROLS, _MOST_CONTROLS = 32, 0.02
#: How a web page or an XML file begins: some programs call a web page .xls, some servers send one instead of a file.
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|\?xml|html|table)\b", re.IGNORECASE)

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
    """Tell the format of a content by its beginning. FileRefused where it is neither text nor any that is known."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(_FEW_CONTROLS, _MOST_CONTROLS * len(head)):
        raise FileRefused("format-error", "the file is not text; expected CSV, JSON, Excel (.xlsx) or Parquet")
    if _MARKUP.match(head):
        raise FileRefused("format-error", "the file is a web page or XML; expected CSV, JSON, Excel (.xlsx) or Parquet")
    return json_layout(head) or "csv"
