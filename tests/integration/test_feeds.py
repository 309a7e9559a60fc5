"""A file whose format differs from the one before it in its feed is loaded with an alarm."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.configuration.catalog import load_catalog
from shared.extraction.chunks import ChunkBounds
from tests.support.pipeline import AT_ONCE, Pipeline

DEFAULT = Path(__file__).parents[2] / "inflow.toml"

HEADER = ["city", "county", "country"]
AYR, BUTE = ["Ayr", "Ayrshire", "Scotland"], ["Bute", "Isle of Bute", "Scotland"]
ZURICH = ["Zürich", "Zürich", "Switzerland"]


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path / "data")) as opened:
        yield opened


def table(*rows: list[str], delimiter: str = ",") -> str:
    return "".join(delimiter.join(cells) + "\n" for cells in (HEADER, *rows))


def test_how_a_file_is_read_is_in_the_ledger(pipeline: Pipeline) -> None:
    pipeline.drop(
        "places.csv", "from the council\n\n" + table(AYR, ZURICH, delimiter=";").encode("cp1252").decode("cp1252")
    )
    pipeline.finish()

    [load] = pipeline.loads()
    assert load.read_as == "csv, encoding utf-8, delimiter ';', quote '\"', header_lines 1, skip_lines 2"
    assert (load.confidence_percent, load.inserted) == (100, 2)


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        pytest.param(table(BUTE, delimiter=";").encode(), "delimiter ';' instead of ','", id="delimiter"),
        pytest.param(table(ZURICH, ZURICH).encode("cp1252"), "encoding 'cp1252' instead of 'utf-8'", id="encoding"),
    ],
)
def test_a_changed_format_raises_an_alarm(pipeline: Pipeline, second: bytes, difference: str) -> None:
    pipeline.drop("places-1.csv", table(AYR, ZURICH), modified_at=1)
    pipeline.finish()
    pipeline.drop("places-2.csv", second, modified_at=2)
    pipeline.finish()

    first, other = pipeline.loads()
    assert (first.state, other.state, other.reason) == ("archived", "refused", "format-changed")
    assert difference in (other.message or "")
    assert [row[0] for row in pipeline.table("places")] == ["Ayr", "Zürich"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(table(BUTE).encode(), id="only ASCII"),
        pytest.param(b"\xef\xbb\xbf" + table(BUTE, ZURICH).encode(), id="a mark"),
        pytest.param(table(BUTE).replace("Isle of Bute", '"Isle, of Bute"').encode(), id="quotes for the first time"),
        pytest.param(("\n\nwords above\n" + table(BUTE)).encode(), id="a preamble"),
    ],
)
def test_an_equivalent_format_raises_no_alarm(pipeline: Pipeline, second: bytes) -> None:
    pipeline.drop("places-1.csv", table(AYR, ZURICH), modified_at=1)
    pipeline.finish()
    pipeline.drop("places-2.csv", second, modified_at=2)
    pipeline.finish()

    assert [load.state for load in pipeline.loads()] == ["archived", "archived"]


def test_a_fixed_setting_raises_no_alarm(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.drop("places-1.csv", table(AYR), modified_at=1)
    pipeline.finish()
    config = tmp_path / "inflow.toml"
    text = DEFAULT.read_text()
    config.write_text(text.replace("[datasets.places]\n", '[datasets.places]\nread = { delimiter = ";" }\n'))
    assert config.read_text() != text

    with closing(Pipeline(tmp_path / "data", catalog=load_catalog(config))) as later:
        later.drop("places-2.csv", table(BUTE, delimiter=";"), modified_at=2)
        later.finish()
        assert [load.state for load in later.loads()] == ["archived", "archived"]


@pytest.mark.parametrize(
    ("read", "state"),
    [
        pytest.param("footer_lines = 1", ("refused", "reading-changed"), id="another reading"),
        pytest.param('delimiter = ","', ("archived", None), id="the same reading"),
    ],
)
def test_a_load_is_resumed_only_if_its_file_is_read_as_before(
    tmp_path: Path, read: str, state: tuple[str, str | None]
) -> None:
    """G1 Nothing lost: chunks of another reading have other rows than those of the same positions that were merged."""
    cities = [["Ayr", "Ayrshire", "Scotland"], BUTE, ZURICH, ["Graz", "Styria", "Austria"]]
    small = replace(AT_ONCE, bounds=ChunkBounds(rows=1, bytes=1 << 20))
    with closing(Pipeline(tmp_path / "data", config=small)) as interrupted:
        interrupted.drop("places.csv", table(*cities))
        interrupted.look()
        while not interrupted.table("places"):
            interrupted.watcher.publish()
            interrupted.deliver()
    config = tmp_path / "inflow.toml"
    config.write_text(DEFAULT.read_text().replace("[datasets.places]\n", f"[datasets.places]\nread = {{ {read} }}\n"))

    with closing(Pipeline(tmp_path / "data", config=small, catalog=load_catalog(config))) as later:
        later.finish()
        [load] = later.loads()
        assert (load.state, load.reason) == state
        if load.state == "refused":
            assert "before as csv, encoding utf-8" in (load.message or "")
            assert "rows merged: 1; drop the file again" in (load.message or "")
            later.drop("places.csv", table(*cities))
            later.finish()
        assert [load.rejected for load in later.loads()] == [0] * len(later.loads())
        assert len(later.table("places")) == (3 if load.state == "refused" else 4)


def test_rejected_rows_come_back_in_our_dialect(pipeline: Pipeline) -> None:
    pipeline.drop("places.csv", table(AYR, ["", "none", "none"], delimiter=";"), modified_at=1)
    pipeline.finish()
    [rejects] = pipeline.folder.rejected.glob("*.csv")
    pipeline.drop(
        "places-corrected.csv", rejects.read_text().replace("\n,none,none", "\nBute,none,none"), modified_at=2
    )
    pipeline.finish()

    assert [(load.state, load.inserted) for load in pipeline.loads()] == [("archived", 1), ("archived", 1)]
