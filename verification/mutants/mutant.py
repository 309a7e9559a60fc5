"""A mutant: the product with one promise removed from its code, and the runs that must detect that."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """One place in the product's code, in which `original` occurs exactly once."""

    file: str
    original: str
    changed: str

    def apply(self, root: Path) -> None:
        """Change the file; raises ValueError if the place no longer exists."""
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
    """The change, and the attempts to catch it; one of them must succeed."""

    name: str
    edits: tuple[Edit, ...]
    attempts: tuple[Attempt, ...]
