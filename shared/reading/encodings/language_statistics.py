"""Frequencies of letters and of pairs of letters in the languages that old encodings are used for.

The table next to this module is derived by scripts/derive_language_statistics.py. It is loaded for the first file in an
old encoding: most files are UTF-8, and do not need it.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

#: The beginning and the end of a word.
EDGE = " "
#: The byte for a probability of 1; each lower byte means 0.1 less in the natural logarithm.
CERTAIN = 160


@dataclass(frozen=True, slots=True)
class Script:
    """The languages of one script; each statistic has one byte per language."""

    languages: tuple[str, ...]
    letters: Mapping[str, bytes]
    #: Two adjacent letters, or a letter and `EDGE`; at least one letter is not ASCII.
    pairs: Mapping[str, bytes]
    #: The logarithm of the frequency of each letter in all languages together.
    any_language: Mapping[str, float]


@cache
def scripts() -> Mapping[str, Script]:
    """Return the statistics of each script, by its name."""
    packed = files("shared.reading.encodings").joinpath("language_statistics.bin").read_bytes()
    return {name: _script(table) for name, table in orjson.loads(zlib.decompress(packed)).items()}


@cache
def best_weights() -> Mapping[str, int]:
    """Return for each letter and pair the weight in the language in which it is most frequent."""
    return {
        gram: max(weights)
        for script in scripts().values()
        for grams in (script.letters, script.pairs)
        for gram, weights in grams.items()
    }


def _script(table: Mapping[str, list[str] | str]) -> Script:
    languages = tuple(table["languages"])
    letters, pairs = (_by_gram(str(table[f"{kind}s"]), str(table[f"{kind}_weights"]), size, len(languages))
                      for size, kind in ((1, "letter"), (2, "pair")))  # fmt: skip
    any_language = {
        letter: math.log(sum(math.exp((weight - CERTAIN) / 10) for weight in weights) / len(languages))
        for letter, weights in letters.items()
    }
    return Script(languages, letters, pairs, any_language)


def _by_gram(grams: str, weights: str, size: int, count: int) -> dict[str, bytes]:
    flat = weights.encode("latin-1")
    return {
        grams[number * size : (number + 1) * size]: flat[number * count : (number + 1) * count]
        for number in range(len(grams) // size)
    }
