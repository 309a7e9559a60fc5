"""The pre-Unicode encodings that are detected, and the languages that each is used for. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_WESTERN = "en de fr es pt it nl da nb sv fi is ca ga sq eu af et"
_CENTRAL = "pl cs sk hu hr sl ro sq de en"
_BALTIC = "et lv lt pl fi sv de da en"
_TURKISH = "tr en de fr nl sv da fi es it pt"
_CYRILLIC = "ru uk be bg mk sr"

#: Script, languages, and each encoding with its frequency, as a natural logarithm relative to the most usual encoding.
#: ISO 8859-16 is missing on purpose: it has Romanian letters where cp1250 has other letters that look the same, and
#: hardly any program ever wrote it.
_GROUPS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("latin", _WESTERN, {"cp1252": 0, "iso8859_1": -2, "iso8859_15": -1.5, "cp850": -2, "mac_roman": -3, "cp437": -3}),
    ("latin", _CENTRAL, {"cp1250": -0.5, "iso8859_2": -1.5, "cp852": -2, "mac_latin2": -4}),
    ("latin", _TURKISH, {"cp1254": -1, "iso8859_9": -2.5, "cp857": -5, "mac_turkish": -5}),
    ("latin", _BALTIC, {"cp1257": -1, "iso8859_13": -3, "iso8859_4": -4, "cp775": -3}),
    ("latin", f"{_BALTIC} is nb", {"iso8859_10": -6}),
    ("latin", "cy ga en de fr", {"iso8859_14": -5}),
    ("latin", "eo", {"iso8859_3": -6}),
    ("latin", "hr sl", {"mac_croatian": -6}),
    ("latin", "ro", {"mac_romanian": -6}),
    ("latin", "pt", {"cp860": -5}),
    ("latin", "is", {"cp861": -5, "mac_iceland": -5}),
    ("latin", "fr", {"cp863": -6}),
    ("latin", "da nb", {"cp865": -4}),
    ("latin", "vi", {"cp1258": -2}),
    ("cyrillic", _CYRILLIC, {"cp1251": 0, "cp866": -1.5, "iso8859_5": -2, "mac_cyrillic": -3, "cp855": -4}),
    ("cyrillic", "ru bg", {"koi8_r": -1.5}),
    ("cyrillic", "uk ru be", {"koi8_u": -1.7}),
    ("cyrillic", "uk ru", {"cp1125": -5}),
    ("cyrillic", "kk ru", {"ptcp154": -5, "kz1048": -5}),
    ("greek", "el", {"cp1253": -0.5, "iso8859_7": -2.5, "cp737": -3, "cp869": -4, "mac_greek": -4}),
    ("hebrew", "he", {"cp1255": -0.5, "iso8859_8": -1.5, "cp862": -2}),
    ("arabic", "ar fa ur", {"cp1256": -0.5}),
    ("arabic", "ar", {"iso8859_6": -2}),
    ("thai", "th", {"cp874": -1, "tis_620": -1.5}),
    ("han", "ja ja-kana", {"cp932": 0, "shift_jis": -6, "euc_jp": -1}),
    ("han", "zh-hans zh-hant", {"gb18030": 0}),
    ("han", "zh-hant zh-hans", {"cp950": -0.5, "big5": -0.7}),
    ("han", "ko", {"cp949": 0, "euc_kr": -0.5, "johab": -5}),
)


@dataclass(frozen=True, slots=True)
class LegacyEncoding:
    """An encoding, by Python's name."""

    name: str
    script: str
    languages: tuple[str, ...]
    #: A natural logarithm; 0 for the most usual encoding.
    prior: float

    @property
    def is_multibyte(self) -> bool:
        """Whether a character may take several bytes."""
        return self.script == "han"


@cache
def legacy_encodings() -> tuple[LegacyEncoding, ...]:
    """Return all legacy encodings."""
    return tuple(_all())


def _all() -> Iterator[LegacyEncoding]:
    for script, languages, encodings in _GROUPS:
        for name, prior in encodings.items():
            yield LegacyEncoding(name, script, tuple(languages.split()), prior)
