"""Mutated files: those of the corpus with bytes flipped, cut, doubled and spliced, by seed."""

from collections.abc import Callable
from random import Random

from verification.corpus.formats import COMPRESSIONS

_SPECIAL = (
    b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"\n\n", b"\\", b"'", b"#", b"\0", b"\0" * 40, b"\xff",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xe9", b"\xed\xa0\x80", b"[", b"{", b"}", b'{"a":', b"PK\x03\x04",
    b"PAR1", b"\x1f\x8b", b"9" * 400, b"x" * 70_000, b"\xf0\x9f\x98\x80", b"\x85", b"\xe2\x80\xa8", b"\x1a",
)  # fmt: skip
_MAX_BYTES = 400_000


def mutated(contents: list[bytes], seed: int) -> bytes:
    """Generate one file."""
    random = Random(seed)
    content = random.choice(contents)
    for _ in range(random.choice([1, 1, 2, 3, 8])):
        content = random.choice(_WAYS)(random, content, contents)[:_MAX_BYTES]
    # The content of a compressed file is reached only if its container is valid.
    if random.random() < 0.1:
        content = random.choice([*COMPRESSIONS.values()])(content)
    return content


def _flip(random: Random, content: bytes, _: list[bytes]) -> bytes:
    changed = bytearray(content or b"\0")
    for __ in range(random.choice([1, 3, 20])):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(random: Random, content: bytes, _: list[bytes]) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _leave_out(random: Random, content: bytes, _: list[bytes]) -> bytes:
    begin, end = _stretch(random, content)
    return content[:begin] + content[end:]


def _double(random: Random, content: bytes, _: list[bytes]) -> bytes:
    begin, end = _stretch(random, content)
    return content[:end] + content[begin:end] * random.choice([1, 2, 30]) + content[end:]


def _insert(random: Random, content: bytes, _: list[bytes]) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(_SPECIAL) + content[place:]


def _splice(random: Random, content: bytes, contents: list[bytes]) -> bytes:
    other = random.choice(contents)
    return content[: random.randrange(len(content) + 1)] + other[random.randrange(len(other) + 1) :]


def _stretch(random: Random, content: bytes) -> tuple[int, int]:
    begin = random.randrange(len(content) + 1)
    return begin, min(len(content), begin + random.choice([1, 2, 10, 500]))


_WAYS: tuple[Callable[[Random, bytes, list[bytes]], bytes], ...] = (_flip, _cut, _leave_out, _double, _insert, _splice)
