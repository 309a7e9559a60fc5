"""Finds out in which encoding from before Unicode a text is, by the words that each makes of its bytes. Pure."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.reading.encodings.language_statistics import CERTAIN, best_weights, scripts
from shared.reading.encodings.single_byte_encodings import LegacyEncoding, legacy_encodings
from shared.reading.encodings.word_likelihood import WordLikelihood, lower_case, sign_weights, unpaired_signs

#: A word of bytes, with a digit right before or behind it; a single letter also with a number behind a blank.
_WORD = re.compile(
    rb"[0-9]?[A-Za-z]{0,20}[\x80-\xff](?:[A-Za-z\x80-\xff]+[0-9]?|[0-9])"
    rb"|(?:[0-9] ?)?[A-Za-z]{0,20}[\x80-\xff](?: ?[0-9](?![A-Za-z\x80-\xff]))?"
)
_ASCII = bytes(range(0x80))
#: Which digit it is says nothing.
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_MULTIBYTE_WORD = re.compile(r"[^\x00-\x7f]+")
#: More evidence makes it slower, not better.
_MAX_WORDS, _MAX_LETTERS, _MAX_WORD_BYTES = 150, 500, 60
_WORDS_OF_EACH_BYTE = 4
_MAX_MULTIBYTE_BYTES = 4 << 10
#: Encodings that are looked at closely: those whose pairs of letters are the most usual ones.
_MAX_SHORTLIST = 14
#: How many of the readings are compared word by word; how often the shares of languages are estimated; and how much
#: more a word counts that speaks against the best one.
_MAX_FINALISTS, _ROUNDS, _OBJECTION = 6, 3, 1.5
#: What a pair costs at first sight that is in no language.
_STRANGE_PAIR = -11.0
#: What it costs that a file is of two encodings.
_TWO_ENCODINGS = -4.0
#: What bytes cost that an encoding does not have.
_UNDECODABLE = -16.0
#: An encoding is rarely used for texts with fewer different letters of its script.
_MIN_LETTERS_OF_SCRIPT, _WITHOUT_ITS_SCRIPT = 3, -4.0
#: Below such a mean per character that is not ASCII, no language is certain: of letters among those of ASCII, of one
#: among thousands, and of a whole alphabet; and of few characters, whose mean says less.
_MIN_FIT, _MIN_FIT_OF_ALPHABET = {"latin": -7.5, "han": -10.0}, -4.8
_MIN_FIT_OF_FEW, _MANY_CHARACTERS = -9.0, 30
#: Below this one there is none.
_GARBAGE_FIT = -11.0
#: A name for the same text that is likelier by less than this is not worth being an unusual one.
_LITTLE = 3.0


@dataclass(frozen=True, slots=True)
class LegacyGuess:
    """Encodings that read the evidence alike, and how much better than all others."""

    encoding: str
    #: The logarithm of how much more likely it is than the best one that reads another text.
    margin: float
    #: The mean logarithm of the likelihood of a character that is not ASCII.
    fit: float
    #: Whether the text looks like a language.
    makes_words: bool
    #: Others that read the same text.
    same: tuple[str, ...]
    #: Those that read another one, best first, with their margins below this one.
    others: tuple[tuple[str, float], ...]

    @property
    def is_garbage(self) -> bool:
        """Whether no encoding makes words of the bytes."""
        return self.fit < _GARBAGE_FIT


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The lines that are judged, the words in them, and each byte that they have once."""

    text: bytes
    words: Sequence[bytes]
    alphabet: bytes


