"""People and places for the benchmarks: any slice of a very long list of distinct people, reproducible by seed.

Keys are in no order, as in most real files; sorted keys would be far easier for a table's index.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from inflow.sample_data.countries import COUNTRIES

PLACES_HEADER = "city,county,country\n"
PEOPLE_HEADER = "given_name,family_name,date_of_birth,place_of_birth\n"

#: The towns of a country are consecutive, and each country has the same number of them.
TOWNS = [town for country in COUNTRIES for town in country.towns]
TOWNS_PER_COUNTRY = len(TOWNS) // len(COUNTRIES)
_TOWNS_PER_COUNTY = TOWNS_PER_COUNTRY // len(COUNTRIES[0].counties)

_FIRST_DAY, _LAST_DAY = date(1837, 1, 1), date(1999, 12, 31)
_DAYS = [(_FIRST_DAY + timedelta(days=number)).isoformat() for number in range((_LAST_DAY - _FIRST_DAY).days + 1)]
#: A prime larger than the number of days: steps of this size visit every day before any repeats.
_STRIDE_DAYS = 2_147_483_647


#: Distance between the first days of two names; any number that does not divide the number of days.
_APART_DAYS = 7919


def _names() -> Iterator[tuple[str, int]]:
    """Yield each full name, with the number of its country's first town."""
    for number, country in enumerate(COUNTRIES):
        for names in product(country.given_names.split(), country.family_names.split()):
            yield ",".join(names), number * TOWNS_PER_COUNTRY


#: Full names, each with its country's first town and the number of the birthday of the first person of that name.
_NAMES = [(name, town, number * _APART_DAYS) for number, (name, town) in enumerate(_names())]

#: Number of consecutive people with different names; after them the people of the next days begin.
BLOCK_ROWS = len(_NAMES)
MAX_PEOPLE = BLOCK_ROWS * len(_DAYS)


def places() -> Iterator[dict[str, str]]:
    """Yield all places."""
    for country in COUNTRIES:
        for number, town in enumerate(country.towns):
            yield {"city": town, "county": country.counties[number // _TOWNS_PER_COUNTY], "country": country.name}


def write_places(path: Path) -> int:
    """Write places.csv, and return the number of places."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(PLACES_HEADER)
        file.writelines(f"{','.join(place.values())}\n" for place in places())
    return len(TOWNS)


def write_people(path: Path, rows: range, *, seed: int, edited: Collection[int] = ()) -> Counter[str]:
    """Write people.csv with these people of the list; return the number born in each country.

    Edited people have a birthplace in another country than without the edit; nothing else differs.
    """
    if rows.stop > MAX_PEOPLE:
        raise ValueError(f"there are no more than {MAX_PEOPLE:,} distinct people")
    births = [0] * len(TOWNS)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(PEOPLE_HEADER)
        for block in range(rows.start // BLOCK_ROWS, -(-rows.stop // BLOCK_ROWS)):
            file.write("".join(_lines(block, rows, seed, edited, births)))
    by_country: Counter[str] = Counter()
    for town, count in enumerate(births):
        by_country[COUNTRIES[town // TOWNS_PER_COUNTRY].name] += count
    return +by_country


def _lines(block: int, rows: range, seed: int, edited: Collection[int], births: list[int]) -> Iterator[str]:
    rng = random.Random(f"{seed}/{block}")
    names = rng.sample(_NAMES, BLOCK_ROWS)
    for number, (name, first_town, first_day) in enumerate(names, start=block * BLOCK_ROWS):
        town = first_town + int(rng.random() * TOWNS_PER_COUNTRY)
        if number not in rows:
            continue
        if number in edited:
            town = (town + TOWNS_PER_COUNTRY) % len(TOWNS)
        births[town] += 1
        # A name has another day in each block, so no key repeats.
        day = _DAYS[(first_day + block * _STRIDE_DAYS) % len(_DAYS)]
        yield f"{name},{day},{TOWNS[town]}\n"
