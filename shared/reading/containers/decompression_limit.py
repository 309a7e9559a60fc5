"""The limit of decompression: a file of a few kilobytes must not take up memory, disk space or hours."""

from shared.model.errors import FileRefused

_MIB = 1 << 20
#: Output up to this size is allowed whatever the ratio: a small file of equal rows is not a bomb.
_ALWAYS_ALLOWED_BYTES = 64 * _MIB


class DecompressionLimit:
    """Counts input and output while a file is read once, all its members and layers together.

    Tables of equal rows compress to a fiftieth and are rare; gzip compresses at best to a thousandth.
    """

    def __init__(self, *, max_bytes: int = 64 << 30, max_ratio: int = 200) -> None:
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._compressed_bytes = 0
        self._decompressed_bytes = 0

    def add_input(self, size_bytes: int) -> None:
        """Count compressed bytes."""
        self._compressed_bytes += size_bytes

    def add_output(self, size_bytes: int) -> None:
        """Count decompressed bytes. Raises FileRefused if there are too many."""
        self._decompressed_bytes += size_bytes
        if self._decompressed_bytes > self._max_bytes:
            raise FileRefused(
                "compression-bomb",
                f"the file decompresses to more than {self._max_bytes // _MIB} MiB, which is the maximum; split it",
            )
        allowed_bytes = max(_ALWAYS_ALLOWED_BYTES, self._max_ratio * self._compressed_bytes)
        if self._decompressed_bytes > allowed_bytes:
            raise FileRefused(
                "compression-bomb",
                f"the file decompresses to more than {self._max_ratio} times its size; if it really is that uniform,"
                " send it uncompressed",
            )
