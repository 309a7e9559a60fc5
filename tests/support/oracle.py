"""The expected summary of a folder of sample files, computed naively and without Inflow's code."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

_Row = dict[str, str]


def expected_summary(folder: Path) -> dict[str, int]:
    """Return the number of people in people.csv born in each country of places.csv, in descending order, then by name.

    Bad rows do not count, the last line of a key wins, and a place missing from places.csv is in no country.
    """
    countries = {place["city"]: place["country"] for place in _good_rows(folder / "places.csv", ("city", "country"))}
    people = _good_rows(folder / "people.csv", ("given_name", "family_name", "date_of_birth", "place_of_birth"))
    birthplaces = {
        (person["given_name"], person["family_name"], person["date_of_birth"]): person["place_of_birth"]
        for person in people
        if _is_date(person["date_of_birth"])
    }
    counts = Counter(countries[place] for place in birthplaces.values() if place in countries)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _good_rows(path: Path, required: tuple[str, ...]) -> list[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = [row for row in csv.reader(file) if row]
    named = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return [row for row in named if all(row[column] for column in required)]


def _is_date(text: str) -> bool:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
