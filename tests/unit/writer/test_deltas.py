"""The deltas of a chunk for the kept counts, and their encoding."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.writer.deltas import as_texts, difference
from services.writer.keys import key_getter
from services.writer.outcomes import Key

VALUES = st.one_of(st.none(), st.integers(-3, 3), st.text(max_size=3))
KEYS = st.tuples(VALUES, VALUES)


def test_a_key_is_a_tuple_of_as_many_values_as_there_are_positions() -> None:
    row = ("a", 1, None)

    assert key_getter([1])(row) == (1,)
    assert key_getter([2, 0])(row) == (None, "a")


@given(before=st.lists(KEYS), after=st.lists(KEYS))
def test_a_difference_leads_from_the_rows_before_to_those_after(before: list[Key], after: list[Key]) -> None:
    found = difference(after, before)

    total = Counter(key for key in before if None not in key)
    total.update(found)
    assert {key: count for key, count in total.items() if count} == Counter(key for key in after if None not in key)
    assert all(found.values())


def test_rows_that_stay_in_their_group_make_no_difference() -> None:
    assert difference([("Cork",), ("Cork",)], [("Cork",), ("Cork",)]) == {}


def test_a_text_names_every_count_even_where_nothing_is_added() -> None:
    [text] = as_texts({"one": {("Cork", 1): -2}, "other": {}})

    assert json.loads(text) == {"one": [["Cork", 1, -2]], "other": []}
    assert list(as_texts({})) == ["{}"]


def test_many_values_are_cut_into_texts_of_a_bounded_size() -> None:
    keys: dict[Key, int] = {(f"{number} {'x' * 700}",): number for number in range(1, 1001)}

    texts = list(as_texts({"one": keys, "other": {("a",): 1}}))

    assert max(map(len, texts)) <= 128 * 1024
    rows = [row for text in texts for row in json.loads(text)["one"]]
    assert {(key,): count for key, count in rows} == keys
    assert sum(len(json.loads(text)["other"]) for text in texts) == 1
