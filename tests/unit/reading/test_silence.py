"""G12: each line of any file is a row, a reject, or named, and a load reads what `inflow read` reads."""

from io import BytesIO
from pathlib import Path

from shared.extraction.chunks import ChunkBounds
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import NOTHING_FIXED, Column, Dataset
from shared.model.errors import FileRefused
from shared.model.rows import type_chunk
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.table_rows import rows_of
from tests.support.extraction import extract, file_at
from verification.corpus.accounts import faults_of
from verification.corpus.layouts import generated_layout

SEEDS = range(600)
#: Lines, and rejects, of rows: what a file is made of.
_Found = tuple[dict[int, list[str]], set[int]]


def test_each_line_of_any_file_is_accounted_for_and_a_load_reads_the_same(tmp_path: Path) -> None:
    compared = sum(_is_the_same_to_read_and_to_a_load(generated_layout(seed).content, tmp_path) for seed in SEEDS)

    assert compared > len(SEEDS) / 3


def test_a_delimiter_behind_the_last_name_is_one_to_a_load_as_well(tmp_path: Path) -> None:
    assert _is_the_same_to_read_and_to_a_load(b"id,name,\n1,Ann\n2,Bob\n3,Cy\n", tmp_path)


def _is_the_same_to_read_and_to_a_load(content: bytes, folder: Path) -> bool:
    """Whether it could be compared: a load refuses what it can't be sure of."""
    header, found, account, is_sure = _read(content, ())
    names = [*filter(None, map(str.strip, header))]
    if len(set(names)) < len(names) or len(names) < len(header):
        return False
    dataset = Dataset(
        name="any",
        files=("*",),
        columns=tuple(
            Column(name=f"c{number}", type="text", length=2000, label=name) for number, name in enumerate(names)
        ),
        key=("c0",),
    )
    (folder / "any.csv").write_bytes(content)
    bounds = ChunkBounds(rows=7, bytes=999)
    try:
        chunks, extracted = extract(file_at(folder / "any.csv", dataset, bounds=bounds))
    except FileRefused:
        return False
    loaded, lines = _load(chunks, dataset), extracted.line_account
    _, found_by_names, account_by_names, _ = _read(content, dataset.expected_labels)
    assert loaded == found_by_names, content
    assert lines is not None
    assert (lines.lines, lines.named) == (account_by_names.lines, account_by_names.named)
    # The names are what was read of the file: where that was sure, knowing them changes nothing.
    assert not is_sure or (found_by_names, account_by_names) == (found, account), content
    return is_sure


def _read(content: bytes, expected: tuple[str, ...]) -> tuple[list[str], _Found, LineAccount, bool]:
    plan = make_plan(BytesIO(content), NOTHING_FIXED, expected=expected)
    table = plan.open(BytesIO(content))
    found = list(rows_of(table))
    rows = dict(row for row in found if not isinstance(row, UnreadableRow))
    rejects = {row.line for row in found if isinstance(row, UnreadableRow)}
    account = LineAccount.of(table, rows=len(rows), rejects=len(rejects))
    assert faults_of(content, plan, found, account) == [], content
    return table.header, (rows, rejects), account, plan.refusal is None


def _load(chunks: list[RowsExtracted], dataset: Dataset) -> _Found:
    rows: dict[int, list[str]] = {}
    rejects: set[int] = set()
    for chunk in chunks:
        typed = type_chunk(dataset, chunk)
        rejects |= {rejection.line for rejection in typed.rejections}
        rows |= {line: ["" if value is None else str(value) for value in row] for line, row in typed.rows}
    return rows, rejects


def test_the_generator_makes_files_of_every_kind() -> None:
    contents = {generated_layout(seed).content for seed in SEEDS}

    assert len(contents) > len(SEEDS) * 0.9
