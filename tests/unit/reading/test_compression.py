import bz2
import gzip
import io
import lzma
import struct
import tracemalloc

import pytest
import zstandard

from shared.reading.containers.compression import Decompressed, compression_of, seekable
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.decompressors import Compression
from shared.reading.containers.magic import content_type_of
from tests.support.formats import COMPRESSORS, Trickle, read_all, read_and_forget, refusal, workbook, zipped

DATA = b"city,country\n" + b"".join(b"Derry %d,Northern Ireland\n" % number for number in range(20_000))
MIB = 1 << 20
ANY = pytest.mark.parametrize("name", COMPRESSORS)


def decompressed(data: bytes, name: str, limit: DecompressionLimit | None = None) -> Decompressed:
    compression = compression_of(data[:8])
    assert compression == name
    return Decompressed(io.BytesIO(data), compression, limit or DecompressionLimit())


@ANY
@pytest.mark.parametrize("size_bytes", [1000, 1 << 20])
def test_all_members_are_read_one_after_the_other(name: str, size_bytes: int) -> None:
    compress = COMPRESSORS[name]
    data = compress(DATA[:1000]) + compress(b"") + compress(DATA[1000:])

    assert read_all(decompressed(data, name), size_bytes) == DATA


@ANY
@pytest.mark.parametrize("most_bytes", [1, 7, 1000])
def test_it_does_not_matter_how_the_bytes_come_in(name: Compression, most_bytes: int) -> None:
    data = COMPRESSORS[name](DATA[:5000]) + COMPRESSORS[name](DATA[5000:])

    assert read_all(Decompressed(Trickle(data, most_bytes), name, DecompressionLimit())) == DATA


@ANY
def test_every_cut_is_noticed(name: Compression) -> None:
    data = COMPRESSORS[name](b"city\nDerry\n")

    for length in range(len(data)):
        file = Decompressed(io.BytesIO(data[:length]), name, DecompressionLimit())
        assert refusal(lambda file=file: read_all(file)) == "truncated-file", length  # type: ignore[misc]


@ANY
def test_a_cut_in_a_later_member_is_noticed(name: str) -> None:
    data = COMPRESSORS[name](DATA) + COMPRESSORS[name](DATA)[:3]

    assert refusal(lambda: read_all(decompressed(data, name))) == "truncated-file"


@ANY
def test_zeros_behind_the_end_are_padding(name: str) -> None:
    assert read_all(decompressed(COMPRESSORS[name](DATA) + bytes(1024), name)) == DATA


@ANY
def test_anything_else_behind_the_end_is_damage(name: str) -> None:
    data = COMPRESSORS[name](DATA) + b"city,country\n"

    assert refusal(lambda: read_all(decompressed(data, name))) == "compression-error"


@ANY
def test_a_changed_byte_is_damage(name: str) -> None:
    data = bytearray(COMPRESSORS[name](DATA))
    data[len(data) // 2] ^= 0xFF

    assert refusal(lambda: read_all(decompressed(bytes(data), name))) in ("compression-error", "truncated-file")


@ANY
def test_a_bomb_is_refused_in_bounded_memory(name: str) -> None:
    zeros = bytes(8 * MIB)
    compress = COMPRESSORS[name]
    # A member alone of 8 MiB repeated is what a bomb of gigabytes looks like to its reader.
    data = compress(zeros) * 64
    tracemalloc.start()

    code = refusal(lambda: read_and_forget(decompressed(data, name)))

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code == "compression-bomb"
    assert peak_bytes < 64 * MIB


def test_one_frame_of_zstd_blocks_of_four_bytes_is_refused_in_bounded_memory() -> None:
    block = struct.pack("<I", (128 * 1024 << 3) | 2)[:3] + b"a"
    # A frame without a size, with a window of 128 KiB.
    data = b"\x28\xb5\x2f\xfd\x00" + bytes([7 << 3]) + block * 100_000
    tracemalloc.start()

    code = refusal(lambda: read_and_forget(decompressed(data, "zstd")))

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code == "compression-bomb"
    assert peak_bytes < 128 * MIB


def test_what_needs_gigabytes_to_decompress_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=30, write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(DATA) + compressor.flush()

    assert refusal(lambda: read_all(decompressed(data, "zstd"))) == "compression-error"


def test_no_more_comes_out_than_is_allowed() -> None:
    file = decompressed(gzip.compress(DATA), "gzip", DecompressionLimit(max_bytes=1000))

    assert refusal(lambda: read_all(file)) == "compression-bomb"


def test_a_table_of_equal_rows_is_no_bomb() -> None:
    data = b"Derry,Northern Ireland,1984-12-31\n" * 100_000

    assert read_all(decompressed(gzip.compress(data), "gzip")) == data


def test_a_copy_can_be_read_from_anywhere() -> None:
    with seekable(Trickle(DATA, 1000)) as file:
        assert file.read() == DATA
        file.seek(5)
        assert file.read(7) == DATA[5:12]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"city\nDerry\n", None, id="text"),
        pytest.param(b"BZhang,city\n", None, id="text that begins like bzip2"),
        pytest.param(b"PKW,lorry\n", None, id="text that begins like zip"),
        pytest.param(gzip.compress(b"x"), "gzip", id="gzip"),
        pytest.param(bz2.compress(b""), "bzip2", id="empty bzip2"),
        pytest.param(lzma.compress(b"x"), "xz", id="xz"),
        pytest.param(b"\x50\x2a\x4d\x18\x00\x00\x00\x00", "zstd", id="zstd with a frame to skip"),
        pytest.param(zipped({"a.csv": b"x"}), "zip", id="zip"),
        pytest.param(zipped({}), "zip", id="empty zip"),
        pytest.param(workbook([["city"]]), "excel", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel", id="xls"),
        pytest.param(b"PAR1....PAR1", "parquet", id="parquet"),
    ],
)
def test_the_content_tells_the_kind(data: bytes, kind: str | None) -> None:
    file = io.BytesIO(data)

    assert content_type_of(file) == kind
    assert file.tell() == 0
