"""Opens what is inside of a file: its own bytes, what comes out of compressed ones, or the members of an archive."""

import re
from collections.abc import Iterator
from typing import IO, Literal

from shared.model.datasets import FormatName
from shared.model.errors import FileRefused
from shared.reading.blocks import Readable
from shared.reading.containers.archives import members_of
from shared.reading.containers.compression import Decompressed
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.decompressors import Compression
from shared.reading.containers.magic import content_type_of
from shared.reading.json.records import json_layout

#: Bytes that no text has, but for tabs, line ends and what serves as a delimiter.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\x01\t\n\x0b\x0c\r\x1b\x1c\x1d\x1e\x1f"})
#: Some stray ones are faults of their rows.
_FEW_CONTROLS, _MAX_CONTROLS = 32, 0.02
#: Documents that are text and not a table, by their beginnings: some programs give them the name of a workbook, some
#: servers send one instead of a file. Names of columns may be in angle brackets, too, but have a delimiter behind them.
_DOCUMENTS = {
    "a web page or XML": re.compile(
        rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|\?xml|(?:html|head|body|meta|style|script|table|div|span|center|font|p|h[1-6])"
        rb"\b(?![^>]*>[ \t]*[,;\t|]))",
        re.IGNORECASE,
    ),
    "a web page in an e-mail (MHTML)": re.compile(
        rb"(?:\xef\xbb\xbf)?MIME-Version:[^\r\n]*\r?\n[\w-]+:", re.IGNORECASE
    ),
    # A table may begin with the names ID and P..., but has no line of a cell with its place.
    "a workbook in SYLK": re.compile(rb"ID;P.*[\r\n]C;(?:[XY]\d+;)+[KE]", re.DOTALL),
    "a PDF document": re.compile(rb"%PDF-\d"),
    "an RTF document": re.compile(rb"\{\\rtf\d"),
}

Container = Compression | Literal["zip"]


def look_into(file: IO[bytes]) -> tuple[Container | None, FormatName | None]:
    """Say what holds the tables, and their format where the file itself shows it."""
    kind = content_type_of(file)
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
        for member in members_of(file, DecompressionLimit()):
            yield member.open()
    else:
        yield Decompressed(file, container, DecompressionLimit())


def format_of(head: bytes) -> FormatName:
    """Tell the format of a content by its beginning. FileRefused where it is neither text nor any that is known."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    for name, beginning in _DOCUMENTS.items():
        if beginning.match(head):
            raise FileRefused("format-error", f"the file is {name}; expected CSV, JSON, Excel (.xlsx) or Parquet")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(_FEW_CONTROLS, _MAX_CONTROLS * len(head)):
        raise FileRefused("format-error", "the file is not text; expected CSV, JSON, Excel (.xlsx) or Parquet")
    return json_layout(head) or "csv"
