"""Opens the contents of a file: its own bytes, its decompressed bytes, or the members of an archive."""

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

#: Bytes that do not occur in text; tabs, line ends and control characters used as delimiters are not among them.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\x01\t\n\x0b\x0c\r\x1b\x1c\x1d\x1e\x1f"})
#: The maximum share of them in a text: a few stray ones are faults of their rows.
_FEW_CONTROLS, _MAX_CONTROLS = 32, 0.02
#: Text documents that are not a table, by their beginnings: some programs name them like a workbook, some servers send
#: one instead of a file. Column names may be in angle brackets, too, but are followed by a delimiter.
_DOCUMENTS = {
    "a web page or XML": re.compile(
        rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|\?xml|(?:html|head|body|meta|style|script|table|div|span|center|font|p|h[1-6])"
        rb"\b(?![^>]*>[ \t]*[,;\t|]))",
        re.IGNORECASE,
    ),
    "a web page in an e-mail (MHTML)": re.compile(
        rb"(?:\xef\xbb\xbf)?MIME-Version:[^\r\n]*\r?\n[\w-]+:", re.IGNORECASE
    ),
    # A table may begin with the names ID and P..., but has no line with a cell and its position.
    "a workbook in SYLK": re.compile(rb"ID;P.*[\r\n]C;(?:[XY]\d+;)+[KE]", re.DOTALL),
    "a PDF document": re.compile(rb"%PDF-\d"),
    "an RTF document": re.compile(rb"\{\\rtf\d"),
}

Container = Compression | Literal["zip"]


def container_and_format(file: IO[bytes]) -> tuple[Container | None, FormatName | None]:
    """Return the container of the tables, and their format if the file itself shows it."""
    kind = content_type_of(file)
    if kind == "excel":
        return None, "xlsx"
    if kind == "parquet":
        return None, "parquet"
    return kind, None


def contents_of(file: IO[bytes], container: Container | None) -> Iterator[Readable]:
    """Open the contents in order; each must be read before the next one. Raises FileRefused if one is damaged."""
    file.seek(0)
    if container is None:
        yield file
    elif container == "zip":
        for member in members_of(file, DecompressionLimit()):
            yield member.open()
    else:
        yield Decompressed(file, container, DecompressionLimit())


def format_of(head: bytes) -> FormatName:
    """Return the format of a content by its beginning. Raises FileRefused if it is neither text nor a known format."""
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
