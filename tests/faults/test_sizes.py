"""No file can produce a message near the broker's limit of 16 MiB; rows that are too large are rejected."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extractor.settings import WatcherConfig
from shared.configuration.environment import Environment
from shared.extraction.chunks import MAX_ENCODED_BYTES, ChunkBounds, cut_chunks
from shared.extraction.header import MAX_ENCODED_BYTES as MAX_HEADER_BYTES
from shared.extraction.header import match_header
from shared.messaging.envelope import encode, envelope
from shared.messaging.payloads import RowsExtracted
from shared.model.errors import ConfigurationError, FileRefused
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.csv.records import RecordReader
from tests.support.catalogs import default_catalog
from tests.support.origins import origin_of
from tests.support.servers.isolation import Broker, Database
from tests.support.services import Pipeline, running_pipeline

MIB = 1 << 20
BROKERS_LIMIT_BYTES = 16 * MIB
#: Bytes for ids, kind, time, dataset and field names.
ENVELOPE_BYTES = 1024
MAX_MESSAGE_BYTES = MAX_HEADER_BYTES + MAX_ENCODED_BYTES + ENVELOPE_BYTES

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth\n"
MAX_CHUNKS = {"INFLOW_CHUNK_ROWS": "1000000", "INFLOW_CHUNK_BYTES": str(MIB)}

#: The characters that take most bytes in JSON, in CSV and in UTF-8.
HOSTILE = st.sampled_from(
    [b"\x01", b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\\", b"\xff", b"\x00", b"a", "é".encode(), "😀".encode()]
)


def cut(body: bytes, bounds: ChunkBounds, *, header: list[str]) -> Iterator[RowsExtracted]:
    reader = RecordReader(BytesIO(b"header\n" + body))
    records = iter(reader)
    next(records)
    return cut_chunks(reader, records, bounds, load_id=2**63 - 1, dataset="d" * 64, header=header)


def sizes(body: bytes, *, header: list[str]) -> list[int]:
    """Return the size of each message of a file that is divided into the largest chunks that the settings allow."""
    bounds = WatcherConfig.from_environment(Environment(MAX_CHUNKS)).bounds
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        len(encode(envelope(chunk, origin=origin_of(chunk), occurred_at=moment)))
        for chunk in cut(body, bounds, header=header)
    ]


def line_of(cell: bytes) -> bytes:
    """Repeat a text to a line that is just short enough to be a row."""
    return (cell * MAX_ROW_BYTES)[: MAX_ROW_BYTES - 1] + b"\n"


@pytest.mark.parametrize("name", MAX_CHUNKS)
def test_larger_chunks_can_not_be_configured(name: str) -> None:
    environment = Environment({name: str(int(MAX_CHUNKS[name]) + 1)})
    WatcherConfig.from_environment(environment)

    with pytest.raises(ConfigurationError, match=name):
        environment.finish()


def test_the_largest_message_is_far_below_the_brokers_limit() -> None:
    assert MAX_MESSAGE_BYTES < 0.6 * BROKERS_LIMIT_BYTES


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(line_of(b"\x01") * 3, id="rows of control characters, which JSON escapes sixfold"),
        pytest.param(b"x" * (MIB - 2) + b"\n" + line_of(b"\x01"), id="a full chunk, and one more row"),
        pytest.param(line_of(b'"') * 3, id="rows of quotes"),
        pytest.param(line_of(b'""\x01') * 3, id="rows that can't be read, with their raw text"),
        pytest.param(line_of(b"\xff") * 3, id="rows that are not UTF-8"),
        pytest.param(line_of(b",") * 3, id="rows of empty cells"),
        pytest.param(b"x" * 3 * MIB + b"\n", id="a row above the limit"),
        pytest.param(b"\x01\n" * 120_000, id="many short rows"),
        pytest.param(b"\xff\n" * 120_000, id="many short rows that are not UTF-8"),
        pytest.param(b'""x\n' * 120_000, id="many short rows that can't be read"),
        pytest.param(b"\n" * 3 * MIB + line_of(b"\x01"), id="a row after blank lines"),
    ],
)
def test_no_file_produces_a_message_above_the_limit(body: bytes) -> None:
    header = ["\x01" * ((MAX_HEADER_BYTES - len('[""]')) // len("\\u0001"))]

    assert max(sizes(body, header=header)) <= MAX_MESSAGE_BYTES


@given(st.lists(HOSTILE, max_size=60).map(b"".join))
def test_rows_take_at_most_six_bytes_per_byte_of_the_file_and_256_each(body: bytes) -> None:
    """The limit of a message is derived from this and from the bounds of a chunk."""
    rows = sum(chunk.row_count for chunk in cut(body, ChunkBounds(100, MIB), header=[]))

    assert sum(sizes(body, header=[])) <= 6 * len(body) + 256 * rows + ENVELOPE_BYTES


def test_ordinary_rows_are_divided_only_by_the_settings() -> None:
    chunks = list(cut(b"Given,Family,1900-01-01,Weir\n" * 40_000, ChunkBounds(10_000, MIB), header=[]))

    assert [chunk.row_count for chunk in chunks] == [10_000] * 4


@pytest.mark.parametrize("columns", [1, 100_000])
def test_a_header_above_its_limit_refuses_the_file_with_a_short_message(columns: int) -> None:
    """It travels with every chunk; its size as JSON counts, not as CSV."""
    names = [f"{number:06}" + "\x01" * (MAX_ROW_BYTES // columns // 2) for number in range(columns)]

    with pytest.raises(FileRefused, match=f"the {columns} names of the header take") as caught:
        match_header(names, default_catalog().datasets["people"])

    assert caught.value.code == "row-too-large"
    assert len(str(caught.value)) < 200


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=MAX_CHUNKS) as pipeline:
        yield pipeline


def person(given_name: str) -> str:
    return f"{given_name},Stone,1900-01-01,Weir\n"


def files() -> dict[str, tuple[str, set[str]]]:
    """Return files with values that are too large, and the reasons for which their rows are rejected."""
    first, last = PEOPLE + person("First"), person("Last")
    columns = [f"c{number}" for number in range(100_000)]
    width = "," + ",".join(columns) + "\n"
    control = "\x01" * (MIB - 100)
    return {
        "people-line.csv": (first + "x" * 20_000_000 + "\n" + last, {"row-too-large"}),
        # A quoted value that is too large ends with its closing quote.
        "people-field.csv": (
            first + '"' + ("y" * 999_999 + "\n") * 20 + '",Stone,1900-01-01,Weir\n' + person("Between") * 40_000 + last,
            {"row-too-large"},
        ),
        "people-control.csv": (
            first + person(control) + f'"{control}"x\n' + last,
            {"constraint-error", "dialect-error"},
        ),
        # Fine, and almost as much as a chunk may be; the database's limit for a statement counts, too.
        "people-heavy.csv": (first + "".join(person("\x01" * 240 + str(n)) for n in range(5000)) + last, set()),
        "people-wide.csv": (
            "".join(line.replace("\n", width) for line in (PEOPLE, person("First"), person("Last"))),
            set(),
        ),
    }


def test_rows_that_are_too_large_are_rejected_and_the_others_loaded(pipeline: Pipeline) -> None:
    services = pipeline.start("watcher", "writer")
    for number, (name, (content, codes)) in enumerate(files().items(), start=1):
        pipeline.drop(name, content)
        pipeline.wait_until_archived(number)
        load = pipeline.loads()[number]
        rejected = pipeline.query("SELECT DISTINCT code FROM inflow_rejects WHERE load_id = :id", id=number)
        loaded = pipeline.query("SELECT given_name FROM people WHERE _asserted_load = :id", id=number)
        assert {row.code for row in rejected} == codes, name
        assert {"First", "Last"} <= {row.given_name for row in loaded}, name
        assert load.rows_done == load.row_count, name
    assert len(orjson.loads(pipeline.loads()[5].ignored_columns)) == 100_000
    assert [service.stop() for service in services] == [0, 0]
