"""Timestamps of Parquet's obsolete type INT96, days and nanoseconds: 64-bit nanoseconds cover only 584 years of them.

They are read twice: as nanoseconds, which overflow, and as milliseconds, which do not. The digits that milliseconds
lack survive the overflow, so that nothing is lost in the years that have a notation.
"""

import pyarrow as pa

_NANOSECONDS = 1_000_000
_WRAP = 1 << 64


def texts_of_moments(nanoseconds: pa.Array, milliseconds: pa.Array) -> list[str]:
    """Convert each timestamp, with nine decimals; null is empty. Raises ValueError if the two columns disagree."""
    fine, coarse = (column.cast(pa.int64()).to_pylist() for column in (nanoseconds, milliseconds))
    texts = milliseconds.cast(pa.string()).to_pylist()
    moments = zip(texts, fine, coarse, strict=True)
    return ["" if text is None else text + _digits(*numbers) for text, *numbers in moments]


def _digits(nanoseconds: int, milliseconds: int) -> str:
    """Return the six digits after the milliseconds."""
    rest = (nanoseconds - milliseconds * _NANOSECONDS) % _WRAP
    if rest >= _NANOSECONDS:
        raise ValueError("a timestamp of the type INT96 differs between nanoseconds and milliseconds")
    return f"{rest:06}"
