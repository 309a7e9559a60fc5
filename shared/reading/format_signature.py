"""How the files of one sender are written, to be compared from one file to the next. Pure."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

import orjson

from shared.model.datasets import FormatName, ReadSettings
from shared.reading.read_plan import ReadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSignature:
    """What one file shows; None where it does not: a file without quotes goes with any."""

    format: FormatName
    encoding: str | None = None
    #: Other encodings that read the file alike.
    same_encodings: tuple[str, ...] = ()
    delimiter: str | None = None
    quote: str | None = None
    has_header: bool = True

    @classmethod
    def of(cls, plan: ReadPlan) -> Self:
        """Return what a file's plan shows."""
        part = plan.parts[0]
        understanding = part.understanding
        if understanding is None:
            return cls(format=part.format)
        return cls(
            format=part.format,
            encoding=None if understanding.is_ascii else understanding.dialect.encoding,
            same_encodings=understanding.encoding.same,
            delimiter=understanding.dialect.delimiter if understanding.width > 1 else None,
            quote=understanding.dialect.quote if understanding.has_quotes else None,
            has_header=plan.has_header,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `as_json` wrote."""
        return cls(**orjson.loads(text))

    def as_json(self) -> str:
        """Write it for the ledger."""
        return orjson.dumps(asdict(self)).decode()

    def differences(self, earlier: Self, fixed: ReadSettings) -> Iterator[str]:
        """Say what is otherwise than in an earlier file, in words; what is fixed can't differ by a guess."""
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
