"""G4 The last drop wins: which files wait for older ones, for how long, and which of those are overtaken."""

from hypothesis import given
from hypothesis import strategies as st

from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.drop_order import NOT_AT_ALL, TO_ITS_END, DropOrder

NOW = 1_000_000.0
LIMIT_SECONDS = 60.0
SOON = NOW + LIMIT_SECONDS


def file(name: str) -> Entry:
    return Entry(path=name, kind="file", size_bytes=1, modified_at=NOW, changed_at=NOW)


FIRST, SECOND, THIRD = map(file, ("people-1.csv", "people-2.csv", "people-3.csv"))


def look(order: DropOrder, *, at: float, until: float) -> Entry | None:
    """At this look the first file is left, and may be waited for until then; return what the second one waits for."""
    order.begin_look([FIRST.path, SECOND.path], now=at)
    order.leave(FIRST, "people", reason="settling", until=until)
    return order.awaited(SECOND, "people")


def test_a_file_waits_for_one_before_it_of_its_dataset() -> None:
    order = DropOrder(LIMIT_SECONDS)

    assert look(order, at=NOW, until=SOON) == FIRST
    assert order.awaited(THIRD, "people") == FIRST
    assert order.awaited(THIRD, "places") is None


def test_each_look_is_told_anew_which_files_are_left() -> None:
    order = DropOrder(LIMIT_SECONDS)
    look(order, at=NOW, until=SOON)
    order.begin_look([SECOND.path], now=NOW + 1)

    assert order.awaited(SECOND, "people") is None


def test_a_file_is_waited_for_until_the_moment_that_is_said() -> None:
    order = DropOrder(LIMIT_SECONDS)

    assert look(order, at=NOW, until=NOW + 1) == FIRST
    assert look(order, at=NOW + 1, until=NOW + 1) is None
    assert look(DropOrder(LIMIT_SECONDS), at=NOW, until=NOT_AT_ALL) is None


def test_of_several_files_the_one_is_named_that_is_waited_for_longest() -> None:
    order = DropOrder(LIMIT_SECONDS)
    order.begin_look([], now=NOW)
    order.leave(FIRST, "people", reason="settling", until=NOW + 1)
    order.leave(SECOND, "people", reason="settling", until=NOW + 2)

    assert order.awaited(THIRD, "people") == SECOND


def test_no_file_waits_for_longer_than_the_limit() -> None:
    order = DropOrder(LIMIT_SECONDS)

    assert look(order, at=NOW, until=NOW + 999) == FIRST
    assert look(order, at=NOW + LIMIT_SECONDS - 1, until=NOW + 999) == FIRST
    assert look(order, at=NOW + LIMIT_SECONDS, until=NOW + 999) is None
    # As long as there is no room to claim it, too.
    assert look(order, at=NOW + LIMIT_SECONDS + 1, until=NOW + 999) is None


def test_a_file_that_comes_to_its_end_by_itself_is_waited_for_without_a_limit() -> None:
    order = DropOrder(LIMIT_SECONDS)

    assert look(order, at=NOW, until=TO_ITS_END) == FIRST
    assert look(order, at=NOW + 100 * LIMIT_SECONDS, until=TO_ITS_END) == FIRST


def test_a_clock_that_was_set_back_does_not_make_a_file_wait_for_longer() -> None:
    order = DropOrder(LIMIT_SECONDS)
    look(order, at=NOW, until=SOON)
    assert look(order, at=NOW - 86_400, until=NOW) == FIRST

    assert look(order, at=NOW - 86_400 + LIMIT_SECONDS, until=NOW) is None


def test_each_file_is_overtaken_once_until_it_is_gone() -> None:
    order = DropOrder(LIMIT_SECONDS)
    for _ in range(2):
        look(order, at=NOW, until=NOT_AT_ALL)
        assert order.overtaken("people") == [(FIRST, "settling")]
        assert order.overtaken("people") == order.overtaken("places") == []
        look(order, at=NOW + 1, until=NOT_AT_ALL)
        assert order.overtaken("people") == []
        order.begin_look([SECOND.path], now=NOW + 2)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 3))))
def test_what_is_claimed_is_older_than_all_that_is_waited_for(files: list[tuple[str, bool, int]]) -> None:
    order = DropOrder(LIMIT_SECONDS)
    order.begin_look([], now=NOW)
    left: dict[str, float] = {}
    for number, (dataset, is_complete, wait_seconds) in enumerate(files):
        if not is_complete:
            order.leave(file(f"{number}"), dataset, reason="settling", until=NOW + wait_seconds)
            left[dataset] = max(left.get(dataset, 0), wait_seconds)
        else:
            assert (order.awaited(file(f"{number}"), dataset) is None) == (left.get(dataset, 0) == 0)
