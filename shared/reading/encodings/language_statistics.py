"""Frequencies of letters and of pairs of letters in the languages that old encodings are used for.

The table beside this module is derived by scripts/derive_language_statistics.py. It is loaded when the first file in an
old encoding is met: most files are UTF-8, and need none of it.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

#: What begins and ends a word.
EDGE = " "
#: The byte that says a probability of 1; each below it says a tenth less of the natural logarithm.
CERTAIN = 160


@dataclass(frozen=True, slots=True)
class Script:
    """The languages of one script; each statistic has one byte per language."""

    languages: tuple[str, ...]
    letters: Mapping[str, bytes]
    #: A letter and the one behind it, at least one of which is not ASCII, or `EDGE`.
    pairs: Mapping[str, bytes]
    #: The logarithm of how usual a letter is in all languages together.
    any_language: Mapping[str, float]


@cache
def scripts() -> Mapping[str, Script]:
    """Return the statistics of each script, by its name."""
    packed = files("shared.reading.encodings").joinpath("language_statistics.bin").read_bytes()
    return {name: _script(table) for name, table in orjson.loads(zlib.decompress(packed)).items()}


@cache
def best_weights() -> Mapping[str, int]:
    """Return of each letter and pair the weight in the language where it is most usual."""
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
