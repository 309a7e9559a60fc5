"""Two files of people and places, made by arithmetic, and the right answer to them."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice

_COUNTRY_OF_CITY = {
    "Dumfries": "Scotland",
    "Kelso": "Scotland",
    "Coleraine": "Northern Ireland",
    "Bregenz": "Österreich",
    "Eisenstadt": "Österreich",
    "Graz": "Österreich",
    "函館": "日本",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Births:
    """What is dropped, and how many people of it were born in each country."""

    people_csv: str
    places_csv: str
    by_country: Counter[str]


def births(family: str, *, people: int) -> Births:
    """Make one family: that many people of different names, born by turns in cities of no other family."""
    country_of = {f"{city} of {family}": country for city, country in _COUNTRY_OF_CITY.items()}
    born_in = list(islice(cycle(country_of), people))
    first_day = date(1837, 1, 1)
    return Births(
        people_csv=_csv(
            ("given_name", "family_name", "date_of_birth", "place_of_birth"),
            (
                (f"Given {number}", family, first_day + timedelta(days=number % 30_000), city)
                for number, city in enumerate(born_in)
            ),
        ),
        places_csv=_csv(
            ("city", "county", "country"),
            ((city, f"County of {city}, {country}", country) for city, country in country_of.items()),
        ),
        by_country=Counter(country_of[city] for city in born_in),
    )


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
