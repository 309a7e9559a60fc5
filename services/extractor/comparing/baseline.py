"""Chooses the earlier load that a file may be compared with: all its rows are still in the database. Pure."""

from collections.abc import Iterable
from itertools import count

from shared.storage.ledger.loads import Load

#: With more rejected rows, the search for them is not worthwhile.
_MAX_REJECTED = 1000
#: Files under different names whose sizes differ by more than this factor are hardly editions of each other.
_MAX_TIMES_LARGER = 2


def choose_base(load: Load, earlier: Iterable[Load]) -> Load | None:
    """Choose among the loads before it, which are given latest first: one of the same file if there is any.

    A row may stay as it is only if all earlier loads of its dataset are complete, and none changed it since its base.
    """
    complete = _unchanged_since(load, earlier)
    fitting = [each for place, each in enumerate(complete) if _can_be_base(each, is_latest=place == 0)]
    alike = [each for each in fitting if each.file == load.file] or [each for each in fitting if _is_alike(each, load)]
    return next(iter(alike), None)


def _unchanged_since(load: Load, earlier: Iterable[Load]) -> Iterable[Load]:
    """Yield the complete loads of its dataset, back to the last one that changed rows."""
    for number, each in zip(count(load.load_id - 1, -1), earlier, strict=False):
        # A number that is not in the ledger may have been given to a file that is still to come.
        if each.load_id != number:
            return
        if each.dataset != load.dataset or _never_read(each):
            continue
        if each.completed_at is None:
            return
        yield each
        if each.updated:
            return


def _never_read(load: Load) -> bool:
    return load.state == "refused" and not load.header


def _can_be_base(load: Load, *, is_latest: bool) -> bool:
    """Only for the latest load is it certain that no other load superseded its rows."""
    is_last_word = is_latest or not load.superseded
    return is_last_word and load.fingerprint is not None and load.rejected <= _MAX_REJECTED


def _is_alike(base: Load, load: Load) -> bool:
    small, large = sorted((base.size_bytes, load.size_bytes))
    return large <= _MAX_TIMES_LARGER * small
