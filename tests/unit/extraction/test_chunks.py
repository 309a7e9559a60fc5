from dataclasses import astuple
from datetime import UTC, datetime
from io import BytesIO

from hypothesis import example, given
from hypothesis import strategies as st

from shared.extraction.chunks import ChunkBounds, cut_chunks
from shared.messaging.envelope import Origin, decode, encode, envelope
from shared.messaging.payloads import RowsExtracted
from shared.model.rows import as_csv
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.csv.records import RecordReader

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
HEADER = b"given_name,city\n"
#: Lines of a file: good rows of several widths, blanks, rows of two lines, bad quotes, bytes that are not UTF-8.
LINES = st.sampled_from(
    [b"Ada,London\n", b"x,y\r\n", b"\n", b'"a\nb",c\n', b'"a"b,c\n', b"M\xfcller,Ulm\n", b"z" * 50 + b",\n"]
)
FILES = st.lists(LINES, max_size=30).map(b"".join)
BOUNDS = st.builds(ChunkBounds, st.integers(1, 6), st.integers(1, 120))


def cut(
    body: bytes, bounds: ChunkBounds, *, block_bytes: int = 4096, max_row_bytes: int = MAX_ROW_BYTES
) -> list[RowsExtracted]:
    reader = RecordReader(
        BytesIO(HEADER + body),
        block_bytes=block_bytes,
        max_row_bytes=max_row_bytes,
    )
    records = iter(reader)
    next(records)
    return list(cut_chunks(reader, records, bounds, load_id=7, dataset="people", header=["given_name", "city"]))


def rows_of(chunks: list[RowsExtracted]) -> list[tuple[int, object]]:
    """Every row by its line, whether it can be read or not."""
    rows: list[tuple[int, object]] = []
    for chunk in chunks:
        rows += zip(chunk.lines, chunk.rows, strict=True)
        rows += [(bad.line, astuple(bad)) for bad in chunk.unreadable]
    return sorted(rows, key=lambda row: row[0])


@given(FILES, BOUNDS, st.integers(1, 50))
def test_the_same_file_and_bounds_give_the_same_chunks(body: bytes, bounds: ChunkBounds, block_bytes: int) -> None:
    assert cut(body, bounds, block_bytes=block_bytes) == cut(body, bounds)


@given(FILES, BOUNDS)
def test_chunks_cover_the_rows_without_gap_or_overlap(body: bytes, bounds: ChunkBounds) -> None:
    next_row = 0
    for chunk in cut(body, bounds):
        assert chunk.first_row == next_row
        assert 0 < chunk.row_count <= bounds.rows
        next_row += chunk.row_count

    assert next_row == sum(1 for _ in RecordReader(BytesIO(HEADER + body), block_bytes=1000)) - 1


@given(FILES, BOUNDS)
def test_the_bounds_never_change_the_rows(body: bytes, bounds: ChunkBounds) -> None:
    assert rows_of(cut(body, bounds)) == rows_of(cut(body, ChunkBounds(1_000_000, 1_000_000)))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), BOUNDS)
@example([4, 4, 4], ChunkBounds(rows=6, bytes=10))
def test_a_chunk_ends_with_the_row_that_fills_it(widths: list[int], bounds: ChunkBounds) -> None:
    chunks = cut(b"".join(b"x" * width + b"\n" for width in widths), bounds)

    for chunk in chunks:
        sizes = [len(cells[0]) + 1 for cells in chunk.rows]
        assert sum(sizes[:-1]) < bounds.bytes
        is_full = sum(sizes) >= bounds.bytes or chunk.row_count == bounds.rows
        assert is_full or chunk is chunks[-1]


@given(st.lists(st.sampled_from([b"z" * 50, b'"' + b"q" * 9, b"short"]), max_size=20), BOUNDS, st.integers(1, 30))
def test_rows_that_are_too_large_give_the_same_chunks_wherever_a_block_ends(
    lines: list[bytes], bounds: ChunkBounds, block_bytes: int
) -> None:
    body = b"\n".join(lines)

    assert cut(body, bounds, block_bytes=block_bytes, max_row_bytes=20) == cut(
        body, bounds, block_bytes=1000, max_row_bytes=20
    )


def test_a_file_without_rows_has_no_chunks() -> None:
    assert cut(b"\n\n", ChunkBounds(10, 1000)) == []


@given(st.lists(st.booleans(), max_size=12), BOUNDS)
def test_bytes_that_are_not_utf8_make_exactly_their_row_unreadable(are_good: list[bool], bounds: ChunkBounds) -> None:
    chunks = cut(b"".join(b"Zoe,Ulm\n" if good else b"Zo\xeb,Ulm\n" for good in are_good), bounds)

    lines = dict(enumerate(are_good, start=2))
    assert {line for chunk in chunks for line in chunk.lines} == {line for line, good in lines.items() if good}
    assert {(bad.line, bad.code) for chunk in chunks for bad in chunk.unreadable} == {
        (line, "encoding-error") for line, good in lines.items() if not good
    }


def test_the_text_of_a_row_that_is_not_utf8_is_one_csv_record() -> None:
    [chunk] = cut(b'"M\xfcller, Zo\xe9","Ulm\n""x"""\n', ChunkBounds(10, 1000))

    [bad] = chunk.unreadable
    assert bad == UnreadableRow(
        line=2,
        code="encoding-error",
        message="the row has bytes that are not valid in the file's encoding; save the file as UTF-8",
        raw=as_csv(["M\ufffdller, Zo\ufffd", 'Ulm\n"x"']),
    )


@given(FILES, BOUNDS)
def test_every_chunk_can_travel(body: bytes, bounds: ChunkBounds) -> None:
    for chunk in cut(body, bounds):
        assert decode(encode(envelope(chunk, origin=Origin(), occurred_at=MOMENT))).payload == chunk
