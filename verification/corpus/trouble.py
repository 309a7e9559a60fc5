"""Delimited files as real senders send them, rebuilt small, with the number of rows that a careful person reads."""

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
    """A file, and what a person says of it; `rows` is None where it is not a table."""

    name: str
    rows: int | None
    #: What has to be fixed for Inflow to read these rows; nothing where it finds out by itself.
    settings: ReadSettings

    @property
    def content(self) -> bytes:
        return (_FOLDER / self.name).read_bytes()

    @property
    def answer(self) -> Answer:
        """The rows, as read under the settings."""
        return refused("format-error") if self.rows is None else read(self.content, self.settings)


def known_files() -> list[Known]:
    """Every file of the folder."""
    answers = tomllib.loads((_FOLDER / "answers.toml").read_text())
    return [
        Known(name, answer.get("rows"), replace(NOTHING_FIXED, **answer.get("fixed", {})))
        for name, answer in answers.items()
    ]


def cases() -> Iterator[Case]:
    """Each file as a case of which nothing is fixed."""
    for known in known_files():
        yield Case(name=known.name, content=known.content, answer=known.answer)
