"""Rejected rows as text and as JSON."""

from collections.abc import Iterable, Iterator

import orjson

from shared.extraction.load_files import displayed
from shared.storage.ledger.rejects import Reject


def as_json(rejects: Iterable[Reject]) -> Iterator[str]:
    """Yield the lines of an array with an object on each."""
    before = "["
    for reject in rejects:
        yield f"{before}{orjson.dumps(reject).decode()}"
        before = ","
    yield "[]" if before == "[" else "]"


def as_text(rejects: Iterable[Reject]) -> Iterator[str]:
    """Yield for each row where it is and what is wrong with it, and its text below."""
    count = 0
    for count, reject in enumerate(rejects, start=1):  # noqa: B007 - it is how many there were
        byte = "" if reject.byte_offset is None else f" (byte {reject.byte_offset})"
        column = "" if reject.column is None else f" in {reject.column}"
        healed = "open" if reject.healed_by is None else f"healed by load {reject.healed_by}"
        yield f"load {reject.load_id}, {reject.file}, line {reject.line}{byte}: {reject.code}{column}, {healed}"
        yield f"    {displayed(reject.message)}"
        yield f"    {displayed(reject.raw)}"
    if not count:
        yield "no rejected rows"
