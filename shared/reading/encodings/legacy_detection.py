"""Detects the pre-Unicode encoding of a text, by the words to which each encoding decodes its bytes. Pure."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.reading.encodings.language_statistics import CERTAIN, best_weights, scripts
from shared.reading.encodings.single_byte_encodings import LegacyEncoding, legacy_encodings
from shared.reading.encodings.word_likelihood import WordLikelihood, lower_case, sign_weights, unpaired_signs

#: A word of bytes, with a digit directly before or after it; a single letter also with a number after a blank.
_WORD = re.compile(
    rb"[0-9]?[A-Za-z]{0,20}[\x80-\xff](?:[A-Za-z\x80-\xff]+[0-9]?|[0-9])"
    rb"|(?:[0-9] ?)?[A-Za-z]{0,20}[\x80-\xff](?: ?[0-9](?![A-Za-z\x80-\xff]))?"
)
_ASCII = bytes(range(0x80))
#: All digits are equivalent.
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_MULTIBYTE_WORD = re.compile(r"[^\x00-\x7f]+")
#: More evidence makes the detection slower, not better.
_MAX_WORDS, _MAX_LETTERS, _MAX_WORD_BYTES = 150, 500, 60
_WORDS_OF_EACH_BYTE = 4
_MAX_MULTIBYTE_BYTES = 4 << 10
#: The number of encodings that are examined closely: those whose pairs of letters are the most frequent ones.
_MAX_SHORTLIST = 14
#: The number of readings that are compared word by word; the number of estimates of the shares of languages; and the
#: weight of a word that speaks against the best reading.
_MAX_FINALISTS, _ROUNDS, _OBJECTION = 6, 3, 1.5
#: The cost, in the shortlist, of a pair that is in no language.
_STRANGE_PAIR = -11.0
#: The cost of a mixture of two encodings in one file.
_TWO_ENCODINGS = -4.0
#: The cost of bytes that an encoding does not have.
_UNDECODABLE = -16.0
#: An encoding is rarely used for texts with fewer different letters of its script; the cost if it is.
_MIN_LETTERS_OF_SCRIPT, _WITHOUT_ITS_SCRIPT = 3, -4.0
#: Below these means per non-ASCII character no language is certain: for letters among ASCII letters, for one of
#: thousands of characters, and for a whole alphabet; and for few characters, whose mean is less reliable.
_MIN_FIT, _MIN_FIT_OF_ALPHABET = {"latin": -7.5, "han": -10.0}, -4.8
_MIN_FIT_OF_FEW, _MANY_CHARACTERS = -9.0, 30
#: Below this mean the text is in no language.
_GARBAGE_FIT = -11.0
#: An unusual encoding with the same text is preferred only if it is likelier by more than this.
_LITTLE = 3.0


@dataclass(frozen=True, slots=True)
class LegacyGuess:
    """Encodings that decode the evidence to the same text, and their margin over all others."""

    encoding: str
    #: The logarithm of how much likelier it is than the best encoding with a different text.
    margin: float
    #: The mean logarithm of the likelihood of a non-ASCII character.
    fit: float
    #: Whether the text looks like a language.
    makes_words: bool
    #: Other encodings with the same text.
    same: tuple[str, ...]
    #: Encodings with a different text, best first, with their margins below this one.
    others: tuple[tuple[str, float], ...]

    @property
    def is_garbage(self) -> bool:
        """Whether no encoding decodes the bytes to words."""
        return self.fit < _GARBAGE_FIT


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The lines that are judged, their words, and the set of their bytes."""

    text: bytes
    words: Sequence[bytes]
    alphabet: bytes


def guess_legacy(evidence: bytes, ascii_text: str) -> LegacyGuess:
    """Guess from lines that are not ASCII; the ASCII text gives evidence about the language."""
    judged = _Evidence(evidence, _words(evidence), bytes(sorted(set(evidence))))
    likelihood = WordLikelihood(ascii_text)
    rough = {each: _rate(each, judged, likelihood, 1) for each in _shortlist(judged)}
    # With much evidence, a reading in no language is not a rival.
    candidates = [each for each in rough if rough[each].makes_words or not rough[each].is_much] or list(rough)
    candidates.sort(key=lambda each: -rough[each].total)
    readings = _readings(candidates, judged)[:_MAX_FINALISTS]
    ratings = [_rate(alike[0], judged, likelihood, _ROUNDS) for alike in readings]
    best, alike = max(zip(ratings, readings, strict=True), key=lambda pair: pair[0].total)
    rivals = [
        (each[0].name, best.margin(rating)) for rating, each in zip(ratings, readings, strict=True) if each != alike
    ]
    # Of encodings with the same text, the most usual one, unless the language speaks against it.
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
    """Group the encodings with the same text, in the order of the first ones."""
    groups: dict[str, list[LegacyEncoding]] = {}
    for encoding in encodings:
        read = evidence.text if encoding.is_multibyte else evidence.alphabet
        groups.setdefault(read.decode(encoding.name, "replace"), []).append(encoding)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Rating:
    """The likelihood of a reading; word by word if its words are those of other readings."""

    encoding: LegacyEncoding
    prior: float
    words: Sequence[float]
    #: The number of their non-ASCII characters.
    character_count: int
    texts: Sequence[str] = ()

    @property
    def total(self) -> float:
        return self.prior + sum(self.words)

    @property
    def fit(self) -> float:
        """The mean per non-ASCII character."""
        return self.total / max(1, self.character_count)

    @property
    def is_much(self) -> bool:
        """Whether there are enough characters for a reliable mean."""
        return self.character_count >= _MANY_CHARACTERS

    @property
    def makes_words(self) -> bool:
        """Whether the text looks like a language."""
        least = _MIN_FIT.get(self.encoding.script, _MIN_FIT_OF_ALPHABET)
        return self.fit >= (least if self.is_much else _MIN_FIT_OF_FEW)

    def margin(self, rival: "_Rating") -> float:
        """Return how much likelier this reading is; words in favor of the rival count more than words against it."""
        if not self.texts or not rival.texts:
            return self.total - rival.total
        differences = [
            ours - theirs
            for text, ours, other, theirs in zip(self.texts, self.words, rival.texts, rival.words, strict=True)
            if text != other
        ]
        return self.prior - rival.prior + sum(each if each > 0 else _OBJECTION * each for each in differences)


def is_likelier_utf8(words: Collection[bytes], encoding: str, ascii_text: str) -> bool:
    """Whether words that are valid UTF-8 are likelier to be UTF-8 than to be in the encoding of the others."""
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
    """Choose different words: first one with each byte, then a second one with each, and so on."""
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
    """Leave out the encodings in which the bytes have hardly any frequent pairs of letters."""
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
    """Add up the weights of pairs of letters, each in the language in which it is most frequent."""
    weights, signs = best_weights(), sign_weights()
    text = lower_case(pairs)
    total = 0.0
    for place, count in zip(range(0, len(text), 2), counts, strict=True):
        weight = weights.get(text[place : place + 2])
        if weight is not None:
            total += count * (weight - CERTAIN) / 10
        else:
            # A sign is part of two pairs.
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
    """Rate as many bytes as for other encodings: the words differ from theirs, so the likelihood per byte counts."""
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
