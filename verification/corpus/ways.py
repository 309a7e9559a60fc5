"""Sends files three ways: read, proposed and loaded, declared and loaded.

python -m verification.corpus.ways prints how many of the files of `silence` were right, refused and wrong.
"""

import argparse
import contextlib
import csv
import io
import json
import re
import sqlite3
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, NamedTuple

from inflow import cli
from tests.support.command import Inflow
from verification.corpus.silence import Sent, sent_files, trouble_files

#: "rejected": all that is stored is right, and each row that is missing is a reject.
Verdict = Literal["right", "refused", "rejected", "wrong"]
_SHORT_YEAR = re.compile(r"(\d\d)\.(\d\d)\.(\d\d)")
#: Two digits of a year above it are of the last century: these files have no date to come.
_LAST_YEAR = 29
_MAX_LENGTH, _KEY_LENGTH, _MAX_ROW_CHARACTERS = 2000, 250, 15_000


class Outcome(NamedTuple):
    """What became of one file in one way."""

    file: str
    way: str
    verdict: Verdict
    #: Why it is refused, or what is wrong.
    detail: str


class _Printed(NamedTuple):
    code: int
    out: str
    err: str


def main() -> None:
    """Print a line for each file that was not read right, and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", default="abcde", help="a file of each kind is made for each of them")
    letters = parser.parse_args().letters
    with tempfile.TemporaryDirectory() as folder:
        found = [*outcomes([*trouble_files(), *sent_files(letters)], Path(folder))]
    for outcome in found:
        if outcome.verdict != "right":
            print(f"{outcome.verdict:8} {outcome.way:9} {outcome.file:34} {outcome.detail[:150]}")
    for way in ("read", "proposed", "declared"):
        counts = Counter(outcome.verdict for outcome in found if outcome.way == way)
        print(f"{way:9} {counts.total()} files: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))


def outcomes(files: Sequence[Sent], folder: Path) -> Iterator[Outcome]:
    """Send every file every way."""
    originals = folder / "originals"
    originals.mkdir()
    for file in files:
        (originals / file.name).write_bytes(file.content)
    for file in files:
        yield _read(originals / file.name, file)
    proposals = {file.name: _inflow("profile", str(originals / file.name), "--toml") for file in files}
    yield from _load(folder / "proposed", files, {name: (p.out, p.err) for name, p in proposals.items()}, "proposed")
    yield from _load(folder / "declared", files, {file.name: (_declared(file), "") for file in files}, "declared")


def _inflow(*arguments: str) -> _Printed:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(arguments)
    out.seek(0)
    return _Printed(code, out.read(), err.getvalue())


def _read(path: Path, file: Sent) -> Outcome:
    printed = _inflow("read", str(path))
    refusal = re.search("a load would refuse it: (.*)", printed.err)
    if refusal is not None or (printed.code and not printed.out):
        return Outcome(file.name, "read", "refused", refusal[1] if refusal else printed.err)
    header, *rows = csv.reader(io.StringIO(printed.out, newline=""))
    header = [*map(str.strip, header)]
    columns = [header.index(label) for label in file.labels if label in header]
    shown = [[cells[column] for column in columns] for cells in rows]
    has_names = len(columns) == len(file.labels) or not file.rows
    detail = _difference(shown, file.rows) or ("" if has_names else f"names: {header}")
    return Outcome(file.name, "read", "wrong" if detail else "right", detail)


def _declared(file: Sent) -> str:
    name = Path(file.name).stem
    columns_of_rows = [*zip(*file.rows, strict=True)] or [()]
    key = next((n for n, cells in enumerate(columns_of_rows) if len({*cells}) == len(cells)), 0)
    length = min(_MAX_LENGTH, _MAX_ROW_CHARACTERS // len(file.labels))
    columns = "".join(
        f'c{n} = {{ type = "text", length = {_KEY_LENGTH if n == key else length}, label = {json.dumps(label)} }}\n'
        for n, label in enumerate(file.labels)
    )
    return f'[datasets.{name}]\nfiles = ["{file.name}"]\nkey = ["c{key}"]\n\n[datasets.{name}.columns]\n{columns}'


def _load(folder: Path, files: Sequence[Sent], sections: dict[str, tuple[str, str]], way: str) -> Iterator[Outcome]:
    """Load the files that have a dataset, in one run."""
    datasets = {name: tomllib.loads(section)["datasets"] for name, (section, _) in sections.items() if section}
    keyed = {name: next(iter(each.values())) for name, each in datasets.items() if _has_key(each)}
    loaded = [file for file in files if file.name in keyed]
    inflow = Inflow(folder)
    (folder / "inflow.toml").write_text("\n".join(sections[file.name][0] for file in loaded))
    for file in loaded:
        (inflow.inbox / file.name).write_bytes((file.later or file).content)
    ran = inflow.run()
    status = inflow("loads", "--json").stdout
    loads = {load["file"]: load for load in (json.loads(status) if status else [])}
    with contextlib.closing(sqlite3.connect(folder / "data" / "inflow.db")) as database:
        for file in files:
            if file.name not in keyed:
                yield Outcome(file.name, way, "refused", sections[file.name][1] or "no key")
            elif file.name not in loads:
                yield Outcome(file.name, way, "wrong", f"not loaded: {ran.stderr[-200:]}")
            else:
                yield _judge(file.later or file, way, loads[file.name], keyed[file.name], database)


def _has_key(datasets: dict[str, Any]) -> bool:
    return any("key" in each for each in datasets.values())


def _judge(
    file: Sent, way: str, load: dict[str, Any], dataset: dict[str, Any], database: sqlite3.Connection
) -> Outcome:
    if load["state"] == "refused":
        return Outcome(file.name, way, "refused", str(load["reason"]))
    if load["state"] != "archived":
        return Outcome(file.name, way, "wrong", f"{load['state']}: {load}")
    names = {settings.get("label", name).strip(): name for name, settings in dataset["columns"].items()}
    labels = [label for label in file.labels if label in names]
    columns = ", ".join(f'"{names[label]}"' for label in labels)
    stored = database.execute(f'SELECT {columns} FROM "{Path(file.name).stem.lower()}"').fetchall() if labels else []
    wanted = [[cells[file.labels.index(label)] for label in labels] for cells in file.rows]
    detail = _difference(stored, wanted) or ("" if labels or not file.rows else f"columns: {[*names]}")
    if detail and load["rejected"] and _are_among(stored, wanted):
        return Outcome(file.name, way, "rejected", f"{load['rejected']} rows: {detail}")
    return Outcome(file.name, way, "wrong" if detail else "right", detail)


def _are_among(found: Sequence[Sequence[object]], wanted: Sequence[Sequence[object]]) -> bool:
    return {tuple(map(_value, cells)) for cells in found} <= {tuple(map(_value, cells)) for cells in wanted}


def _difference(found: Sequence[Sequence[object]], wanted: Sequence[Sequence[object]]) -> str:
    """Say which rows are too many and which are missing; as often as they come is another matter."""
    have, want = {tuple(map(_value, cells)) for cells in found}, {tuple(map(_value, cells)) for cells in wanted}
    if have == want:
        return ""
    return f"{len(have)} rows, not {len(want)}; too many: {[*have - want][:2]}; missing: {[*want - have][:2]}"


def _value(cell: object) -> object:
    """A value as it is meant, however it is written."""
    text = "" if cell is None else str(cell).strip()
    short = _SHORT_YEAR.fullmatch(text)
    if short is not None:
        return f"{'20' if int(short[3]) <= _LAST_YEAR else '19'}{short[3]}-{short[2]}-{short[1]}"
    if text.isalpha() or (text.startswith(("+", "0")) and len(text) > 1 and text[1].isdigit()):
        return text
    for ending in ("T00:00:00", " 00:00:00", " 00:00:00.000000"):
        text = text.removesuffix(ending)
    if ":" in text:
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(text).isoformat()
    with contextlib.suppress(InvalidOperation):
        return Decimal(re.sub(r"[ \u202f\xa0]", "", text).replace(",", "."))
    return text


if __name__ == "__main__":
    main()
