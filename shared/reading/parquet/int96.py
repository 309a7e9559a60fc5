"""Moments of Parquet's old type INT96, days and nanoseconds, of which 64 bits of nanoseconds hold only 584 years.

They are read twice, as nanoseconds, which overflow, and as milliseconds, which do not: what an overflow leaves says the
digits that milliseconds lack, and so nothing is lost between the years that can be written at all.
"""

import pyarrow as pa

_NANOSECONDS = 1_000_000
_WRAP = 1 << 64


def texts_of_moments(nanoseconds: pa.Array, milliseconds: pa.Array) -> list[str]:
    """Write each moment with nine digits of a second; nothing for null. ValueError where the two do not agree."""
    fine, coarse = (column.cast(pa.int64()).to_pylist() for column in (nanoseconds, milliseconds))
    texts = milliseconds.cast(pa.string()).to_pylist()
    moments = zip(texts, fine, coarse, strict=True)
    return ["" if text is None else text + _digits(*numbers) for text, *numbers in moments]


def _digits(nanoseconds: int, milliseconds: int) -> str:
    """Return the six digits that follow the milliseconds."""
    rest = (nanoseconds - milliseconds * _NANOSECONDS) % _WRAP
    if rest >= _NANOSECONDS:
        raise ValueError("a timestamp of the type INT96 is not the same in nanoseconds and in milliseconds")
    return f"{rest:06}"
