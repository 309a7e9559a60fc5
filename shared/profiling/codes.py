"""Columns whose digits are not a number: phones and postal codes, told by their names."""

import re
from itertools import pairwise

#: A sample may lack the zeros and signs that tell them; as numbers they would lose them without a word.
_CODES = frozenset({
    "phone", "phones", "telephone", "tel", "telefon", "telefono", "mobile", "mobil", "handy", "fax", "msisdn",
    "zip", "zipcode", "postcode", "postal", "postalcode", "plz", "postleitzahl", "cep",
    "iban", "bic", "ean", "gtin", "upc", "isbn", "issn", "imei", "ssn",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+")


def is_code(name: str) -> bool:
    """Whether a column is called as phones, postal codes or other codes of digits are: home_phone, PLZ, ZipCode."""
    words = [word.casefold() for word in _WORD.findall(name)]
    return not _CODES.isdisjoint([*words, *map("".join, pairwise(words))])
