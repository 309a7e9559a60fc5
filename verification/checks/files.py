"""Checks the data folder: the archive, the rejects with their reasons, and the bytes of the summary."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from shared.runtime.files import DataFolder
from verification.checks.expected import Expected, Loaded

_REPORT_COLUMNS = ("load", "line", "byte_offset", "column", "code", "message")


def file_problems(folder: DataFolder, expected: Expected) -> Iterator[str]:
    """Yield the errors of all files."""
    for place in (folder.inbox, folder.processing):
        files = (path for path in sorted(place.rglob("*")) if not path.is_dir())
        yield from (f"{place.name}/ still holds {path.relative_to(place)}" for path in files)
    yield from (f"{path.name} was left in the data folder" for path in sorted(folder.root.glob(".inflow-*.tmp")))
    yield from _archive_problems(_contents(folder.archive), expected)
    yield from _rejected_problems(_contents(folder.rejected), expected)
    yield from _summary_problems(folder, expected)


def _archive_problems(found: Mapping[str, bytes], expected: Expected) -> Iterator[str]:
    loaded = (each for each in expected.loaded if each.drop.refused is None and not each.drop.is_changed)
    wanted = {_finished(each): each.drop.content for each in loaded}
    yield from _differences("archive", found, wanted)


def _rejected_problems(found: Mapping[str, bytes], expected: Expected) -> Iterator[str]:
    refused = [each for each in expected.loaded if each.drop.refused is not None]
    with_rejects = {
        f"{PurePath(each.drop.name).name}.{each.load.load_id}.csv": each for each in expected.loaded if each.rejects
    }
    reasons = {f"{_finished(each)}.reason.txt": each for each in refused}
    files = {_finished(each): each.drop.content for each in refused}
    others = {name: content for name, content in found.items() if name not in with_rejects and name not in reasons}
    yield from _differences("rejected", others, files)
    for name, each in reasons.items():
        if f"\nreason: {each.drop.refused}\n" not in found.get(name, b"").decode():
            yield f"rejected/{name} does not say {each.drop.refused}: {found.get(name)!r}"
    for name, each in with_rejects.items():
        yield from _rejects_file_problems(name, found.get(name), each)


def _rejects_file_problems(name: str, content: bytes | None, loaded: Loaded) -> Iterator[str]:
    if content is None:
        yield f"rejected/ lacks {name}, the rejected rows of load {loaded.load.load_id}"
        return
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    if header != [*loaded.drop.header, *_REPORT_COLUMNS]:
        yield f"rejected/{name} has the header {header}"
    width, load = len(loaded.drop.header), f"{loaded.load.load_id}-{loaded.load.token}"
    wanted = [
        [*_as_wide(r.cells, width), load, str(r.line), _offset(loaded, r.line), r.column, r.code]
        for r in sorted(loaded.rejects)
    ]
    if [row[:-1] for row in rows] != wanted or not all(row[-1] for row in rows):
        yield f"rejected/{name} has the rows {rows}; expected {wanted}, each with a message"


def _offset(loaded: Loaded, line: int) -> str:
    before = loaded.drop.content.splitlines(keepends=True)[: line - 1]
    return str(sum(map(len, before)))


def _as_wide(cells: tuple[str, ...], width: int) -> list[str]:
    """Return the cells as in a rejects file: surplus ones joined in the last column, missing ones empty."""
    padded = [*cells, *[""] * (width - len(cells))]
    return [*padded[: width - 1], ",".join(padded[width - 1 :])]


def _summary_problems(folder: DataFolder, expected: Expected) -> Iterator[str]:
    for summary in expected.model.catalog.summaries:
        wanted = expected.model.summary(summary)
        path = folder.root / summary.file
        found = path.read_bytes() if path.exists() else None
        if found != wanted:
            yield f"{summary.file} is {found!r}; expected {wanted!r}"


def _differences(place: str, found: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> Iterator[str]:
    yield from (f"{place}/ has {name}, which does not belong there" for name in sorted(found.keys() - wanted.keys()))
    yield from (f"{place}/ lacks {name}" for name in sorted(wanted.keys() - found.keys()))
    for name in sorted(wanted.keys() & found.keys()):
        if found[name] != wanted[name]:
            yield f"{place}/{name} is not what was dropped"


def _finished(loaded: Loaded) -> str:
    path = PurePath(loaded.drop.name)
    return f"{path.stem}.{loaded.load.load_id}{path.suffix}"


def _contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}
