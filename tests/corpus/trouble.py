"""Delimited files as real senders send them, rebuilt small, with the number of rows that a careful person reads."""

import csv
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

from shared.datasets import NOTHING_FIXED, ReadSettings
from tests.corpus.cases import Answer, Case, refused
from tests.corpus.reading import read

_FOLDER = Path(__file__).parent / "trouble_files"
#: In the column `rows`: the file is not a table.
_REFUSED = "refused"
_NUMBERS = frozenset(each.name for each in fields(ReadSettings) if each.name.endswith("_lines"))


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
    with (_FOLDER / "answers.csv").open(newline="") as file:
        return [
            Known(line["file"], None if line["rows"] == _REFUSED else int(line["rows"]), _settings(line["fixed"]))
            for line in csv.DictReader(file)
        ]


def cases() -> Iterator[Case]:
    """Each file as a case of which nothing is fixed."""
    for known in known_files():
        yield Case(name=known.name, content=known.content, answer=known.answer)


def _settings(text: str) -> ReadSettings:
    """Settings from `name=value name=value`."""
    pairs = (each.split("=") for each in text.split())
    return replace(NOTHING_FIXED, **{name: int(value) if name in _NUMBERS else value for name, value in pairs})
