"""Columns whose digits are not numbers, such as phone numbers and postal codes, recognised by name."""

import re
from itertools import pairwise

#: A sample may happen to lack the leading zeros and signs that show it; a number column would silently lose them.
_CODES = frozenset({
    "phone", "phones", "telephone", "tel", "telefon", "telefono", "mobile", "mobil", "handy", "fax", "msisdn",
    "zip", "zipcode", "postcode", "postal", "postalcode", "plz", "postleitzahl", "cep",
    "iban", "bic", "ean", "gtin", "upc", "isbn", "issn", "imei", "ssn",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+")


def is_code(name: str) -> bool:
    """Whether a column is named like a phone number, a postal code or another code: home_phone, PLZ, ZipCode."""
    words = [word.casefold() for word in _WORD.findall(name)]
    return not _CODES.isdisjoint([*words, *map("".join, pairwise(words))])
