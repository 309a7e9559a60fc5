"""The sketches of a profile: exact for few values, bounded and approximate beyond."""

import math
from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from shared.profiling.batch import stable_hash
from shared.profiling.distinct import DistinctCounter
from shared.profiling.frequent import FrequentValues
from shared.profiling.reservoir import Reservoir
from shared.profiling.uniqueness import Uniqueness

letters = st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=40), max_size=8)


def distinct_after(count: int, *, capacity: int) -> DistinctCounter:
    counter = DistinctCounter(capacity)
    for start in range(0, count, 1000):
        counter.add(stable_hash(str(number)) for number in range(start, min(count, start + 1000)))
    return counter


def test_distinct_values_are_exact_up_to_twice_the_capacity() -> None:
    counter = distinct_after(2000, capacity=1000)
    counter.add(stable_hash(str(number)) for number in range(2000))

    result = counter.result()

    assert (result.count, result.error) == (2000, None)


def test_an_estimate_stays_within_its_error_in_19_of_20_cases() -> None:
    results = [distinct_after(count, capacity=1000).result() for count in range(5_000, 105_000, 5_000)]
    within = [
        result.error is not None and abs(result.count - count) <= result.error * count
        for result, count in zip(results, range(5_000, 105_000, 5_000), strict=True)
    ]

    assert within.count(True) >= 19
    assert all(result.error == 2 / math.sqrt(998) for result in results)


def test_a_hash_is_the_same_in_every_process() -> None:
    assert stable_hash("José") == 1990408595191171108
    assert stable_hash("\udcff") != stable_hash("\udcfe")


@given(letters)
def test_few_distinct_values_are_counted_exactly(batches: list[list[str]]) -> None:
    frequent = FrequentValues(10)
    for batch in batches:
        frequent.add(Counter(batch))

    result = frequent.result(10)

    assert result.undercount == 0
    assert {each.value: each.count for each in result.values} == Counter(chain.from_iterable(batches))
    assert [each.count for each in result.values] == sorted((each.count for each in result.values), reverse=True)


@given(letters, st.integers(1, 9))
def test_counts_are_never_too_high_nor_too_low_by_more_than_the_undercount(
    batches: list[list[str]], capacity: int
) -> None:
    frequent = FrequentValues(capacity)
    for batch in batches:
        frequent.add(Counter(batch))
    truth = Counter(chain.from_iterable(batches))

    result = frequent.result(10)

    assert len(frequent.counts) <= capacity
    assert result.undercount * (capacity + 1) <= truth.total()
    kept = {value: frequent.counts.get(value, 0) for value in truth}
    assert all(truth[value] - result.undercount <= count <= truth[value] for value, count in kept.items())


def test_long_values_with_the_same_beginning_are_counted_separately() -> None:
    frequent = FrequentValues(10)
    frequent.add({"w" * 100_000 + "a": 2, "w" * 100_000 + "b": 1})

    first, second = frequent.result(10).values

    assert (first.count, second.count) == (2, 1)
    assert first.value != second.value
    assert max(len(first.value), len(second.value)) < 200


def test_a_sample_has_all_items_up_to_its_capacity() -> None:
    reservoir: Reservoir[int, str] = Reservoir(10, str)
    reservoir.extend(range(4))
    reservoir.extend(range(4, 10))

    assert reservoir.is_whole
    assert reservoir.items == [str(number) for number in range(10)]


def test_each_item_has_the_same_chance_to_be_sampled() -> None:
    chosen: Counter[int] = Counter()
    for seed in range(2000):
        reservoir: Reservoir[int, int] = Reservoir(10, int, seed=seed)
        for start in range(0, 100, 7):
            reservoir.extend(range(start, min(100, start + 7)))
        assert not reservoir.is_whole
        assert len(set(reservoir.items)) == 10
        chosen.update(reservoir.items)

    # Each is chosen 200 times of 2000, plus or minus five standard deviations.
    assert all(abs(chosen[number] - 200) < 5 * math.sqrt(180) for number in range(100))


def test_the_same_stream_gives_the_same_sample() -> None:
    samples = []
    for batch in (3, 50):
        reservoir: Reservoir[int, int] = Reservoir(10, int)
        for start in range(0, 300, batch):
            reservoir.extend(range(start, start + batch))
        samples.append(reservoir.items)

    assert samples[0] == samples[1]


def test_a_duplicate_hash_is_found_after_many_others() -> None:
    hashes = [hash((stable_hash(str(number)),)) for number in range(40_000)]
    once, twice = Uniqueness(), Uniqueness()
    for uniqueness in (once, twice):
        uniqueness.add(hashes)
    twice.add(hashes[:1])

    again = Uniqueness()
    again.add([*hashes, *hashes])
    once.check()
    twice.check()

    assert (once.is_unique, once.size) == (True, 40_000)
    assert (twice.is_unique, twice.size) == (False, 0)
    # Enough hashes for a check before the end.
    assert (again.is_unique, again.size) == (False, 0)
