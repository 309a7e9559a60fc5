"""The people and places of the workload: few, with texts that look alike but differ."""

from collections.abc import Iterator
from random import Random

Row = dict[str, str]

_GIVEN = ("José", "Jose", "JOSE", "Jose\u0301", "Ann", "ann", "Ann ", "𝔄nn", 'O"Neil', "=1+1")
_FAMILY = ("Stone", "a", "a ", "𠮷田", "Ó Sé")
_BORN = ("1837-06-20", "1900-01-01", "2024-02-29")
_CITIES = ("Weir", "weir", "Weir ", "Málaga", "Malaga", "😀", "Cork, West", "Dún Laoghaire")
_COUNTRIES = ("Scotland", "Northern Ireland", "Éire", "日本", "scotland")
_COUNTIES = ("", "Down", "Two\nlines", "Antrim")
_EDITED = 0.3


class World:
    """Generates rows of a number of people and cities; by default there are three people for each city.

    The values of a key are fixed; if edits are allowed, a row may have other values.
    """

    def __init__(self, random: Random, *, size: int, only_adds: bool, cities: int | None = None) -> None:
        self._edited = 0.0 if only_adds else _EDITED
        self._cities = [_numbered(_CITIES, number) for number in range(cities or max(3, size // 3))]
        self._countries = {city: random.choice(_COUNTRIES) for city in self._cities}
        self._people = [_person(number, random.choice(self._cities)) for number in range(size)]

    def people(self) -> Iterator[Row]:
        """Yield each person once."""
        yield from self._people

    def place(self, random: Random) -> Row:
        """Generate a row of a file of places."""
        city = random.choice(self._cities)
        return self.edited(random, {"city": city, "county": "Down", "country": self._countries[city]})

    def person(self, random: Random) -> Row:
        """Generate a row of a file of people."""
        return self.edited(random, random.choice(self._people))

    def edited(self, random: Random, row: Row) -> Row:
        """Return the row, possibly with other values."""
        if random.random() >= self._edited:
            return row
        if "city" in row:
            return row | {"county": random.choice(_COUNTIES), "country": random.choice(_COUNTRIES)}
        return row | {"place_of_birth": random.choice(self._cities)}


def _person(number: int, city: str) -> Row:
    return {
        "given_name": _numbered(_GIVEN, number),
        "family_name": _FAMILY[number % len(_FAMILY)],
        "date_of_birth": _BORN[number % len(_BORN)],
        "place_of_birth": city,
    }


def _numbered(names: tuple[str, ...], number: int) -> str:
    """Return distinct names: first the given ones, then with a number."""
    round_number, position = divmod(number, len(names))
    return names[position] if round_number == 0 else f"{names[position]} {round_number}"
