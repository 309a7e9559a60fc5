"""What would become of a file, found out without loading it."""

from dataclasses import dataclass, field
from typing import IO

from shared.extraction.chunks import ChunkBounds, cut_chunks
from shared.extraction.header import Header, check_nameless, header_of
from shared.model.datasets import NOTHING_FIXED, Dataset, ReadSettings
from shared.model.errors import FileRefused
from shared.model.rows import RawRows, Rejection, TypedRow, type_chunk
from shared.reading.detector import make_plan
from shared.reading.garbled_text import garbled, repaired
from shared.reading.line_account import LineAccount
from shared.reading.read_plan import ReadPlan
from shared.reading.sources import RecordSource
from shared.reading.total_rows import CODE as TOTAL_ROW
from shared.reading.total_rows import MESSAGE, is_total

_BOUNDS = ChunkBounds(1000, 1 << 20)
_FIRST_ROWS = 5
_MAX_SHOWN_REJECTIONS = 100


@dataclass(slots=True, kw_only=True)
class Remark:
    """Something suspicious about a column that rejects no row."""

    column: str
    code: str
    message: str
    #: How many values, and the first of them: its line, and the text.
    count: int = 0
    line: int
    text: str
    #: None where it is meant as it is.
    meant: str | None = None


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that was found out, as far as it came."""

    #: Why the file would be refused, by code and message; None where it would be loaded.
    refusal: tuple[str, str] | None = None
    plan: ReadPlan | None = None
    header: Header | None = None
    #: The file's own names, where it fits no dataset.
    names: list[str] = field(default_factory=list)
    row_count: int = 0
    first_rows: list[tuple[int, TypedRow]] = field(default_factory=list)
    rejected_count: int = 0
    #: The first ones.
    rejections: list[Rejection] = field(default_factory=list)
    #: Once all rows were read.
    account: LineAccount | None = None
    #: By column and code.
    remarks: dict[tuple[str, str], Remark] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether every row would be loaded."""
        return self.refusal is None and self.rejected_count == 0


def check_file(file: IO[bytes], dataset: Dataset | None, fixed: ReadSettings) -> Findings:
    """Read an open file to its end as the watcher would, and type its rows as the writer would.

    What is `fixed` goes before what the dataset fixes. Without a dataset, it is seen how the file is read, and no more.
    """
    findings = Findings()
    settings = fixed.over(dataset.read if dataset is not None else NOTHING_FIXED)
    try:
        findings.plan = make_plan(
            file,
            settings,
            expected=dataset.expected_labels if dataset else (),
            declared=dataset.labels if dataset else None,
        )
        findings.plan.check()
        table = findings.plan.open(file)
        findings.names = table.header
        if dataset is not None:
            _check_rows(file, dataset, findings, table)
    except FileRefused as error:
        findings.refusal = (error.code, str(error))
    return findings


def _check_rows(file: IO[bytes], dataset: Dataset, findings: Findings, table: RecordSource) -> None:
    if findings.plan is not None and not findings.plan.has_header and dataset.read.header_lines is None:
        check_nameless(table, dataset)
        table = findings.plan.open(file)
    findings.header = header_of(table, findings.plan, dataset) if findings.plan else None
    names = findings.header.names if findings.header else []
    chunks = cut_chunks(
        table, iter(table), _BOUNDS, load_id=0, dataset=dataset.name, header=names, declared=dataset.labels
    )
    for chunk in chunks:
        typed = type_chunk(dataset, chunk)
        findings.row_count += chunk.row_count
        findings.first_rows += typed.rows[: _FIRST_ROWS - len(findings.first_rows)]
        findings.rejected_count += len(typed.rejections)
        findings.rejections += typed.rejections[: _MAX_SHOWN_REJECTIONS - len(findings.rejections)]
        _add_remarks(findings, chunk)
        _note_total(findings, chunk)
    rejected = findings.rejected_count
    findings.account = LineAccount.of(table, rows=findings.row_count - rejected, rejects=rejected)


def _note_total(findings: Findings, chunk: RawRows) -> None:
    """Point out a total as the last row: what was one before is not the last one any more."""
    column = chunk.header[0]
    findings.remarks.pop((column, TOTAL_ROW), None)
    if chunk.rows and is_total(chunk.rows[-1]):
        text = ", ".join(filter(None, chunk.rows[-1]))
        findings.remarks[column, TOTAL_ROW] = Remark(
            column=column, code=TOTAL_ROW, message=MESSAGE, count=1, line=chunk.lines[-1], text=text
        )


def _add_remarks(findings: Findings, chunk: RawRows) -> None:
    """Point out text that was decoded wrongly before it was written into the file."""
    for line, row in zip(chunk.lines, chunk.rows, strict=True):
        for column, text in zip(chunk.header, row, strict=False):
            fault = garbled(text)
            if fault is None:
                continue
            remark = findings.remarks.get((column, fault.code)) or Remark(
                column=column, code=fault.code, message=fault.message, line=line, text=text, meant=repaired(text)
            )
            remark.count += 1
            findings.remarks[column, fault.code] = remark
