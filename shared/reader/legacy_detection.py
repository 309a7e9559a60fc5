"""Finds out in which encoding from before Unicode a text is, by the words that each makes of its bytes. Pure."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from shared.reader.language_statistics import CERTAIN, best_weights
from shared.reader.legacy_encodings import LegacyEncoding, legacy_encodings
from shared.reader.word_likelihood import WordLikelihood, lower_case, sign_weights

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
_MAX_WORDS, _MAX_LETTERS, _MAX_WORD_BYTES = 200, 700, 60
_MAX_MULTIBYTE_BYTES = 4 << 10
#: Encodings that are looked at closely: those whose pairs of letters are the most usual ones.
_MAX_SHORTLIST = 20
#: What a pair costs at first sight that is in no language.
_STRANGE_PAIR = -11.0
#: What bytes cost that an encoding does not have.
_UNDECODABLE = -16.0
#: Which of two encodings that read alike is likelier by this is not said of the text, but of its name.
_LITTLE = 4.0
#: Below such a mean per character that is not ASCII, no language is certain: of many characters, and of few, whose mean
#: says less.
_MIN_FIT_OF_MANY, _MIN_FIT_OF_FEW, _MANY_CHARACTERS = -7.5, -9.0, 30
#: Below this one there is none.
_GARBAGE_FIT = -11.0


@dataclass(frozen=True, slots=True)
class LegacyGuess:
    """Encodings that read the evidence alike, and how much better than all others."""

    encoding: str
    #: The logarithm of how much more likely it is than the best one that reads another text.
    margin: float
    #: The mean logarithm of the likelihood of a character that is not ASCII.
    fit: float
    #: How many such characters were judged.
    character_count: int
    #: Others that read the same text.
    same: tuple[str, ...]
    #: Those that read another one, best first, with their margins below this one.
    others: tuple[tuple[str, float], ...]

    @property
    def is_garbage(self) -> bool:
        """Whether no encoding makes words of the bytes."""
        return self.fit < _GARBAGE_FIT

    @property
    def makes_words(self) -> bool:
        """Whether the text looks like a language."""
        bound = _MIN_FIT_OF_MANY if self.character_count >= _MANY_CHARACTERS else _MIN_FIT_OF_FEW
        return self.fit >= bound


def guess_legacy(evidence: bytes, ascii_text: str) -> LegacyGuess:
    """Guess from lines that are not ASCII; what is ASCII in the text says something about its language."""
    words = _words(evidence)
    likelihood = WordLikelihood(ascii_text)
    ratings = sorted(
        ((_rate(encoding, words, evidence, likelihood), encoding) for encoding in _shortlist(words, evidence)),
        key=lambda pair: -pair[0],
    )
    texts = {encoding: evidence.decode(encoding.name, "replace") for _, encoding in ratings}
    best, likeliest = ratings[0]
    alike = [(rating, encoding) for rating, encoding in ratings if texts[encoding] == texts[likeliest]]
    # The name by which most people know it, where the language does not speak against it.
    named = max((each for rating, each in alike if rating > best - _LITTLE), key=lambda each: each.prior)
    same = tuple(encoding.name for _, encoding in alike if encoding != named)
    # Of those that read alike, the likeliest one.
    rivals = {texts[encoding]: (encoding.name, best - rating) for rating, encoding in reversed(ratings)}
    others = tuple(sorted((rivals[text] for text in rivals if text != texts[named]), key=lambda rival: rival[1]))
    count = sum(not character.isascii() for character in b"".join(words).decode(named.name, "replace"))
    margin = others[0][1] if others else math.inf
    return LegacyGuess(named.name, margin, best / max(1, count), count, same, others)


def is_likelier_utf8(words: Collection[bytes]) -> bool:
    """Whether words that may be UTF-8 make more usual pairs of letters in it than in any encoding from before it."""
    joined = b" %b " % b" ".join(words)
    as_utf8 = _first_sight(*_pairs(joined.decode()))
    return all(
        _first_sight(*_pairs(joined.decode(encoding.name, "replace"))) + encoding.prior < as_utf8
        for encoding in legacy_encodings()
    )


def _words(evidence: bytes) -> list[bytes]:
    """Choose different words, first of all those with bytes that no other one has."""
    found = list(dict.fromkeys(word[:_MAX_WORD_BYTES] for word in _WORD.findall(evidence.translate(_DIGITS_ALIKE))))
    seen: set[int] = set()
    rare = []
    for word in found:
        if not seen.issuperset(word):
            seen.update(word)
            rare.append(word)
    ordered = list(dict.fromkeys(rare + found))[:_MAX_WORDS]
    letters = accumulate(len(word.translate(None, _ASCII)) for word in ordered)
    return [word for word, total in zip(ordered, letters, strict=True) if total <= _MAX_LETTERS]


def _shortlist(words: Sequence[bytes], evidence: bytes) -> Iterator[LegacyEncoding]:
    """Leave out the encodings that make hardly any usual pair of letters of the bytes."""
    pairs = Counter(
        pair for word in words for pair in map(bytes, zip(b" " + word, word + b" ", strict=True)) if not pair.isascii()
    )
    joined, counts = b"".join(pairs), list(pairs.values())
    rated = []
    for encoding in legacy_encodings():
        if encoding.is_multibyte:
            if _is_multibyte_text(evidence, encoding.name):
                yield encoding
        else:
            text = joined.decode(encoding.name, "replace")
            rated.append((_first_sight(text, counts) + encoding.prior, encoding))
    rated.sort(key=lambda pair: -pair[0])
    yield from (encoding for _, encoding in rated[:_MAX_SHORTLIST])


def _pairs(text: str) -> tuple[str, list[int]]:
    """Return the pairs of letters that are not ASCII, one behind the other, and how many times each is there."""
    pairs = Counter(pair for pair in map("".join, pairwise(text)) if not pair.isascii())
    return "".join(pairs), list(pairs.values())


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


def _rate(encoding: LegacyEncoding, words: Sequence[bytes], evidence: bytes, likelihood: WordLikelihood) -> float:
    if not encoding.is_multibyte:
        texts = b"\n".join(words).decode(encoding.name, "replace").split("\n")
        return encoding.prior + likelihood.of(texts, encoding)
    text = evidence[:_MAX_MULTIBYTE_BYTES].decode(encoding.name, "replace")
    wanted = sum(map(len, words))
    size, taken = 0, []
    for word in dict.fromkeys(_MULTIBYTE_WORD.findall(text)):
        taken.append(word[:_MAX_WORD_BYTES])
        size += len(taken[-1].encode(encoding.name, "replace"))
        if size >= wanted:
            break
    # Its words are others than those of single bytes: what counts is how likely a byte is.
    share = wanted / max(1, size)
    return encoding.prior + share * likelihood.of(taken, encoding) + _UNDECODABLE * text.count("\ufffd")
