"""Sample files of our own making: places and people of invented countries, in eight scripts."""

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TypeVar

from inflow.sample_data.countries import COUNTRIES, Country
from shared.runtime.files import replacing

_FIRST_DAY, _LAST_DAY = date(1837, 1, 1), date(1999, 12, 31)

#: A prime larger than the number of days, so that steps of it visit every day before any comes again.
_STRIDE_DAYS = 2_147_483_647

#: Below this many rows all people are ordinary.
_MIN_ROWS_WITH_ODD_PEOPLE = 100

#: A country has one town for this many rows of people, until all its towns are there.
_ROWS_PER_TOWN = 50
_TOWNS_PER_COUNTY = 5

_T = TypeVar("_T")
_Row = tuple[str, ...]
#: A town, and the given and family names to choose from.
_Birth = tuple[str, list[str], list[str]]

_ODD_PLACES: tuple[_Row, ...] = (
    ("Weir, Upper", 'The "Quiet" Shire', "Valdérie"),
    ("Sea\nGate", "Νησιά", "Ανθεμία"),
)

#: Spread over the file in this order: the second namesake is the last line of its key, and wins.
_ODD_PEOPLE: tuple[_Row, ...] = (
    ("Kim", "Namesake", "1901-02-03", "Weir, Upper"),
    ("Ada", "Early", "1911-11-11", "Nowhere-by-the-Sea"),
    ('Maria "Mia"', "Stone, the Younger", "1899-12-31", "Weir, Upper"),
    ("Ida", "Impossible", "1837-02-30", "Weir, Upper"),
    ("Anne\nMarie", 'd"Or', "1900-01-01", "Sea\nGate"),
    ("", "Nameless", "1950-05-05", "Sea\nGate"),
    ("Bo", "Early", "1912-12-12", "Nowhere-by-the-Sea"),
    ("Sid", "Short", "1960-06-06"),
    ("Lou", "Long", "1970-07-07", "Sea\nGate", "and one value more"),
    ("Cy", "Early", "1913-03-13", "未知島"),
    ("Kim", "Namesake", "1901-02-03", "Sea\nGate"),
)


def write_sample(folder: Path, *, rows: int, seed: int = 1) -> None:
    """Write places.csv, and people.csv with this many rows; the same rows and seed give the same bytes.

    From 100 rows on, eleven of the people are odd, however long the file is: three refer to two places
    that places.csv lacks; four rows are bad (an impossible date, an empty required value, a value
    missing, a value too many); two share their key, so that the later one wins; two have commas, quotes
    and a newline in their values. All other keys are distinct, up to 50 million rows. From 750 rows on
    there are 122 places, below that fewer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311 - it is to be repeatable, not secret
    _write_csv(folder / "places.csv", ("city", "county", "country"), _places(rows))
    people_header = ("given_name", "family_name", "date_of_birth", "place_of_birth")
    _write_csv(folder / "people.csv", people_header, _people(rows, rng))


def _write_csv(path: Path, header: _Row, rows: Iterable[_Row]) -> None:
    with replacing(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.detach()


def _places(rows: int) -> Iterator[_Row]:
    for country in COUNTRIES:
        for number, town in enumerate(_towns(country, rows)):
            yield town, country.counties[number // _TOWNS_PER_COUNTY], country.name
    yield from _ODD_PLACES


def _towns(country: Country, rows: int) -> list[str]:
    """Return the towns that a country has in a sample of this many rows."""
    return country.towns[: max(1, rows // _ROWS_PER_TOWN)]


def _people(rows: int, rng: random.Random) -> Iterator[_Row]:
    odd = _odd_people(rows)
    ordinary = _ordinary_people(rows, rng)
    return (odd[number] if number in odd else next(ordinary) for number in range(rows))


def _odd_people(rows: int) -> dict[int, _Row]:
    """Return the odd people by the number of their row, evenly spread."""
    if rows < _MIN_ROWS_WITH_ODD_PEOPLE:
        return {}
    return {number * rows // (len(_ODD_PEOPLE) + 1): row for number, row in enumerate(_ODD_PEOPLE, start=1)}


def _ordinary_people(rows: int, rng: random.Random) -> Iterator[_Row]:
    """Yield people for ever: each pair of names walks through the days by itself, so keys stay distinct."""
    births = [birth for country in COUNTRIES for birth in _births(country, rows)]
    calendar = _calendar()
    days: dict[tuple[str, str], Iterator[str]] = {}
    while True:
        town, given_names, family_names = _pick(births, rng)
        names = _pick(given_names, rng), _pick(family_names, rng)
        if names not in days:
            days[names] = _walk(calendar, start=int(rng.random() * len(calendar)))
        yield *names, next(days[names]), town


def _births(country: Country, rows: int) -> list[_Birth]:
    """Return each town with the names given there, as often as the country's share says."""
    given_names, family_names = country.given_names.split(), country.family_names.split()
    return [(town, given_names, family_names) for town in _towns(country, rows)] * country.share


def _calendar() -> list[str]:
    days = (_LAST_DAY - _FIRST_DAY).days + 1
    return [(_FIRST_DAY + timedelta(days=number)).isoformat() for number in range(days)]


def _walk(calendar: list[str], *, start: int) -> Iterator[str]:
    position = start
    while True:
        yield calendar[position]
        position = (position + _STRIDE_DAYS) % len(calendar)


def _pick(choices: Sequence[_T], rng: random.Random) -> _T:
    """Choose evenly. Of the random module only random() is promised to stay the same in later Pythons."""
    return choices[int(rng.random() * len(choices))]
