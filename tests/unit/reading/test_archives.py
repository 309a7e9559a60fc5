import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from shared.reading.containers.archives import members_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from tests.support.formats import read_all, read_and_forget, refusal, zipped

MIB = 1 << 20
DATA = b"city,country\n" + b"".join(b"Derry %d,Northern Ireland\n" % number for number in range(20_000))


def zlib_of(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=-15)
    return compressor.compress(data) + compressor.flush()


def overlapping_zip(count: int) -> bytes:
    """Make `count` members of one and the same data, as in the bombs that need no nesting."""
    data = zlib_of(bytes(MIB))
    sizes = zlib.crc32(bytes(MIB)), len(data), MIB
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, 1, 0)
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, 1, 0, 0, 0, 0, 0, 0) + b"a"
        for _ in range(count)
    )
    body = local + b"a" + data
    return body + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)


def members(data: bytes) -> dict[str, bytes]:
    return {member.name: read_all(member.open()) for member in members_of(io.BytesIO(data), DecompressionLimit())}


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
        pytest.param(
            zipped({"content.xml": b"<x/>", "mimetype": b"application/vnd.oasis"}), "format-error", id="ods anew"
        ),
        pytest.param(overlapping_zip(2), "compression-bomb", id="members that overlap"),
        pytest.param(zipped({"a.csv": bytes(300 * MIB)}), "compression-bomb", id="zeros"),
        pytest.param(zipped({f"{name:0>200}": b"" for name in range(6000)}), "compression-bomb", id="names"),
    ],
)
def test_an_archive_that_is_not_for_us_is_refused(data: bytes, code: str) -> None:
    def read() -> None:
        for member in members_of(io.BytesIO(data), DecompressionLimit()):
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


def test_a_member_that_begins_before_the_file_is_damage(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": DATA}))
    # The directory's place, as the end of the archive states it: all offsets shift by what it is wrong.
    data[-6:-2] = struct.pack("<I", struct.unpack("<I", data[-6:-2])[0] + 1000)
    path = tmp_path / "a.zip"
    path.write_bytes(data)

    with path.open("rb") as file:
        assert refusal(lambda: [read_all(member.open()) for member in members_of(file, DecompressionLimit())]) == (
            "compression-error"
        )
