"""Dry-runs a file: reads and types it as a load would, without loading it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

from shared.extraction.chunks import ChunkBounds, cut_chunks
from shared.extraction.dataset_match import dataset_of
from shared.extraction.header import Header, check_nameless, header_of
from shared.model.datasets import NOTHING_FIXED, Catalog, Dataset, ReadSettings
from shared.model.errors import FileRefused, RequestError
from shared.model.reasons import Reason
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something suspicious in a column that does not reject a row."""

    column: str
    code: str
    message: str
    #: The number of such values; the line and the text of the first one.
    count: int = 0
    line: int
    text: str
    #: The text as it was probably meant; None if it has no other meaning.
    meant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The findings, up to the point where reading ended."""

    dataset: Dataset | None
    #: Why the file would be refused, as code and message; None if it would be loaded.
    refusal: tuple[Reason, str] | None
    plan: ReadPlan | None
    header: Header | None
    #: The column names in the file.
    names: Sequence[str]
    row_count: int
    first_rows: Sequence[tuple[int, TypedRow]]
    rejected_count: int
    #: The first ones.
    rejections: Sequence[Rejection]
    #: None unless all rows were read.
    account: LineAccount | None
    #: One per column and code.
    remarks: Sequence[Remark]

    @property
    def is_sound(self) -> bool:
        """Whether every row would be loaded."""
        return self.refusal is None and self.rejected_count == 0


def choose_dataset(catalog: Catalog, *, name: str | None, file: str) -> Dataset | FileRefused:
    """Return the dataset with this name, or without a name, the one that the file matches; or why there is none.

    Raises RequestError if there is no dataset of this name.
    """
    if name is not None:
        if name not in catalog.datasets:
            raise RequestError(f"no dataset {name!r}; expected one of {', '.join(catalog.datasets)}")
        return catalog.datasets[name]
    try:
        return catalog.datasets[dataset_of(file, catalog.datasets)]
    except FileRefused as error:
        return error


def check_file(file: IO[bytes], dataset: Dataset | FileRefused, fixed: ReadSettings) -> Findings:
    """Read an open file to its end as the watcher would, and type its rows as the writer would.

    `fixed` takes precedence over the settings of the dataset. Without a dataset, only the format is detected.
    """
    check = _Check(dataset if isinstance(dataset, Dataset) else None)
    try:
        check.read(file, fixed)
        refusal = dataset if isinstance(dataset, FileRefused) else None
    except FileRefused as error:
        refusal = error
    return check.findings(refusal)


class _Check:
    """The findings of one file, as they are collected."""

    def __init__(self, dataset: Dataset | None) -> None:
        self._dataset = dataset
        self._plan: ReadPlan | None = None
        self._header: Header | None = None
        self._names: list[str] = []
        self._row_count = self._rejected_count = 0
        self._first_rows: list[tuple[int, TypedRow]] = []
        self._rejections: list[Rejection] = []
        self._account: LineAccount | None = None
        self._remarks: dict[tuple[str, str], Remark] = {}

    def findings(self, refusal: FileRefused | None) -> Findings:
        """Return the findings."""
        return Findings(
            dataset=self._dataset,
            refusal=(refusal.code, str(refusal)) if refusal else None,
            plan=self._plan,
            header=self._header,
            names=self._names,
            row_count=self._row_count,
            first_rows=self._first_rows,
            rejected_count=self._rejected_count,
            rejections=self._rejections,
            account=self._account,
            remarks=list(self._remarks.values()),
        )

    def read(self, file: IO[bytes], fixed: ReadSettings) -> None:
        """Read the file to its end. Raises FileRefused if a load would refuse it."""
        dataset = self._dataset
        plan = self._plan = make_plan(
            file,
            fixed.over(dataset.read if dataset is not None else NOTHING_FIXED),
            expected=dataset.expected_labels if dataset else (),
            declared=dataset.labels if dataset else None,
        )
        plan.check()
        table = plan.open(file)
        self._names = table.header
        if dataset is not None:
            self._read_rows(file, dataset, plan, table)

    def _read_rows(self, file: IO[bytes], dataset: Dataset, plan: ReadPlan, table: RecordSource) -> None:
        if not plan.has_header and dataset.read.header_lines is None:
            check_nameless(table, dataset)
            table = plan.open(file)
        header = self._header = header_of(table, plan, dataset)
        chunks = cut_chunks(
            table, iter(table), _BOUNDS, load_id=0, dataset=dataset.name, header=header.names, declared=dataset.labels
        )
        for chunk in chunks:
            self._add_rows(dataset, chunk, row_count=chunk.row_count)
        rejects = self._rejected_count
        self._account = LineAccount.of(table, rows=self._row_count - rejects, rejects=rejects)

    def _add_rows(self, dataset: Dataset, chunk: RawRows, *, row_count: int) -> None:
        typed = type_chunk(dataset, chunk)
        self._row_count += row_count
        self._first_rows += typed.rows[: _FIRST_ROWS - len(self._first_rows)]
        self._rejected_count += len(typed.rejections)
        self._rejections += typed.rejections[: _MAX_SHOWN_REJECTIONS - len(self._rejections)]
        self._add_remarks(chunk)
        self._note_total(chunk)

    def _note_total(self, chunk: RawRows) -> None:
        """Point out a total in the last row; one in an earlier row no longer counts."""
        column = chunk.header[0]
        self._remarks.pop((column, TOTAL_ROW), None)
        if chunk.rows and is_total(chunk.rows[-1]):
            text = ", ".join(filter(None, chunk.rows[-1]))
            self._remarks[column, TOTAL_ROW] = Remark(
                column=column, code=TOTAL_ROW, message=MESSAGE, count=1, line=chunk.lines[-1], text=text
            )

    def _add_remarks(self, chunk: RawRows) -> None:
        """Point out text that was garbled by a wrong encoding before it was written into the file."""
        for line, row in zip(chunk.lines, chunk.rows, strict=True):
            for column, text in zip(chunk.header, row, strict=False):
                fault = garbled(text)
                if fault is None:
                    continue
                remark = self._remarks.get((column, fault.code)) or Remark(
                    column=column, code=fault.code, message=fault.message, line=line, text=text, meant=repaired(text)
                )
                self._remarks[column, fault.code] = replace(remark, count=remark.count + 1)
