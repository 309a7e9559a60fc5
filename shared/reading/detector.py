"""Detects how a file is to be read, in steps, so that other files do not wait for a large one."""

from collections.abc import Collection, Generator, Iterable, Iterator
from typing import IO, TYPE_CHECKING

from shared.model.datasets import FormatName, ReadSettings
from shared.model.errors import FileRefused
from shared.model.reject_files import is_reject_file
from shared.reading.blocks import Readable
from shared.reading.containers.contents import Container, container_and_format, contents_of, format_of
from shared.reading.detection.csv_format import detect_csv_format, fixed_encoding
from shared.reading.detection.samples import HEAD_BYTES, FileSample, StreamSample, sample_of
from shared.reading.detection.sheet_doubts import MAX_JUDGED_RECORDS
from shared.reading.detection.truncation import truncation_of
from shared.reading.encodings.wide_encodings import is_wide, marked_encoding, unmarked_wide_encoding
from shared.reading.joined_tables import require_same_columns
from shared.reading.read_plan import Part, ReadPlan

if TYPE_CHECKING:
    from shared.model.unreadable_rows import UnreadableRow
    from shared.reading.sources import Record

_RECORDS_OF_A_STEP = 1000
_AS_WE_WRITE = ReadSettings(format="csv", skip_lines=0, header_lines=1, footer_lines=0)


class Detector:
    """Examines an open file. For plain CSV, its beginning and its end suffice.

    Only the end of any other file shows whether it is complete: it is read once to its end, before any row is used.
    """

    def __init__(
        self,
        file: IO[bytes],
        settings: ReadSettings,
        *,
        expected: Collection[str] = (),
        declared: Collection[str] | None = None,
    ) -> None:
        """`expected` are column names, some of which the file's header has.

        `declared` are the names of the columns to be read; None: all of them.
        """
        self._file = file
        # The settings describe the dataset's own files, not the rejects files that we write.
        self._settings = _AS_WE_WRITE if is_reject_file(_first_line(file)) else settings
        self._expected = expected
        self._declared = None if declared is None else frozenset(declared)
        self._plan: ReadPlan | None = None
        self._steps = self._work()

    @property
    def plan(self) -> ReadPlan:
        """The result, once there are no more steps."""
        if self._plan is None:
            raise RuntimeError("the detection is not finished")
        return self._plan

    def advance(self) -> bool:
        """Run one step; return False if none is left. Raises FileRefused if the file can't be read."""
        for _ in self._steps:
            return True
        return False

    def _work(self) -> Iterator[None]:
        container, file_format = container_and_format(self._file)
        wanted = file_format or self._settings.format
        if wanted in ("xlsx", "parquet") and container is None:
            parts = [self._binary(wanted)]
        else:
            parts = yield from self._parts(container)
        if any(part.format != "csv" for part in parts):
            parts = yield from _read_all(parts, contents_of(self._file, container))
        self._plan = ReadPlan(container=container, parts=parts)

    def _parts(self, container: Container | None) -> Generator[None, None, list[Part]]:
        parts = []
        for content in contents_of(self._file, container):
            sample = sample_of(self._file) if container is None else (yield from _sampled(content))
            parts.append(self._part(sample))
        if len({part.format for part in parts}) > 1:
            raise FileRefused("format-error", "the files in the archive have different formats; send them separately")
        return parts

    def _binary(self, part_format: FormatName) -> Part:
        settings = self._settings
        return Part(
            format=part_format,
            sheet=settings.sheet,
            skip_lines=settings.skip_lines,
            expected=frozenset(self._expected),
            declared=self._declared,
        )

    def _part(self, sample: FileSample) -> Part:
        wide = self._wide_encoding(sample.head)
        head = sample.head.decode(wide, "replace").encode() if wide else sample.head
        part_format = self._settings.format or format_of(head)
        if part_format != "csv":
            if part_format in ("xlsx", "parquet"):
                return self._binary(part_format)
            return Part(format=part_format, encoding=wide or "utf-8")
        csv_format = detect_csv_format(sample, self._settings, expected=self._expected)
        return Part(format="csv", csv_format=csv_format, truncation=truncation_of(sample, csv_format))

    def _wide_encoding(self, head: bytes) -> str | None:
        """Return the encoding if its line ends have more than one byte; otherwise None."""
        fixed = self._settings.encoding
        encoding = fixed_encoding(head, fixed) if fixed else marked_encoding(head) or unmarked_wide_encoding(head)
        return encoding if encoding is not None and is_wide(encoding) else None


def make_plan(
    file: IO[bytes],
    settings: ReadSettings,
    *,
    expected: Collection[str] = (),
    declared: Collection[str] | None = None,
) -> ReadPlan:
    """Detect how to read an open file, in one go. Raises FileRefused if that fails."""
    survey = Detector(file, settings, expected=expected, declared=declared)
    while survey.advance():
        pass
    return survey.plan


def _first_line(file: IO[bytes]) -> bytes:
    file.seek(0)
    line = file.readline(HEAD_BYTES)
    file.seek(0)
    return line


def _sampled(content: Readable) -> Generator[None, None, FileSample]:
    sampling = StreamSample(content)
    while sampling.advance():
        yield
    return sampling.sample


def _read_all(parts: Iterable[Part], contents: Iterator[Readable]) -> Generator[None, None, list[Part]]:
    """Read every content to its end; add to the parts the column names that are known only there."""
    complete: list[Part] = []
    first: list[str] | None = None
    for part, content in zip(parts, contents, strict=True):
        table = part.open(content)
        first_records: list[Record | UnreadableRow] = []
        for number, record in enumerate(table):
            if number < MAX_JUDGED_RECORDS:
                first_records.append(record)
            if number % _RECORDS_OF_A_STEP == 0:
                yield
        complete.append(part.completed(table, first_records))
        header = complete[-1].names or table.header
        require_same_columns(header, header if first is None else first)
        first = first or header
    return complete
