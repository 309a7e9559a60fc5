"""How one file is read: found out once, and then good for reading it any number of times."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import IO

from shared.errors import FileRefused
from shared.reader.csv_table import CsvTable
from shared.reader.samples import sample_of
from shared.reader.settings import FormatName, ReadSettings
from shared.reader.sources import RecordSource
from shared.reader.truncation import truncation_of
from shared.reader.understanding import LEAST_CONFIDENCE, Understanding, understand

_WHERE = "… in the dataset's [read] table of inflow.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a file is read."""

    format: FormatName
    #: Of CSV alone.
    understanding: Understanding | None = None
    #: What is missing of the file's end; None where it is whole, as far as can be known.
    truncation: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is RFC 4180 in UTF-8, not compressed, with a header line and nothing else."""
        return self.understanding is not None and self.understanding.is_plain

    @property
    def confidence(self) -> float:
        """From 0 to 1."""
        return 1.0 if self.understanding is None else self.understanding.confidence

    def open(self, file: IO[bytes]) -> RecordSource:
        """Begin to read. FileRefused where the header can't be read."""
        file.seek(0)
        assert self.understanding is not None
        return CsvTable(file, self.understanding)

    def check(self) -> None:
        """Raise FileRefused where nobody should rely on it: the file is cut, or may be meant otherwise."""
        if self.truncation is not None:
            raise FileRefused("truncated-file", f"{self.truncation}; expected a whole file: send it again")
        if self.understanding is not None:
            _check_confidence(self.understanding)

    def __str__(self) -> str:
        return str(self.understanding) if self.understanding else self.format


def make_plan(file: IO[bytes], settings: ReadSettings, *, expected: Collection[str] = ()) -> Plan:
    """Find out how to read an open file; `expected` are names of columns of which its header has some.

    FileRefused where that can't be found out.
    """
    sample = sample_of(file)
    understanding = understand(sample, settings, expected=expected)
    return Plan(
        format="csv",
        understanding=understanding,
        truncation=truncation_of(sample, understanding),
    )


def _check_confidence(understanding: Understanding) -> None:
    if understanding.encoding_confidence < LEAST_CONFIDENCE:
        names = " or ".join([understanding.dialect.encoding, *understanding.other_encodings])
        raise FileRefused("encoding-error", f"the encoding is not clear: {names}; fix it by encoding = {_WHERE}")
    if understanding.dialect_confidence < LEAST_CONFIDENCE:
        dialects = [understanding.dialect, *understanding.other_dialects]
        names = " or ".join(repr(dialect.delimiter) for dialect in dialects)
        raise FileRefused("dialect-error", f"the delimiter is not clear: {names}; fix it by delimiter = {_WHERE}")
