"""The format signature of a file: how its sender writes files, to be compared from one file to the next. Pure."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

import orjson

from shared.model.datasets import FormatName, ReadSettings
from shared.reading.read_plan import ReadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSignature:
    """The traits of one file; None is unknown: a file without quotes matches any quote."""

    format: FormatName
    encoding: str | None = None
    #: Other encodings that decode the file to the same text.
    same_encodings: tuple[str, ...] = ()
    delimiter: str | None = None
    quote: str | None = None
    has_header: bool = True

    @classmethod
    def of(cls, plan: ReadPlan) -> Self:
        """Return the signature of a file by its plan."""
        part = plan.parts[0]
        csv_format = part.csv_format
        if csv_format is None:
            return cls(format=part.format)
        return cls(
            format=part.format,
            encoding=None if csv_format.is_ascii else csv_format.dialect.encoding,
            same_encodings=csv_format.encoding.same,
            delimiter=csv_format.dialect.delimiter if csv_format.width > 1 else None,
            quote=csv_format.dialect.quote if csv_format.has_quotes else None,
            has_header=plan.has_header,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the result of `as_json`."""
        return cls(**orjson.loads(text))

    def as_json(self) -> str:
        """Serialize the signature for the ledger."""
        return orjson.dumps(asdict(self)).decode()

    def differences(self, earlier: Self, fixed: ReadSettings) -> Iterator[str]:
        """Describe the differences from an earlier file; fixed settings can't differ by a wrong guess."""
        if fixed.format is None and self.format != earlier.format:
            yield f"format {self.format} instead of {earlier.format}"
        for name in ("encoding", "delimiter", "quote"):
            ours, theirs = getattr(self, name), getattr(earlier, name)
            if name == "encoding" and not self._encodings.isdisjoint(earlier._encodings):
                continue
            if getattr(fixed, name) is None and None not in (ours, theirs) and ours != theirs:
                yield f"{name} {ours!r} instead of {theirs!r}"
        if fixed.header_lines is None and self.has_header != earlier.has_header:
            yield "a header where there was none" if self.has_header else "no header where there was one"

    @property
    def _encodings(self) -> frozenset[str | None]:
        return frozenset((self.encoding, *self.same_encodings))
