"""Derives shared/reading/encodings/language_statistics.bin: the frequencies of letter pairs in each language.

    python -m venv build/statistics-venv
    build/statistics-venv/bin/pip install lingua-language-detector==1.3.5 langdetect==1.0.9 brotli==1.2.0
    build/statistics-venv/bin/python scripts/derive_language_statistics.py

Both packages are published under the Apache License 2.0. From their n-gram counts (news texts and Wikipedia), only the
logarithms of the conditional frequencies of letter pairs are kept, rounded to a tenth.
"""

import json
import math
import zlib
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from unicodedata import normalize

import brotli  # type: ignore[import-not-found,unused-ignore]

_TARGET = Path(__file__).parent.parent / "shared" / "reading" / "encodings" / "language_statistics.bin"
#: The languages of each script, with their names in lingua and langdetect; None if the package lacks the language.
_SCRIPTS: Mapping[str, Mapping[str, tuple[str | None, str | None]]] = {
    "latin": {
        **{
            code: (code, code)
            for code in ("en", "de", "fr", "es", "pt", "it", "nl", "da", "sv", "fi", "ca", "sq", "cy")
        },
        **{
            code: (code, code)
            for code in ("af", "et", "lv", "lt", "pl", "cs", "sk", "hu", "hr", "sl", "ro", "tr", "vi")
        },
        **{code: (code, None) for code in ("is", "ga", "eu", "eo")},
        "nb": ("nb", "no"),
    },
    "cyrillic": {
        **{code: (code, code) for code in ("ru", "uk", "bg", "mk")},
        **{code: (code, None) for code in ("be", "sr", "kk")},
    },
    "greek": {"el": ("el", "el")},
    "hebrew": {"he": ("he", "he")},
    "arabic": {code: (code, code) for code in ("ar", "fa", "ur")},
    "thai": {"th": (None, "th")},
    "han": {
        "ja": ("ja", "ja"),
        "ja-kana": ("ja", "ja"),
        "zh-hans": ("zh", "zh-cn"),
        "zh-hant": (None, "zh-tw"),
        "ko": ("ko", "ko"),
    },
}
#: Languages with texts that were decoded as cp1252 before they were counted (ő as õ, ş as þ): letters that these code
#: pages lack are left out.
_CODE_PAGES = {"cp1250": "pl cs sk hu hr sl ro", "cp1254": "tr", "cp1257": "et lv lt"}
#: Marks the beginning and the end of a word.
_EDGE = " "
#: The share of edges among all characters.
_EDGE_SHARE = 0.18
#: Minimum frequencies: pairs that never occur are rare, not impossible.
_RAREST_LETTER, _RAREST_ASCII = 2e-6, 1e-4
#: The weight of pairs relative to single letters, and the frequency from which a letter's pairs count.
_PAIR_SHARE, _FEW = 0.85, 1e-5
#: Letters and pairs below these frequencies in every language are left out, so that the table stays small.
_MIN_LETTER, _MIN_PAIR = 1e-7, 2e-6
#: The usual share of non-ASCII letters in languages of the Latin script, and the degree of normalisation to it.
_USUAL_SHARE, _MAX_BALANCE = 0.03, 2.0
#: A byte encodes tenths above this value.
_LOWEST = -16.0
_TONES = "\u0300\u0301\u0303\u0309\u0323"

Counts = dict[str, float]


def main() -> None:
    """Write the table."""
    edges = _letters_of_ascii()
    scripts = {script: _statistics(script, edges) for script in _SCRIPTS}
    _TARGET.write_bytes(zlib.compress(json.dumps(scripts, ensure_ascii=False).encode(), 9))
    sizes = ", ".join(f"{script} {len(each['pairs']) // 2} pairs" for script, each in scripts.items())
    print(f"{_TARGET.name}: {_TARGET.stat().st_size} bytes; {sizes}")


def _letters_of_ascii() -> Counts:
    """Return the frequencies of the ASCII letters in all languages of the Latin script together."""
    total: Counter[str] = Counter()
    for code in _SCRIPTS["latin"]:
        total.update(
            {gram: share for gram, share in _grams("latin", code).items() if len(gram) == 1 and gram.isascii()}
        )
    return _with_edge(total)


def _statistics(script: str, ascii_letters: Counts) -> dict[str, object]:
    models = [_Model(_grams(script, code)) for code in _SCRIPTS[script]]
    letters = sorted({gram for model in models for gram, share in model.letters.items() if share > _MIN_LETTER})
    letters = [letter for letter in letters if not letter.isascii()]
    known = {*letters, *ascii_letters}
    pairs = {pair for model in models for pair, share in model.pairs.items() if share > _MIN_PAIR or pair.isascii()}
    # There are too many ideographs for pairs, and none are needed. ASCII pairs distinguish the languages of Latin
    # script.
    kept = sorted(pair for pair in pairs if known.issuperset(pair)) if script != "han" else []
    kept = [pair for pair in kept if script == "latin" or not pair.isascii()]
    balances = [_balance(model) if script == "latin" else 0.0 for model in models]
    numbered = list(enumerate(models))
    return {
        "languages": list(_SCRIPTS[script]),
        "letters": "".join(letters),
        "letter_weights": _rounded(
            _letter_weight(model, each, balances[n]) for each in letters for n, model in numbered
        ),
        "pairs": "".join(kept),
        "pair_weights": _rounded(
            _pair_weight(model, pair, ascii_letters, balances[n]) for pair in kept for n, model in numbered
        ),
    }


