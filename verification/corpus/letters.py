"""Measures encoding detection: python -m verification.corpus.letters [--rows 20,200] [--seeds 1] [--details].

The files are generated in 48 languages and each of their encodings, from names (Faker), from names of many countries
with half of them in the language, and from prose (Django's translations). None of these texts comes from the sources of
shared/reading/encodings/language_statistics.bin.
"""

import argparse
import random
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from time import process_time

from faker import Faker

from shared.reading.detection.samples import sample_of
from shared.reading.encodings.text_encodings import MIN_ENCODING_CONFIDENCE, EncodingGuess, guess_encoding

_WESTERN = "cp1252 iso8859_1 iso8859_15 cp850 cp437 mac_roman"
_CENTRAL = "cp1250 iso8859_2 cp852 mac_latin2"
_BALTIC = "cp1257 iso8859_13 iso8859_4 cp775"
_CYRILLIC = "cp1251 koi8_r iso8859_5 cp866 cp855 mac_cyrillic"
_SOUTH_SLAVIC = "cp1251 iso8859_5 cp855 mac_cyrillic"
_UNICODE = "utf-8 utf-8-sig utf-16-le utf-16-be utf-16"
#: Languages by their name in Django: Faker's locale or "-", and their encodings.
_LANGUAGES: Mapping[str, tuple[str, str]] = {
    "en_GB": ("en_GB", _WESTERN),
    "de": ("de_DE", _WESTERN),
    "fr": ("fr_FR", f"{_WESTERN} cp863"),
    "es": ("es_ES", _WESTERN),
    "pt": ("pt_PT", f"{_WESTERN} cp860"),
    "it": ("it_IT", _WESTERN),
    "nl": ("nl_NL", _WESTERN),
    "da": ("da_DK", f"{_WESTERN} cp865"),
    "nb": ("no_NO", f"{_WESTERN} cp865"),
    "sv": ("sv_SE", _WESTERN),
    "fi": ("fi_FI", _WESTERN),
    "is": ("is_IS", f"{_WESTERN} cp861 mac_iceland"),
    "ca": ("es_CA", _WESTERN),
    "ga": ("ga_IE", _WESTERN),
    "sq": ("-", f"{_WESTERN} cp1250 iso8859_2"),
    "eu": ("-", _WESTERN),
    "gl": ("-", _WESTERN),
    "cy": ("-", "iso8859_14"),
    "et": ("et_EE", f"{_BALTIC} cp1252 iso8859_15"),
    "lv": ("lv_LV", _BALTIC),
    "lt": ("lt_LT", _BALTIC),
    "pl": ("pl_PL", _CENTRAL),
    "cs": ("cs_CZ", _CENTRAL),
    "sk": ("sk_SK", _CENTRAL),
    "hu": ("hu_HU", _CENTRAL),
    "hr": ("hr_HR", f"{_CENTRAL} mac_croatian"),
    "sl": ("sl_SI", f"{_CENTRAL} mac_croatian"),
    "bs": ("-", _CENTRAL),
    "sr_Latn": ("-", _CENTRAL),
    "ro": ("ro_RO", f"{_CENTRAL} mac_romanian"),
    "tr": ("tr_TR", "cp1254 iso8859_9 cp857 mac_turkish"),
    "el": ("el_GR", "cp1253 iso8859_7 cp737 cp869 mac_greek"),
    "ru": ("ru_RU", _CYRILLIC),
    "uk": ("uk_UA", "cp1251 koi8_u iso8859_5 mac_cyrillic cp1125"),
    "be": ("-", "cp1251 iso8859_5 mac_cyrillic"),
    "bg": ("bg_BG", _CYRILLIC),
    "mk": ("mk_MK", _SOUTH_SLAVIC),
    "sr": ("-", _SOUTH_SLAVIC),
    "kk": ("-", "ptcp154 kz1048"),
    "he": ("he_IL", "cp1255 iso8859_8 cp862"),
    "ar": ("ar_SA", "cp1256 iso8859_6"),
    "fa": ("fa_IR", "cp1256"),
    "th": ("th_TH", "tis_620 cp874"),
    "vi": ("vi_VN", "cp1258"),
    "ja": ("ja_JP", "shift_jis cp932 euc_jp"),
    "zh_Hans": ("zh_CN", "gb18030 gbk"),
    "zh_Hant": ("zh_TW", "big5 cp950"),
    "ko": ("ko_KR", "euc_kr cp949"),
}
_WITHOUT_CASE = frozenset(["he", "ar", "fa", "th", "ja", "zh_Hans", "zh_Hant", "ko"])
_OTHER_SCRIPTS = _WITHOUT_CASE | {"el", "ru", "uk", "be", "bg", "mk", "sr", "kk", "vi"}
_CONFIDENCES = (0.0, 0.6, 0.8, 0.9, MIN_ENCODING_CONFIDENCE, 0.99, 1.01)
_CASES = ("title", "lower", "upper")
_MIN_SENTENCES, _MAX_LOST_SHARE = 50, 0.3
_TEXT = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n?)+)', re.MULTILINE)
#: Characters that old encodings lack are replaced by ASCII characters.
_PLAIN = str.maketrans(
    {
        **dict(zip("’‘“”„–—‑«»\xa0\u202f\u200c", '\'\'"""---""   ', strict=True)),
        **dict.fromkeys("\u200b\u200e\u200f", ""),
        "…": "...",
    }
)
_TONES = "\u0300\u0301\u0303\u0309\u0323"


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A generated file, with its language and encoding."""

    language: str
    encoding: str
    kind: str
    case: str
    rows: int
    content: bytes

    @property
    def is_old(self) -> bool:
        """Whether it is in an encoding older than Unicode, with characters that show it."""
        return self.encoding not in _UNICODE.split() and not self.content.isascii()


def letter_files(rows: tuple[int, ...], seeds: int = 1, languages: str = "") -> Iterator[LetterFile]:
    """Generate files of each kind with this number of rows."""
    for language in languages.split() or _LANGUAGES:
        for kind in ("names", "international", "prose"):
            for case in _CASES[: 1 if language in _WITHOUT_CASE else None]:
                for count in rows:
                    for seed in range(seeds):
                        yield from _in_each_encoding(language, kind, case, count, seed)


def is_right(file: LetterFile, guess: EncodingGuess) -> bool:
    """Whether every character would be decoded correctly."""
    return file.content.decode(guess.encoding, "replace").removeprefix("\ufeff") == _text_of(file)


def guess_of(file: LetterFile) -> EncodingGuess:
    """Return the guess of the detector."""
    sample = sample_of(BytesIO(file.content))
    return guess_encoding(sample.head, sample.odd)


def _text_of(file: LetterFile) -> str:
    return file.content.decode(file.encoding).removeprefix("\ufeff")


def _in_each_encoding(language: str, kind: str, case: str, count: int, seed: int) -> Iterator[LetterFile]:
    encodings = _LANGUAGES[language][1]
    texts = _texts(language, kind)
    if len(texts) < _MIN_SENTENCES:
        return
    chance = random.Random(zlib.crc32(f"{language}{kind}{case}{count}{seed}".encode()))
    chosen = chance.choices(texts, k=count)
    for encoding in f"{encodings} {_UNICODE}".split():
        if kind == "international":
            chosen = [*chosen[: count // 2], *chance.choices(_foreign_names(encoding), k=count - count // 2)]
        rows = [tuple(_cased(each, case, language) for each in row) for row in chosen]
        text = _csv(rows, kind, encoding, language)
        if text is not None:
            yield LetterFile(language, encoding, kind, case, count, text.encode(encoding))


def _csv(rows: list[tuple[str, ...]], kind: str, encoding: str, language: str) -> str | None:
    """Write the rows among ASCII columns, as in exports; None if the encoding lacks the letters."""
    lines = ["id,comment,status,joined,amount" if kind == "prose" else "id,first_name,last_name,city,joined,amount"]
    for number, row in enumerate(rows):
        cells = [_fitting(cell, encoding, language) for cell in row]
        if any(cell is None for cell in cells):
            continue
        quoted = ['"' + cell.replace('"', '""') + '"' if re.search('[,"]', cell) else cell for cell in cells if cell]
        more = [("open", "closed", "pending", "B7")[number % 4]] if kind == "prose" else []
        lines.append(
            ",".join([str(1000 + number), *quoted, *more, f"2024-05-{number % 28 + 1:02}", f"{number * 7}.50"])
        )
    return "".join(f"{line}\r\n" for line in lines) if len(lines) > (1 - _MAX_LOST_SHARE) * len(rows) else None


def _fitting(text: str, encoding: str, language: str) -> str | None:
    if encoding in _UNICODE.split():
        return text
    if encoding == "cp1258":
        text = "".join(map(_tone_apart, text))
    if language == "ro" and encoding != "mac_romanian":
        text = text.translate(str.maketrans("șțȘȚ", "şţŞŢ"))
    if language == "fa":
        text = text.replace("ی", "ي")
    for candidate in (text, text.translate(_PLAIN)):
        try:
            candidate.encode(encoding)
        except UnicodeEncodeError:
            continue
        return candidate
    return None


def _tone_apart(letter: str) -> str:
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(part for part in parts if part in _TONES)
        return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)) + tones
    return letter


def _cased(text: str, case: str, language: str) -> str:
    if case == "title":
        return text
    if case == "lower":
        return (text.replace("I", "ı").replace("İ", "i") if language == "tr" else text).lower()
    upper = (text.replace("i", "İ") if language == "tr" else text).upper()
    # Greek capitals have no accents.
    return _without_accents(upper) if language == "el" else upper


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).replace("\u0301", ""))


def _texts(language: str, kind: str) -> list[tuple[str, ...]]:
    if kind == "prose":
        return [(text,) for text in _sentences(language)]
    locale = _LANGUAGES[language][0]
    is_generated = locale != "-" and (kind == "names" or language not in _OTHER_SCRIPTS)
    return _names(locale) if is_generated else []


@cache
def _foreign_names(encoding: str) -> list[tuple[str, ...]]:
    """Return names of many countries whose letters an encoding has."""
    locales = (_LANGUAGES[language][0] for language in _LANGUAGES if language not in _OTHER_SCRIPTS)
    names = (row for locale in locales if locale != "-" for row in _names(locale)[:300])
    return [row for row in names if all(_fitting(cell, encoding, "") == cell for cell in row)]


@cache
def _names(locale: str) -> list[tuple[str, ...]]:
    faker = Faker(locale)
    faker.seed_instance(7)
    return [(faker.first_name(), faker.last_name(), faker.city()) for _ in range(3000)]


@cache
def _sentences(language: str) -> list[str]:
    spec = find_spec("django")
    if spec is None or spec.origin is None:
        raise SystemExit("Django is missing; run make setup")
    folder = Path(spec.origin).parent
    paths = sorted(folder.glob(f"**/locale/{language}/LC_MESSAGES/*.po"))
    return sorted({text for path in paths for text in _translations(path) if len(text) > 1})


def _translations(path: Path) -> Iterator[str]:
    for found in _TEXT.finditer(path.read_text(encoding="utf-8")):
        text = "".join(re.findall(r'^"(.*)"', found[1], re.MULTILINE)).replace("\\n", " ").replace('\\"', '"').strip()
        if not re.search(r"[%<{\\]|Content-Type|Project-Id", text):
            yield text


def main() -> None:
    """Print one line per number of rows, and the files that were accepted with a wrong encoding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="20,200,2000")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--details", action="store_true", help="print a line per language")
    options = parser.parse_args()
    print(f"{'rows':>6} {'files':>6} {'right':>7} {'refused':>8} {'wrong and believed':>19} {'ms a file':>10}")
    for rows in map(int, options.rows.split(",")):
        _measure(rows, options.seeds, is_detailed=options.details)


