"""Delimited files as sent by real senders, rebuilt in small, with their correct number of rows."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from verification.corpus.cases import Answer, Case, refused
from verification.corpus.reading import read

_FOLDER = Path(__file__).parent / "trouble_files"


class Known(NamedTuple):
    """A file and its correct reading; `rows` is None if it is not a table."""

    name: str
    rows: int | None
    #: Settings needed for Inflow to read these rows; empty if it detects them.
    settings: ReadSettings

    @property
    def content(self) -> bytes:
        return (_FOLDER / self.name).read_bytes()

    @property
    def answer(self) -> Answer:
        """The rows as read with the settings."""
        return refused("format-error") if self.rows is None else read(self.content, self.settings)


def known_files() -> list[Known]:
    """Return every file of the folder."""
    answers = tomllib.loads((_FOLDER / "answers.toml").read_text())
    return [
        Known(name, answer.get("rows"), replace(NOTHING_FIXED, **answer.get("fixed", {})))
        for name, answer in answers.items()
    ]


def cases() -> Iterator[Case]:
    """Return each file as a case without settings."""
    for known in known_files():
        yield Case(name=known.name, content=known.content, answer=known.answer)
