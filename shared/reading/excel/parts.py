"""Checks the parts of a workbook before it is read: openpyxl loads some parts whole, and sheets row by row."""

import re
import zipfile
from typing import IO

from shared.model.errors import FileRefused
from shared.reading.containers.archives import open_archive, refusing_damage
from shared.reading.containers.decompression_limit import DecompressionLimit

_MIB = 1 << 20
_SHEETS = "xl/worksheets/"
_SHARED_TEXTS = "xl/sharedStrings.xml"
_MAX_SHARED_TEXTS_BYTES = 64 * _MIB
_MAX_PART_BYTES = 16 * _MIB
#: The maximum in Excel.
MAX_ROWS = 1_048_576
#: The maximum size of XML without the beginning of a row: 16,384 cells take about 1 MiB.
_MAX_ROW_BYTES = 4 * _MIB
_ROW = re.compile(rb"<row[ >/\t\r\n]")
_BLOCK_BYTES = 64 * 1024
#: A cell with a formula but without its result. A formula with an empty text as its result has t="str".
_NO_RESULT = re.compile(rb'<c (?![^>]*\bt="str")[^>]*+><f[^>]*+(?:(?<=/)>|>[^<]*+</f>)(?:<v ?/>|<v></v>)?</c>')
_MAX_CELL_BYTES = 16 * 1024


def check_parts(file: IO[bytes], limit: DecompressionLimit) -> None:
    """Read a workbook's sheets once, as bytes. Raises FileRefused if it is too large or values are missing.

    `compression-bomb` and `row-too-large`: it is too large; `format-error`: formulas have no results, as in workbooks
    that another program wrote and no spreadsheet program calculated; `compression-error`: it is damaged.
    """
    with open_archive(file, limit) as archive:
        for info in archive.infolist():
            limit.add_output(info.file_size)
            if info.filename.startswith(_SHEETS):
                _check_sheet(archive, info)
            else:
                _check_size(info)
    file.seek(0)


def _check_size(info: zipfile.ZipInfo) -> None:
    max_bytes = _MAX_SHARED_TEXTS_BYTES if info.filename == _SHARED_TEXTS else _MAX_PART_BYTES
    if info.file_size > max_bytes:
        raise FileRefused(
            "compression-bomb",
            f"{info.filename!r} in the workbook has {info.file_size // _MIB} MiB; expected at most"
            f" {max_bytes // _MIB}; save the sheet as CSV",
        )


def _check_sheet(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    row_count, row_bytes, carried = 0, 0, b""
    with refusing_damage(), archive.open(info) as sheet:
        while block := sheet.read(_BLOCK_BYTES):
            text = carried + block
            begins = [row.start() for row in _ROW.finditer(text)]
            row_count += sum(begin >= len(carried) for begin in begins)
            row_bytes = len(text) - begins[-1] if begins else row_bytes + len(block)
            if row_bytes > _MAX_ROW_BYTES or row_count > MAX_ROWS:
                raise _too_large(info)
            _check_results(text, info)
            carried = text[-_MAX_CELL_BYTES:]


def _too_large(info: zipfile.ZipInfo) -> FileRefused:
    message = f"{info.filename!r} has more than {MAX_ROWS} rows, or one of more than {_MAX_ROW_BYTES} bytes of XML"
    return FileRefused("row-too-large", message)


def _check_results(text: bytes, info: zipfile.ZipInfo) -> None:
    if cell := _NO_RESULT.search(text):
        shown = cell[0][:80].decode("utf-8", "replace")
        raise FileRefused(
            "format-error",
            f"{info.filename!r} has formulas without their results ({shown}); save it in a spreadsheet program",
        )
