"""The corpus: all cases."""

from itertools import chain

from shared.model.datasets import NOTHING_FIXED
from verification.corpus import dialects, encodings, files, formats, headers, rows
from verification.corpus.cases import Case

_GROUPS = (files, dialects, rows, encodings, headers, formats)

#: CleverCSV takes minutes for large files.
MAX_BYTES = 20_000


def corpus() -> list[Case]:
    """Return every case, with distinct names."""
    return list(chain.from_iterable(group.cases() for group in _GROUPS))


def delimited() -> list[Case]:
    """Return the cases for every reader of delimited text: without settings, and not large."""
    groups = (files, dialects, rows, encodings, headers)
    return [case for case in chain.from_iterable(group.cases() for group in groups) if _is_open_to_all(case)]


def _is_open_to_all(case: Case) -> bool:
    is_json = case.content.lstrip()[:1] in (b"{", b"[")
    is_fixed = case.settings != NOTHING_FIXED or bool(case.expected)
    return len(case.content) <= MAX_BYTES and not is_json and not is_fixed
