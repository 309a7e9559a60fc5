"""How much a text looks like words, were it in this or that encoding of the Latin script. Pure."""

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
}
#: What stands beside words in every language.
_PUNCTUATION = frozenset("€£–—‘’“”„…«»°§©®·×½¼¾²³µ\xa0•™‰")

_LETTER, _SIGN, _STRANGE, _MISPLACED = 1.0, 0.7, 0.0, -1.0


def plausibility(text: bytes, encoding: str) -> float:
    """Rate from -1 to 1: the mean of what each character that is not ASCII says for the encoding."""
    decoded = f" {text.decode(encoding, 'replace')} "
    places = [place for place, character in enumerate(decoded) if not character.isascii()]
    return sum(_rate(decoded, place, LATIN_LETTERS[encoding]) for place in places) / max(1, len(places))


def _rate(text: str, place: int, letters: frozenset[str]) -> float:
    before, character, after = text[place - 1], text[place], text[place + 1]
    if character.isalpha():
        if (character.isupper() and before.islower()) or before.isdigit() or after.isdigit():
            return _MISPLACED
        return _LETTER if character in letters else _STRANGE
    if character not in _PUNCTUATION:
        return _MISPLACED
    inside = before.isalpha() and after.isalpha() and character not in "’·"
    return _MISPLACED if inside else _SIGN
