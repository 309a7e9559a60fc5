"""Pollutions of the encoding: byte order marks, wide encodings, encodings of one script."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

from verification.corpus.cases import Case, case, whole
from verification.corpus.tables import MIXED, SCRIPTS, TEXTS, Table
from verification.corpus.writing import usual_style

_WORDS = {
    "cp1252": "Curaçao Málaga Besançon Århus Zürich Évora São-Tomé Großenhain Malmö Nîmes",
    "cp1250": "Łódź Kraków Poznań Gdańsk Plzeň Brno-Líšeň Győr Pécs Žilina Tábor",
    "cp1251": "Москва Казань Самара Омск Уфа Пермь Воронеж Красноярск Тула Рязань",
    "cp1253": "Αθήνα Πάτρα Λάρισα Βόλος Ιωάννινα Χανιά Καβάλα Σέρρες Κατερίνη Τρίκαλα",
    "shift_jis": "東京都 大阪府 北海道 福岡県 京都府 神奈川県 さいたま市 よこはま カタカナ 沖縄県",
    "gb18030": "北京市 上海市 广州市 深圳市 天津市 重庆市 成都市 武汉市 西安市 南京市",
    "big5": "臺北市 高雄市 臺中市 臺南市 新竹市 基隆市 嘉義市 花蓮縣 屏東縣 宜蘭縣",
    "euc_kr": "서울시 부산시 인천시 대구시 대전시 광주시 울산시 수원시 창원시 고양시",
}
#: English texts with symbols but hardly any non-ASCII letters, separated by bars.
_SIGNS = {
    "apostrophes": "It’s late|don’t wait|we’ll see|plain|the boys’ school",
    "quotes": "“Yes,” he said|the “best” one|plain|so-called ‘art’|none",
    "dashes": "north – south|plain|1914–1918|a – b – c|none",
    "names with apostrophes": "O’Brien|D’Arcy|Smith|O’Neill|Jones",
    "degrees": "5 °C|10 °C|12 °F|plain|45° north",
    "money and measures": "£5|10 £|5 µm|2 m²|plain",
    "trade marks": "Acme®|ACME™|plain|© Acme|none",
}


def cases() -> Iterator[Case]:
    for table in (MIXED, SCRIPTS, TEXTS):
        yield from _unicode(table)
    for encoding, words in _WORDS.items():
        yield from _of_one_script(encoding, words)
    for name, texts in _SIGNS.items():
        rows = [[str(number), text, f"{number * 7}.5"] for number, text in enumerate(texts.split("|") * 3)]
        table = Table("signs", ["id", "text", "share"], rows)
        yield case(f"cp1252, {name}", usual_style(table).write(table), whole(table), encoding="cp1252")


def _unicode(table: Table) -> Iterator[Case]:
    text = usual_style(table).write(table)
    for name, mark, encoding in (
        ("UTF-8 with its mark", BOM_UTF8, "utf-8"),
        ("UTF-16 LE", BOM_UTF16_LE, "utf-16-le"),
        ("UTF-16 BE", BOM_UTF16_BE, "utf-16-be"),
        ("UTF-16 LE without mark", b"", "utf-16-le"),
        ("UTF-16 BE without mark", b"", "utf-16-be"),
    ):
        yield Case(name=f"{name}, {table.name}", content=mark + text.encode(encoding), answer=whole(table))


def _of_one_script(encoding: str, words: str) -> Iterator[Case]:
    places = words.split(" ")
    rows = [[str(number), place, f"{number * 7}.5", f"2024-05-{number + 10}"] for number, place in enumerate(places)]
    table = Table(encoding, ["id", "place", "share", "day"], rows)
    for name, many in (("ten rows", table), ("many rows", table.with_rows(rows * 300))):
        text = usual_style(many).write(many)
        yield Case(name=f"{encoding}, {name}", content=text.encode(encoding), answer=whole(many))
    rare = [[str(number), "plain", f"{number * 7}.5", f"2024-05-{number % 20 + 10}"] for number in range(4000)]
    late = table.with_rows([*rare, *rows])
    yield Case(
        name=f"{encoding}, only at the end", content=usual_style(late).write(late).encode(encoding), answer=whole(late)
    )
