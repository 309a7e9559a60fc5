import bz2
import gzip
import io
import lzma
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
import zstandard

from shared.errors import FileRefused
from shared.reader.archives import members_of
from shared.reader.blocks import Readable
from shared.reader.compression import Decompressed, compression_of, seekable
from shared.reader.decompressors import Compression
from shared.reader.expansion import Expansion
from shared.reader.magic import kind_of
from tests.support.formats import COMPRESSORS, Trickle, workbook, zipped

DATA = b"city,country\n" + b"".join(b"Derry %d,Northern Ireland\n" % number for number in range(20_000))
MIB = 1 << 20
ANY = pytest.mark.parametrize("name", COMPRESSORS)


def read_all(file: Readable, size_bytes: int = 100_000) -> bytes:
    return b"".join(iter(lambda: file.read(size_bytes), b""))


def decompressed(data: bytes, name: str, expansion: Expansion | None = None) -> Decompressed:
    compression = compression_of(data[:8])
    assert compression == name
    return Decompressed(io.BytesIO(data), compression, expansion or Expansion())


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(FileRefused) as caught:
        action()
    return caught.value.code


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

    assert read_all(Decompressed(Trickle(data, most_bytes), name, Expansion())) == DATA


@ANY
def test_every_cut_is_noticed(name: Compression) -> None:
    data = COMPRESSORS[name](b"city\nDerry\n")

    for length in range(len(data)):
        file = Decompressed(io.BytesIO(data[:length]), name, Expansion())
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
    file = decompressed(gzip.compress(DATA), "gzip", Expansion(most_bytes=1000))

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

    assert kind_of(file) == kind
    assert file.tell() == 0


def read_and_forget(file: Readable) -> None:
    while file.read(256 * 1024):
        pass


def zlib_of(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=-15)
    return compressor.compress(data) + compressor.flush()


def overlapping_zip(count: int) -> bytes:
    """Make `count` members of one and the same data, as in the bombs that need no nesting."""
    data = zlib_of(bytes(MIB))
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(bytes(MIB)), len(data), MIB, 1, 0)
    directory = b"".join(
        struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            20,
            20,
            0,
            8,
            0,
            0,
            zlib.crc32(bytes(MIB)),
            len(data),
            MIB,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        + b"a"
        for _ in range(count)
    )
    body = local + b"a" + data
    return body + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)


def members(data: bytes) -> dict[str, bytes]:
    return {member.name: read_all(member.open()) for member in members_of(io.BytesIO(data), Expansion())}


def test_members_come_in_their_order_without_folders_and_hidden_ones() -> None:
    data = zipped({"b/": b"", "b/2.csv": b"two", "__MACOSX/._1.csv": b"?", ".DS_Store": b"?", "1.csv": b"one"})

    assert list(members(data).items()) == [("b/2.csv", b"two"), ("1.csv", b"one")]


def test_a_name_is_never_a_path() -> None:
    assert members(zipped({"../../etc/passwd": b"one", "/etc/hosts": b"two"})) == {
        "../../etc/passwd": b"one",
        "/etc/hosts": b"two",
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_are_read_however_they_are_compressed(method: int) -> None:
    assert members(zipped({"a.csv": DATA}, method=method)) == {"a.csv": DATA}


def test_every_cut_of_an_archive_is_noticed() -> None:
    data = zipped({"a.csv": b"city\nDerry\n"})

    for length in range(4, len(data)):
        assert refusal(lambda length=length: members(data[:length])) == "truncated-file"  # type: ignore[misc]


def test_damage_inside_of_an_archive_is_noticed() -> None:
    data = zipped({"a.csv": DATA}, method=zipfile.ZIP_STORED)

    assert refusal(lambda: members(data.replace(b"Derry 77,", b"Derry 78,"))) == "compression-error"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(zipped({}), "blank-header", id="no members"),
        pytest.param(zipped({"mimetype": b"application/vnd.oasis", "content.xml": b"<x/>"}), "format-error", id="ods"),
        pytest.param(overlapping_zip(2), "compression-bomb", id="members that overlap"),
        pytest.param(zipped({"a.csv": bytes(300 * MIB)}), "compression-bomb", id="zeros"),
        pytest.param(zipped({f"{name:0>200}": b"" for name in range(6000)}), "compression-bomb", id="names"),
    ],
)
def test_an_archive_that_is_not_for_us_is_refused(data: bytes, code: str) -> None:
    def read() -> None:
        for member in members_of(io.BytesIO(data), Expansion()):
            read_and_forget(member.open())

    tracemalloc.start()

    assert refusal(read) == code

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 16 * MIB


def test_a_member_with_a_password_is_refused() -> None:
    data = bytearray(zipped({"a.csv": b"city\n"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    assert refusal(lambda: members(bytes(data))) == "compression-error"


def test_what_comes_out_is_counted_over_all_members() -> None:
    data = zipped({f"{name}.csv": bytes(40 * MIB) for name in range(2)})

    assert refusal(lambda: members(data)) == "compression-bomb"
