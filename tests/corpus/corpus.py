"""All cases."""

from itertools import chain

from tests.corpus import dialects, encodings, files, formats, headers, rows
from tests.corpus.cases import Case

_GROUPS = (files, dialects, rows, encodings, headers, formats)


def corpus() -> list[Case]:
    """Every case, each with a name of its own."""
    return list(chain.from_iterable(group.cases() for group in _GROUPS))
