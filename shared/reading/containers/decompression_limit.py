"""How much may come out of compressed data: a file of a few kilobytes must not fill memory, disk and hours."""

from shared.model.errors import FileRefused

_MIB = 1 << 20
#: So much may come out whatever the ratio is: a small file of equal rows is no bomb.
_ALWAYS_ALLOWED_BYTES = 64 * _MIB


class DecompressionLimit:
    """Counts what goes in and what comes out while one file is read once, all its members and layers together.

    Tables of equal rows shrink to a fiftieth and are rare; gzip at its best makes a thousandth.
    """

    def __init__(self, *, most_bytes: int = 64 << 30, most_ratio: int = 200) -> None:
        self._most_bytes = most_bytes
        self._most_ratio = most_ratio
        self._compressed_bytes = 0
        self._decompressed_bytes = 0

    def take_in(self, size_bytes: int) -> None:
        """Count compressed bytes."""
        self._compressed_bytes += size_bytes

    def give_out(self, size_bytes: int) -> None:
        """Count decompressed bytes; FileRefused where there are too many."""
        self._decompressed_bytes += size_bytes
        if self._decompressed_bytes > self._most_bytes:
            raise FileRefused(
                "compression-bomb",
                f"more than {self._most_bytes // _MIB} MiB come out of the file; expected at most that; split it",
            )
        allowed_bytes = max(_ALWAYS_ALLOWED_BYTES, self._most_ratio * self._compressed_bytes)
        if self._decompressed_bytes > allowed_bytes:
            raise FileRefused(
                "compression-bomb",
                f"more than {self._most_ratio} times the file's size come out of it; if it really is so uniform,"
                " send it uncompressed",
            )