def _measure(rows: int, seeds: int, *, is_detailed: bool) -> None:
    totals: dict[str, list[int]] = {}
    wrong: list[str] = []
    judged: list[tuple[float, bool]] = []
    seconds = 0.0
    for file in letter_files((rows,), seeds):
        if not file.is_old and file.encoding not in _UNICODE.split():
            continue
        begin = process_time()
        guess = guess_of(file)
        seconds += process_time() - begin
        is_believed = guess.confidence >= MIN_ENCODING_CONFIDENCE
        if file.is_old:
            judged.append((guess.confidence, is_right(file, guess)))
        outcome = 1 if not is_believed else 0 if is_right(file, guess) else 2
        for name in ("all", "old encodings" if file.is_old else "Unicode", file.language):
            totals.setdefault(name, [0, 0, 0])[outcome] += 1
        if outcome == 2:
            wrong.append(
                f"{file.language} {file.encoding} {file.kind} {file.case}: {guess.encoding} {guess.confidence}"
            )
    files = sum(totals["all"])
    for name, (right, refused, believed) in totals.items():
        if is_detailed or name in ("all", "old encodings", "Unicode"):
            count = right + refused + believed
            shares = f"{right / count:7.1%} {refused / count:8.1%} {believed / count:19.2%}"
            print(
                f"{rows:6} {count:6} {shares} {f'{1000 * seconds / files:10.1f}' if name == 'all' else '':10}  {name}"
            )
    for line in wrong:
        print(f"       wrong: {line}")
    _print_calibration(judged)


def _print_calibration(judged: list[tuple[float, bool]]) -> None:
    """Print how often the most likely encoding is right, by its confidence."""
    for least, below in pairwise(_CONFIDENCES):
        found = [is_right for confidence, is_right in judged if least <= confidence < below]
        if found:
            print(f"       confidence from {least:.2f}: {len(found)} files, {sum(found) / len(found):.1%} right")


if __name__ == "__main__":
    main()
