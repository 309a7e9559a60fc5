"""Each rejected row says at which byte of its file it begins."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from services.extractor.rejects.byte_offsets import record_offsets
from shared.reading.offsets import LineOffsets
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, dropped
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path, config=AT_ONCE)) as pipeline:
        yield pipeline


def recorded(house: Pipeline | Warehouse) -> dict[int, int | None]:
    table = house.schema.rejects
    with house.database.transaction() as connection:
        rows = connection.execute(select(table.c.line, table.c.byte_offset).order_by(table.c.line))
        return {line: offset for line, offset in rows}  # noqa: C416


def reported(pipeline: Pipeline) -> list[str]:
    with (pipeline.folder.rejected / "people.csv.1.csv").open(newline="", encoding="utf-8") as file:
        return [row["byte_offset"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_offsets_are_in_the_ledger_and_in_the_rejects_file(pipeline: Pipeline, line_end: str, mark: str) -> None:
    bad = ["José,Stone,never,Weir", '"Two\r\n\rlines",Stone,never,Weir', "Bo,Stone", '"x"y,Stone,1900-01-01,Weir']
    good = 'Ada,"Sto\nne",1900-01-01,Málaga'
    content = (mark + line_end.join([PEOPLE.strip(), good, bad[0], "", good, *bad[1:]]) + line_end).encode()

    pipeline.drop("people.csv", content)
    pipeline.finish()

    assert list(recorded(pipeline).values()) == [content.index(row.encode()) for row in bad]
    assert reported(pipeline) == [str(content.index(row.encode())) for row in bad]


def test_offsets_are_those_after_decompression(pipeline: Pipeline) -> None:
    content = (people(1) + "Bo,Stone\n").encode()
    pipeline.drop("people.csv", gzip.compress(content))
    pipeline.finish()

    assert recorded(pipeline) == {3: content.index(b"Bo,")}


def test_what_has_no_lines_of_bytes_has_no_offsets(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", (people(1) + "Bo,Stone,never,Weir\n").encode("utf-16"))
    pipeline.finish()

    assert recorded(pipeline) == {3: None}


def test_a_file_that_is_gone_has_rejects_without_offsets(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", people(1) + "Bo,Stone\n")
    pipeline.look()
    pipeline.publish()
    pipeline.deliver_all()
    for path in pipeline.folder.processing.iterdir():
        path.unlink()
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert recorded(pipeline) == {3: None}
    assert reported(pipeline) == [""]


def test_many_offsets_are_recorded_except_unknown_ones(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(dropped(1, "people", PEOPLE.strip(), *[("x",)] * 1300))

    with house.database.transaction() as connection:
        record_offsets(connection, house.schema, 1, LineOffsets(BytesIO(b"12345\n" * 1200)))

    expected = {line: 6 * (line - 1) if line <= 1201 else None for line in range(2, 1302)}
    assert recorded(house) == expected
