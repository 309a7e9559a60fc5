"""A mutant: the product with one promise taken out of its code, and the runs in which that must show."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """One place in the product's code; `original` is found there exactly once."""

    file: str
    original: str
    changed: str

    def apply(self, root: Path) -> None:
        """Change the file; ValueError where the place is not there any more."""
        path = root / self.file
        text = path.read_text()
        if text.count(self.original) != 1:
            raise ValueError(f"{self.file} has {text.count(self.original)} times, not once: {self.original!r}")
        path.write_text(text.replace(self.original, self.changed))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run of one layer: its arguments after `python -m verification.LAYER`, if it has any."""

    layer: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """What is broken, and where it must be caught: by the first of the attempts, or by one of those that follow."""

    name: str
    edits: tuple[Edit, ...]
    attempts: tuple[Attempt, ...]