def guess_legacy(evidence: bytes, ascii_text: str) -> LegacyGuess:
    """Guess from lines that are not ASCII; what is ASCII in the text says something about its language."""
    judged = _Evidence(evidence, _words(evidence), bytes(sorted(set(evidence))))
    likelihood = WordLikelihood(ascii_text)
    rough = {each: _rate(each, judged, likelihood, 1) for each in _shortlist(judged)}
    # Where there is much evidence, a reading in no language is no rival.
    candidates = [each for each in rough if rough[each].makes_words or not rough[each].is_much] or list(rough)
    candidates.sort(key=lambda each: -rough[each].total)
    readings = _readings(candidates, judged)[:_MAX_FINALISTS]
    ratings = [_rate(alike[0], judged, likelihood, _ROUNDS) for alike in readings]
    best, alike = max(zip(ratings, readings, strict=True), key=lambda pair: pair[0].total)
    rivals = [
        (each[0].name, best.margin(rating)) for rating, each in zip(ratings, readings, strict=True) if each != alike
    ]
    # Of names for the same text the most usual one, where the language does not speak against it.
    likeliest = max(rough[each].prior for each in alike)
    named = max((each for each in alike if rough[each].prior > likeliest - _LITTLE), key=lambda each: each.prior)
    return LegacyGuess(
        encoding=named.name,
        margin=min((margin for _, margin in rivals), default=math.inf),
        fit=best.fit,
        makes_words=best.makes_words,
        same=tuple(each.name for each in alike if each != named),
        others=tuple(sorted(rivals, key=lambda rival: rival[1])),
    )


def _readings(encodings: Sequence[LegacyEncoding], evidence: _Evidence) -> list[list[LegacyEncoding]]:
    """Put together the encodings that read the same text, in the order of the first ones."""
    groups: dict[str, list[LegacyEncoding]] = {}
    for encoding in encodings:
        read = evidence.text if encoding.is_multibyte else evidence.alphabet
        groups.setdefault(read.decode(encoding.name, "replace"), []).append(encoding)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Rating:
    """How likely a reading is; word by word where words are those of other readings."""

    encoding: LegacyEncoding
    prior: float
    words: Sequence[float]
    #: How many characters that are not ASCII they have.
    character_count: int
    texts: Sequence[str] = ()

    @property
    def total(self) -> float:
        return self.prior + sum(self.words)

    @property
    def fit(self) -> float:
        """The mean of a character that is not ASCII."""
        return self.total / max(1, self.character_count)

    @property
    def is_much(self) -> bool:
        """Whether there are enough characters for their mean to say something."""
        return self.character_count >= _MANY_CHARACTERS

    @property
    def makes_words(self) -> bool:
        """Whether the text looks like a language."""
        least = _MIN_FIT.get(self.encoding.script, _MIN_FIT_OF_ALPHABET)
        return self.fit >= (least if self.is_much else _MIN_FIT_OF_FEW)

    def margin(self, rival: "_Rating") -> float:
        """Return how much more likely it is; words that speak for the rival count more than those against it."""
        if not self.texts or not rival.texts:
            return self.total - rival.total
        differences = [
            ours - theirs
            for text, ours, other, theirs in zip(self.texts, self.words, rival.texts, rival.words, strict=True)
            if text != other
        ]
        return self.prior - rival.prior + sum(each if each > 0 else _OBJECTION * each for each in differences)


def is_likelier_utf8(words: Collection[bytes], encoding: str, ascii_text: str) -> bool:
    """Whether words that are valid UTF-8 are likelier to be that than of the encoding of the others."""
    likelihood = WordLikelihood(ascii_text)
    named = next(each for each in legacy_encodings() if each.name == encoding)
    joined = b" ".join(sorted(words)[:_MAX_WORDS])
    as_legacy = likelihood.of(joined.decode(encoding, "replace").split(" "), named, _ROUNDS)
    texts = joined.decode().split(" ")
    as_utf8 = (
        likelihood.of(texts, LegacyEncoding("utf-8", name, script.languages, 0.0), _ROUNDS)
        for name, script in scripts().items()
    )
    return max(map(sum, as_utf8)) + _TWO_ENCODINGS > sum(as_legacy)


def _words(evidence: bytes) -> list[bytes]:
    """Choose different words, first of all one with each byte, then a second one, and so on."""
    found = list(dict.fromkeys(word[:_MAX_WORD_BYTES] for word in _WORD.findall(evidence.translate(_DIGITS_ALIKE))))
    seen: Counter[int] = Counter()
    ranked = []
    for word in found:
        odd = set(word.translate(None, _ASCII))
        ranked.append((min(_WORDS_OF_EACH_BYTE, *map(seen.__getitem__, odd)), word))
        seen.update(odd)
    ordered = [word for _, word in sorted(ranked, key=lambda pair: pair[0])][:_MAX_WORDS]
    letters = accumulate(len(word.translate(None, _ASCII)) for word in ordered)
    return [word for word, total in zip(ordered, letters, strict=True) if total <= _MAX_LETTERS]