def _balance(model: "_Model") -> float:
    """Return the correction for a language's share of non-ASCII letters.

    ASCII letters are not rated, so that a language with many accents would explain those of any other one better.
    """
    share = sum(share for letter, share in model.letters.items() if not letter.isascii())
    return max(-_MAX_BALANCE, min(_MAX_BALANCE, math.log(_USUAL_SHARE / max(share, _RAREST_LETTER))))


def _letter_weight(model: "_Model", letter: str, balance: float) -> float:
    return math.log(model.letter(letter) + _RAREST_LETTER) + balance


def _pair_weight(model: "_Model", pair: str, ascii_letters: Counts, balance: float) -> float:
    """Return how usual the second letter is after the first; ASCII letters are rated relative to their average."""
    if pair[1].isascii():
        return math.log((model.pair(pair) + _RAREST_ASCII) / ascii_letters[pair[1]])
    return math.log(model.pair(pair) + _RAREST_LETTER) + balance


class _Model:
    """The frequencies of letters and pairs in one language."""

    def __init__(self, grams: Counts) -> None:
        self.letters = _with_edge({gram: share for gram, share in grams.items() if len(gram) == 1 and gram != _EDGE})
        self.pairs = {gram: share for gram, share in grams.items() if len(gram) == 2}  # noqa: PLR2004
        self._firsts: Counter[str] = Counter()
        for pair, share in self.pairs.items():
            self._firsts[pair[0]] += share
        self._has_edges = any(pair[0] == _EDGE for pair in self.pairs)

    def letter(self, letter: str) -> float:
        return self.letters.get(letter, 0.0)

    def pair(self, pair: str) -> float:
        """Return the probability of the second letter after the first."""
        single = self.letter(pair[1])
        total = self._firsts[pair[0]]
        if total == 0.0 or (_EDGE in pair and not self._has_edges):
            return single
        trust = total / (total + _FEW)
        together = self.pairs.get(pair, 0.0) / total
        return trust * (_PAIR_SHARE * together + (1 - _PAIR_SHARE) * single) + (1 - trust) * single


def _grams(script: str, code: str) -> Counts:
    """Return the frequencies of letters and letter pairs, in lower case."""
    lingua, langdetect = _SCRIPTS[script][code]
    grams: Counter[str] = Counter()
    for gram, share in _of_lingua(lingua).items() if lingua else ():
        _add(grams, gram, share, code)
    for gram, share in _of_langdetect(langdetect).items() if langdetect else ():
        # lingua counts only within words.
        if lingua is None or script == "han" or _EDGE in gram:
            _add(grams, gram, share, code)
    return {gram: share for gram, share in grams.items() if _is_of_language(gram, code)}


def _is_of_language(gram: str, code: str) -> bool:
    if code == "ja-kana":
        # In bank data, names are written only in katakana.
        return all("ァ" <= letter <= "ー" for letter in gram)
    page = next((page for page, codes in _CODE_PAGES.items() if code in codes.split()), None)
    return page is None or gram.encode(page, "ignore").decode(page) == gram


def _add(grams: Counter[str], gram: str, share: float, code: str) -> None:
    text = _as_written(gram, code)
    if len(text) == len(gram):
        grams[text] += share
        return
    for size in (1, 2):
        for place in range(len(text) - size + 1):
            grams[text[place : place + size]] += share


def _as_written(gram: str, code: str) -> str:
    """Return letters as old encodings write them, including those that Python's lower() makes of capitals."""
    gram = gram.replace("ς", "σ").replace("ș", "ş").replace("ț", "ţ")
    if code in ("fa", "ur"):
        gram = gram.replace("ی", "ي")
    return "".join(map(_tone_apart, gram)) if code == "vi" else gram


def _tone_apart(letter: str) -> str:
    """Return a Vietnamese letter as in cp1258, with its tone as a mark after it."""
    parts = normalize("NFD", letter)
    tones = "".join(part for part in parts if part in _TONES)
    return normalize("NFC", "".join(part for part in parts if part not in _TONES)) + tones


def _of_lingua(code: str) -> Counts:
    shares: Counts = {}
    for name in ("unigrams", "bigrams"):
        path = _folder("lingua") / "language-models" / code / f"{name}.json.br"
        if not path.exists():
            continue
        for fraction, grams in json.loads(brotli.decompress(path.read_bytes()))["ngrams"].items():
            count, total = map(int, fraction.split("/"))
            for gram in grams.split():
                shares[gram] = count / total * (shares.get(gram[0], 0.0) if len(gram) > 1 else 1.0)
    return shares


def _of_langdetect(code: str) -> Counts:
    profile = json.loads((_folder("langdetect") / "profiles" / code).read_text())
    shares: Counter[str] = Counter()
    for gram, count in profile["freq"].items():
        if len(gram) < 3 and gram != _EDGE:  # noqa: PLR2004
            shares[gram.lower()] += count / profile["n_words"][0]
    return dict(shares)


def _folder(package: str) -> Path:
    # Not imported, because this package loads all of its models.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is missing; install what the top of this script names")
    return Path(spec.origin).parent


def _with_edge(shares: Mapping[str, float]) -> Counts:
    total = sum(shares.values())
    return {**{gram: share / total * (1 - _EDGE_SHARE) for gram, share in shares.items()}, _EDGE: _EDGE_SHARE}


def _rounded(logarithms: object) -> str:
    """Return each value as one character of Latin-1."""
    return "".join(chr(min(255, max(0, round((value - _LOWEST) * 10)))) for value in logarithms)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
