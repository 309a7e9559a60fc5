"""How much a text looks like words, were it in this or that encoding of the Latin script. Pure."""

import re
from collections.abc import Mapping

_WESTERN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœðþšžÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØÚÜŒÐÞŠŽ"
_CENTRAL = "áâăąäçćčďđéęëěíîĺľłńňóôőöŕřśšşťţúůűüýźžżßÁÂĂĄÄÇĆČĎĐÉĘËĚÍÎĽŁŃŇÓÔŐÖŘŚŠŞŤŢÚŮŰÜÝŹŽŻ"
#: In the order in which they are preferred, each with the letters that its users write.
LATIN_LETTERS: Mapping[str, frozenset[str]] = {
    "cp1252": frozenset(_WESTERN),
    "cp1250": frozenset(_CENTRAL),
    "cp1254": frozenset("çğıöşüâîûÇĞİÖŞÜäßéàèê"),
    "cp1257": frozenset("ąčęėįšųūžāēģīķļņõäöüĄČĘĖĮŠŲŪŽĀĒĢĪĶĻŅÕÄÖÜ"),
    "mac_roman": frozenset(_WESTERN),
    "cp850": frozenset(_WESTERN),
    "iso8859_2": frozenset(_CENTRAL),
    "cp852": frozenset(_CENTRAL),
}
#: Of these, one that makes as good words of a text as the chosen one may be meant as well: the others are rare today.
WINDOWS = ("cp1250", "cp1254", "cp1257")
#: What stands beside words in every language. ª, º and µ count as letters elsewhere.
_PUNCTUATION = frozenset("€£–—‘’“”„…«»°§©®·×½¼¾²³ªºµ\xa0•™‰")
_DASHES, _APOSTROPHE, _MICRO = "–—", "’", "µ"
#: They stand behind what they say something of, never before a word.
_BEHIND = "®™‰½¼¾²³"
#: After an apostrophe, as in it’s, don’t, we’ll.
_CONTRACTED = re.compile(r"(?:s|t|d|m|re|ve|ll)(?![^\W\d_])")

_FITTING, _ALONE, _DOUBTFUL, _STRANGE, _MISPLACED = 1.0, 0.95, 0.7, 0.0, -1.0


def plausibility(text: bytes, encoding: str) -> float:
    """Rate from -1 to 1: the mean of what each character that is not ASCII says for the encoding."""
    decoded = f" {text.decode(encoding, 'replace')} "
    places = [place for place, character in enumerate(decoded) if not character.isascii()]
    return sum(_rate(decoded, place, LATIN_LETTERS[encoding]) for place in places) / max(1, len(places))


def _rate(text: str, place: int, letters: frozenset[str]) -> float:
    before, character, after = text[place - 1], text[place], text[place + 1]
    if character in _PUNCTUATION:
        return _rate_sign(text, place)
    if not character.isalpha():
        return _MISPLACED
    has_wrong_case = (character.isupper() and before.islower()) or (character.islower() and after.isupper())
    if has_wrong_case or before.isdigit() or after.isdigit():
        return _MISPLACED
    if character not in letters:
        return _STRANGE
    # A letter by itself is a word in few languages: à, é, ó.
    return _FITTING if before.isalpha() or after.isalpha() else _ALONE


def _rate_sign(text: str, place: int) -> float:
    before, sign, after = text[place - 1], text[place], text[place + 1]
    if before.isalpha() and after.isalpha():
        if sign == _APOSTROPHE:
            is_usual = _CONTRACTED.match(text, place + 1) or (before.isupper() and after.isupper())
            return _FITTING if is_usual else _DOUBTFUL
        return _DOUBTFUL if sign == "·" else _MISPLACED
    if sign in _BEHIND and after.isalpha():
        return _MISPLACED
    if sign in _DASHES:
        return _FITTING if before.isalnum() == after.isalnum() else _DOUBTFUL
    return _DOUBTFUL if sign == _MICRO and not after.isalpha() else _FITTING