def _shortlist(evidence: _Evidence) -> Iterator[LegacyEncoding]:
    """Leave out the encodings that make hardly any usual pair of letters of the bytes."""
    pairs = Counter(
        pair
        for word in evidence.words
        for pair in map(bytes, zip(b" " + word, word + b" ", strict=True))
        if not pair.isascii()
    )
    joined, counts = b"".join(pairs), list(pairs.values())
    rated = []
    for encoding in legacy_encodings():
        if encoding.is_multibyte:
            if _is_multibyte_text(evidence.text, encoding.name):
                yield encoding
        else:
            text = joined.decode(encoding.name, "replace")
            rated.append((_first_sight(text, counts) + encoding.prior, encoding))
    rated.sort(key=lambda pair: -pair[0])
    yield from (encoding for _, encoding in rated[:_MAX_SHORTLIST])


def _first_sight(pairs: str, counts: Sequence[int]) -> float:
    """Add up what pairs of letters say, each in the language in which it is most usual."""
    weights, signs = best_weights(), sign_weights()
    text = lower_case(pairs)
    total = 0.0
    for place, count in zip(range(0, len(text), 2), counts, strict=True):
        weight = weights.get(text[place : place + 2])
        if weight is not None:
            total += count * (weight - CERTAIN) / 10
        else:
            # A sign is in two pairs.
            sign = signs.get(text[place]) or signs.get(text[place + 1])
            total += count * (_STRANGE_PAIR if sign is None else sign / 2)
    return total


def _is_multibyte_text(evidence: bytes, encoding: str) -> bool:
    text = evidence[:_MAX_MULTIBYTE_BYTES].decode(encoding, "replace")
    return text.count("\ufffd") <= 1 + len(text) // 50


def _rate(encoding: LegacyEncoding, evidence: _Evidence, likelihood: WordLikelihood, rounds: int) -> _Rating:
    if encoding.is_multibyte:
        return _rate_multibyte(encoding, evidence, likelihood, rounds)
    characters = set(evidence.alphabet.decode(encoding.name, "replace"))
    prior = encoding.prior + likelihood.of_languages(encoding) + unpaired_signs(characters)
    letters = scripts()[encoding.script].letters.keys() & set(map(lower_case, characters))
    if encoding.script != "latin" and len(letters) < _MIN_LETTERS_OF_SCRIPT:
        prior += _WITHOUT_ITS_SCRIPT
    texts = b"\n".join(evidence.words).decode(encoding.name, "replace").split("\n")
    return _Rating(encoding, prior, likelihood.of(texts, encoding, rounds), _not_ascii(texts), texts)


def _rate_multibyte(encoding: LegacyEncoding, evidence: _Evidence, likelihood: WordLikelihood, rounds: int) -> _Rating:
    """Rate as many bytes as are judged of others: its words are not theirs, and what counts is how likely a byte is."""
    text = evidence.text[:_MAX_MULTIBYTE_BYTES].decode(encoding.name, "replace")
    wanted = sum(map(len, evidence.words))
    size, taken = 0, []
    for word in dict.fromkeys(_MULTIBYTE_WORD.findall(text)):
        taken.append(word[:_MAX_WORD_BYTES])
        size += len(taken[-1].encode(encoding.name, "replace"))
        if size >= wanted:
            break
    share = wanted / max(1, size)
    total = share * sum(likelihood.of(taken, encoding, rounds)) + _UNDECODABLE * text.count("\ufffd")
    return _Rating(encoding, encoding.prior, [total], _not_ascii(taken))


def _not_ascii(texts: Iterable[str]) -> int:
    return sum(not character.isascii() for text in texts for character in text)
