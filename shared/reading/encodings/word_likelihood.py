"""The likelihood of the words of a text in the languages of an encoding, as natural logarithms. Pure.

Non-ASCII characters and the letters next to them are judged: a letter by its frequency after the one before it, a sign
by its position, capitals by whether words are written in this way.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import mul

from shared.reading.encodings.language_statistics import CERTAIN, EDGE, Script, scripts
from shared.reading.encodings.single_byte_encodings import LegacyEncoding

#: Signs by their frequency in tables, the most frequent first.
_SIGNS = {
    -3.0: "’",
    -3.5: "–、。「」・（）：，！？",
    -4.0: "“”€",
    -4.5: "°«»„№\xa0",
    -5.0: "—…£‘®¿º×،؛",
    -5.5: "§²؟",
    -6.0: "·•©™½³µ¡ª±₪ـ",
    -7.0: "¼¾´‚¥‹›",
    -8.0: "¢‰†÷",
    -9.0: "\xad¨¹",
    -10.0: "¬¦¸¯¶‡",
    -12.0: "¤",
}
_RARE_SIGN, _NO_CHARACTER, _UNKNOWN_LETTER = -14.0, -30.0, -12.5
_NOT_CHARACTERS = ("Cc", "Cn", "Co", "Cs")
#: The positions of signs in a text, and the costs of a wrong position.
_IN_WORDS, _AFTER_WORDS, _BEFORE_WORDS, _BEFORE_OR_AFTER_NUMBERS = "’·\xad", "®™‰½¼¾²³ªº", "«¿¡“„‘‹", "€£¥¤"
_DASHES, _ENDS, _APOSTROPHE, _BY_THEMSELVES = "–—", "»”›…", "’", "¨´¸¯¦¬¶†‡×÷"
_ENDS_BEFORE_APOSTROPHE = ("s", "x", "z")
#: The signs that close each of these, one of which must be in the text, and the cost if none is.
_PARTNERS = {"¿": "?", "¡": "!", "“": "”„", "„": "“”", "«": "»", "‘": "’", "‹": "›"}
_UNPAIRED = -6.0
_SPLITS_WORD, _MISPLACED, _UNUSUAL_APOSTROPHE = -6.0, -2.0, -4.0
_CONTRACTED, _MAX_ELIDED = re.compile(r"(?:s|t|d|m|re|ve|ll)"), 2
#: The cost of a pair of letters that no language has; of another script inside a word; of a capital there.
_UNKNOWN_PAIR, _UNKNOWN_ASCII_PAIR, _MIXED, _ODD_CAPITAL = -2.5, -1.5, -8.0, -4.0
#: The cost of a letter next to a digit, and of a single letter separated from a number by a blank.
_BESIDE_DIGIT, _BESIDE_NUMBER = -8.0, -4.0
#: The share of words in none of our languages; the relative frequency of languages for which an encoding is not made;
#: and the number of words that are assumed, beforehand, to be spread evenly over all languages.
_NO_LANGUAGE, _UNUSUAL_LANGUAGE, _PRIOR_WORDS = 0.03, 0.1, 1.0
#: The weight of the ASCII words as evidence for the language, and the maximum of that evidence.
_SHARE_OF_ASCII, _MAX_OF_ASCII = 0.5, 5.0
_ASCII_WORD = re.compile(r"(?<![^\W_])[A-Za-z]{3,}(?![^\W_])")
_MAX_ASCII_WORDS = 150
#: Letters that the statistics count as others; the lower case of İ is not one character. Half-width katakana, which
#: banks use, have separate characters for voicing marks.
_HALF_WIDTH = "".join(map(chr, range(0xFF66, 0xFFA0)))
_ALIKE = str.maketrans(f"İșțȘȚς{_HALF_WIDTH}", f"ışţşţσ{unicodedata.normalize('NFKC', _HALF_WIDTH[:-2])}ンン")
_LETTER_BESIDE_DIGIT = re.compile(r"[0-9](?=[^\W\d_a-zA-Zªº])|(?<=[^\W\d_a-zA-Zªº])[0-9]")
_LETTER_BESIDE_NUMBER = re.compile(r"[0-9] [^\W\d_](?![^\W\d_])|(?<![^\W\d_])[^\W\d_] [0-9]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class _Word:
    """The evidence of one word: the part common to all languages, and those for each of the script and any other."""

    common: float
    by_language: tuple[float, ...] | None


class WordLikelihood:
    """Rates the same evidence in one encoding after the other."""

    def __init__(self, ascii_text: str) -> None:
        """`ascii_text` is the text that is the same in all encodings."""
        self._words: dict[tuple[str, str], _Word] = {}
        self._usual = _languages_of(ascii_text)

    def of(self, words: Iterable[str], encoding: LegacyEncoding, rounds: int) -> list[float]:
        """Return the logarithms of the likelihoods of the words of a text decoded from this encoding.

        The shares of the languages in the text are estimated `rounds` times.
        """
        script = scripts()[encoding.script]
        judged = [self._word(word, encoding.script, script) for word in words]
        rows = [word.by_language for word in judged if word.by_language is not None]
        shares = self._prior_shares(encoding, script)
        expected = shares
        for _ in range(rounds):
            expected = _shares_of(rows, expected, shares)
        return [
            word.common + (math.log(sum(map(mul, word.by_language, expected))) if word.by_language else 0.0)
            for word in judged
        ]

    def of_languages(self, encoding: LegacyEncoding) -> float:
        """Return the logarithm of the likelihood that the ASCII text is in a language of this encoding."""
        if encoding.script != "latin" or not self._usual:
            return 0.0
        total = sum(map(math.exp, self._usual.values()))
        share = sum(math.exp(self._usual[language]) for language in encoding.languages) / total
        return max(-_MAX_OF_ASCII, math.log(share))

    def _prior_shares(self, encoding: LegacyEncoding, script: Script) -> list[float]:
        usual = [
            math.exp(self._usual.get(language, 0.0)) * (1.0 if language in encoding.languages else _UNUSUAL_LANGUAGE)
            for language in script.languages
        ]
        return [*((1 - _NO_LANGUAGE) * each / sum(usual) for each in usual), _NO_LANGUAGE]

    def _word(self, word: str, name: str, script: Script) -> _Word:
        key = (name, word)
        if key not in self._words:
            self._words[key] = _judge(word, script, is_han=name == "han")
        return self._words[key]


def _shares_of(rows: Sequence[Sequence[float]], expected: Sequence[float], prior: Sequence[float]) -> list[float]:
    """Estimate the shares of languages from the evidence of each word, given the expected shares."""
    sums = [_PRIOR_WORDS * share for share in prior]
    for row in rows:
        joint = list(map(mul, row, expected))
        scale = 1 / sum(joint)
        sums = [total + scale * each for total, each in zip(sums, joint, strict=True)]
    return [each / (_PRIOR_WORDS + len(rows)) for each in sums]


def _judge(word: str, script: Script, *, is_han: bool) -> _Word:
    lower = lower_case(word)
    weights: list[bytes] = []
    common = 0.0
    before = EDGE
    for place, character in enumerate(lower):
        if character.isascii():
            letter = character if character.isalpha() else EDGE
            common += _step(script, before, letter, weights, is_han=is_han)
            before = letter
        elif (single := script.letters.get(character)) is not None:
            common += _letter(script, before, character, single, weights, is_han=is_han)
            before = character
        elif character.isalpha() and character not in sign_weights() and unicodedata.category(character) != "Lm":
            common += _UNKNOWN_LETTER
            before = EDGE
        else:
            common += _step(script, before, EDGE, weights, is_han=is_han)
            common += _sign(lower[:place], character, lower[place + 1 :])
            before = EDGE
    common += _step(script, before, EDGE, weights, is_han=is_han) + _ODD_CAPITAL * _odd_capitals(word)
    if not is_han:
        common += _BESIDE_DIGIT * len(_LETTER_BESIDE_DIGIT.findall(word))
        common += _BESIDE_NUMBER if _LETTER_BESIDE_NUMBER.search(word) else 0.0
    if not weights:
        return _Word(common, None)
    offset = CERTAIN * len(weights)
    logarithms = [(sum(column) - offset) / 10 for column in zip(*weights, strict=True)]
    logarithms.append(sum(script.any_language.get(character, 0.0) for character in lower))
    most = max(logarithms)
    return _Word(common + most, tuple(math.exp(each - most) for each in logarithms))


def _step(script: Script, before: str, letter: str, weights: list[bytes], *, is_han: bool) -> float:
    """Return the logarithm of the step to an ASCII letter, or to the end of the word."""
    if before.isascii():
        return 0.0
    pair = script.pairs.get(before + letter)
    if pair is not None:
        weights.append(pair)
    if letter == EDGE or is_han:
        return 0.0
    is_latin = "en" in script.languages
    return (0.0 if pair is not None else _UNKNOWN_ASCII_PAIR) + (0.0 if is_latin else _MIXED)


def _letter(script: Script, before: str, letter: str, single: bytes, weights: list[bytes], *, is_han: bool) -> float:
    pair = script.pairs.get(before + letter)
    weights.append(single if pair is None else pair)
    if is_han:
        return 0.0
    is_mixed = before != EDGE and before.isascii() and "en" not in script.languages
    return (_UNKNOWN_PAIR if pair is None else 0.0) + (_MIXED if is_mixed else 0.0)


def _odd_capitals(word: str) -> int:
    """Count the letters with an odd case: the word is neither in lower case, nor capitalized, nor in capitals."""
    return sum(_odd_in(part) for part in _LETTERS.findall(word) if not part.isascii())


def _odd_in(part: str) -> int:
    capitals = sum(map(str.isupper, part[1:]))
    small = sum(letter.islower() and letter != "ß" for letter in part[1:])
    return min(capitals, small) + (part[0].islower() and part[0] != "ß" and capitals > small)


def _sign(before: str, sign: str, after: str) -> float:
    if sign == "\ufffd" or unicodedata.category(sign) in _NOT_CHARACTERS:
        return _NO_CHARACTER
    return sign_weights().get(sign, _RARE_SIGN) + _place(before, sign, after)


def _place(before: str, sign: str, after: str) -> float:
    is_after, is_before = before[-1:].isalpha(), after[:1].isalpha()
    if sign == _APOSTROPHE and is_before:
        return 0.0 if is_after and _is_usual_apostrophe(before, after) else _UNUSUAL_APOSTROPHE
    if is_after and is_before and sign not in _IN_WORDS:
        return _SPLITS_WORD
    is_misplaced = (
        (sign in _AFTER_WORDS + _ENDS and is_before)
        or (sign in _BEFORE_WORDS and (is_after or not is_before))
        or (sign in _BEFORE_OR_AFTER_NUMBERS and (is_after or is_before))
        or (sign in _DASHES and is_after != is_before)
        or (sign in _BY_THEMSELVES and (is_after or is_before))
        or (sign == _APOSTROPHE and is_after and not before.endswith(_ENDS_BEFORE_APOSTROPHE))
    )
    return _MISPLACED if is_misplaced else 0.0


def _is_usual_apostrophe(before: str, after: str) -> bool:
    """Whether the apostrophe is as in it’s, O’Brien, l’est, dell’arte or м’я, rather than in place of a letter."""
    is_elision = len(before) <= _MAX_ELIDED or before.endswith(("l", "n", "qu"))
    return not before.isascii() or is_elision or _CONTRACTED.fullmatch(after) is not None


def unpaired_signs(characters: AbstractSet[str]) -> float:
    """Return the cost of opening signs among the characters without the closing ones."""
    return _UNPAIRED * sum(sign in characters and characters.isdisjoint(ends) for sign, ends in _PARTNERS.items())


@cache
def sign_weights() -> Mapping[str, float]:
    """Return the frequency of each sign that is neither a letter nor ASCII; signs that are missing are rare."""
    return {sign: weight for weight, signs in _SIGNS.items() for sign in signs}


def lower_case(text: str) -> str:
    """Return the letters as in the statistics, with positions unchanged."""
    return text.translate(_ALIKE).lower().translate(_ALIKE)


def _languages_of(text: str) -> Mapping[str, float]:
    """Return the likelihood of each language of the Latin script by the ASCII words, as logarithms of at most 0."""
    latin = scripts()["latin"]
    words = list(dict.fromkeys(_ASCII_WORD.findall(text.lower())))[:_MAX_ASCII_WORDS]
    found = (latin.pairs.get(pair) for word in words for pair in map("".join, pairwise(word)))
    pairs = [weights for weights in found if weights is not None]
    if not pairs:
        return {}
    sums = [sum(column) / 10 * _SHARE_OF_ASCII for column in zip(*pairs, strict=True)]
    return {
        language: max(-_MAX_OF_ASCII, each - max(sums)) for language, each in zip(latin.languages, sums, strict=True)
    }
