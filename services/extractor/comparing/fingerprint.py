"""The fingerprint of a file's content and of the way it is read."""

from hashlib import sha256
from typing import IO

from shared.model.datasets import Dataset

#: To be raised when the same text is read or typed otherwise than before.
_READER_VERSION = 2


class FingerprintedFile:
    """A file that is read once, from its start to its end; from then on its fingerprint is that of all its bytes.

    It covers the dataset's definition, too: the same bytes read otherwise are other rows.
    """

    def __init__(self, file: IO[bytes], dataset: Dataset) -> None:
        self._file = file
        self._digest = sha256(repr((_READER_VERSION, dataset)).encode())

    def read(self, size_bytes: int) -> bytes:
        """Read at most this many bytes; none at the end."""
        data = self._file.read(size_bytes)
        self._digest.update(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def fingerprint(self) -> str:
        """The fingerprint of what was read so far, in hexadecimal digits."""
        return self._digest.hexdigest()
