"""Sample files of our own making: places and people of invented countries, in eight scripts."""

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TypeVar

from shared.files import replacing

_FIRST_DAY, _LAST_DAY = date(1837, 1, 1), date(1999, 12, 31)

#: A prime larger than the number of days, so that steps of it visit every day before any comes again.
_STRIDE_DAYS = 2_147_483_647

#: Below so many rows all people are ordinary.
_FEWEST_ROWS_WITH_ODD_PEOPLE = 100

#: A country has one town for so many rows of people, until all its towns are there.
_ROWS_PER_TOWN = 50
_TOWNS_PER_COUNTY = 5

_T = TypeVar("_T")
_Row = tuple[str, ...]
#: A town, and the given and family names to choose from.
_Birth = tuple[str, list[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    """An invented country and what its people are called; stems and names are separated by blanks."""

    name: str
    #: How many people are born here, relative to the other countries.
    share: int
    counties: tuple[str, str, str]
    #: Names of towns are stems put into patterns.
    patterns: tuple[str, str, str]
    stems: str
    given_names: str
    family_names: str

    def towns(self, rows: int) -> list[str]:
        """Return the towns of a sample of so many rows."""
        towns = [pattern.format(stem) for pattern in self.patterns for stem in self.stems.split()]
        return towns[: max(1, rows // _ROWS_PER_TOWN)]

    def births(self, rows: int) -> list[_Birth]:
        """Return each town with the names given there, as often as the country's share says."""
        given_names, family_names = self.given_names.split(), self.family_names.split()
        return [(town, given_names, family_names) for town in self.towns(rows)] * self.share


_COUNTRIES = (
    _Country(
        name="Valdérie",
        share=13,
        counties=("Haute-Forêt", "Côte d’Argent", "Ørland"),
        patterns=("{}ville", "Saint-{}", "{}-sur-Mer"),
        stems="Élan Brévign Château Noël Garçon",
        given_names="José Zoë Søren Łucja Åsa François Maria Anna John Grace Ján Žofia Chloé Ian Ægir Ósk Şule Béla "
        "Iñaki Mårten",
        family_names="Stone Rivière Lindström Kowalczyk Núñez O'Dell D’Arcy Čapek Müller Gonçalves Ødegård Szabó "
        "Yıldız Roșu Smith Weber Hill Moreau Þórsdóttir Nguyễn",
    ),
    _Country(
        name="Заречье",
        share=9,
        counties=("Лесной край", "Озёрный край", "Степной край"),
        patterns=("{}ово", "{}огорск", "{}ое Поле"),
        stems="Бел Сосн Камен Ясн Звёзд",
        given_names="Анна Иван Ольга Пётр Мария Юрий Елена Павел Софья Глеб Вера Олег Нина Егор Алёна Фёдор Тарас "
        "Їва Майя Єва",
        family_names="Мельник Гончар Черных Седых Долгих Живаго Коваль Бондарь Ткач Шевченко Кравец Швец Белых "
        "Сорока Щука Заяц Ёлкина Мороз Гриб Хижняк",
    ),
    _Country(
        name="Ανθεμία",
        share=7,
        counties=("Βορράς", "Νότος", "Νησιά"),
        patterns=("{}ώνα", "{}όπολη", "Άνω {}ά"),
        stems="Ελαι Αμπελ Λευκ Πετρ Ροδ",
        given_names="Ελένη Γιώργος Μαρία Νίκος Άννα Σοφία Ιωάννα Πέτρος Θάλεια Αλέξης Ζωή Στέλιος Χλόη Μάρκος Ίρις "
        "Ορέστης Δάφνη Φοίβος Ξένια Αΐντα",
        family_names="Πετρίδου Μυλωνάς Ράπτη Κεραμέας Ψαράς Γεωργίου Ιωάννου Νικολάου Παύλου Βασιλείου Χρήστου Λύρα "
        "Αηδόνη Λύκος Ελιά Θάλασσα Βράχος Ουρανός Άνεμος Ήλιου",
    ),
    _Country(
        name="მთისეთი",
        share=6,
        counties=("ზემო მხარე", "ქვემო მხარე", "ზღვისპირი"),
        patterns=("{}ისი", "{}თავი", "ახალი {}ა"),
        stems="თეთრ მზის წყალ ტყის ქარ",
        given_names="ანა გიორგი ნინო ლევან მარიამ დავით თამარ ირაკლი ელენე ზურაბ ქეთევან ლუკა სოფიო ვახტანგ ნათია "
        "ოთარ ეკა შოთა მაია ბექა",
        family_names="მთისძე ტყისძე ქარისძე ვაზაშვილი მჭედლიშვილი მეზღვაური კალანდაძე ხუროშვილი მებადური ფიცხელა "
        "წისქვილაძე ვარდიძე მგელაძე არწივაძე ირემაძე დათვაძე ჩიტაძე ღრუბელაძე წვიმაძე თოვლაძე",
    ),
    _Country(
        name="雲海国",
        share=5,
        counties=("東郡", "西郡", "南島"),
        patterns=("{}山", "{}河口", "新{}町"),
        stems="青松 白石 金竹 𠮷田 霧谷",
        given_names="明 麗 偉 芳 静 健一 花子 直樹 美咲 大地 さくら ハルカ 子涵 浩然 雨桐 志明 淑芬 민준 서연 지우",
        family_names="王 李 林 𠮷野 佐藤 田中 山本 高橋 髙橋 欧阳 司马 陳 黄 呉 김 박 최 渡邉 渡邊 小川",
    ),
    _Country(
        name="قمرية",
        share=4,
        counties=("الساحل", "الجبل", "الواحة"),
        patterns=("وادي {}", "قصر {}", "عين {}"),
        stems="الزيتون النخيل الورد القمر الريح",
        given_names="ليلى سامي مريم كريم نور ياسين هدى عمر سلمى زيد رنا طارق أمل بلال دنيا فارس جنى ماجد شيرین آدم",
        family_names="النجار الحداد الخياط البحري الجبلي الصياد الفلاح الطحان البناء الكاتب الزهراوي القمري "
        "الوردي الشامي الساحلي النحاس العطار الراعي السقا الحكيم",
    ),
    _Country(
        name="סלעיה",
        share=3,
        counties=("הגליל העליון", "השפלה", "הערבה"),
        patterns=("כפר {}", "בית {}", "תל {}"),
        stems="זית תמר אלון רימון שקד",
        given_names="נועה דוד תמר יוסף מיכל אורי שירה איתן רות גיל הדס עמית יעל רון טליה נדב אביגיל שַׁי ליאור צופיה",
        family_names="נגר חייט נפח דייג אופה כורם יערי הררי ימי סלעי אלוני תמרי שקדי רימוני זיתוני גפני ארזי "
        "כוכבי שמשוני ז׳בוטי",
    ),
    _Country(
        name="सूर्यप्रदेश",
        share=2,
        counties=("उत्तर", "दक्षिण", "पर्वत"),
        patterns=("{}पुर", "{}गाँव", "नया {}नगर"),
        stems="आम्र कमल चन्द्र हिम वन",
        given_names="आशा रवि मीरा अर्जुन सीता कृष्ण राधा विजय लक्ष्मी सूरज प्रिया मोहन गीता अनिल उषा ओम् ज्योति श्याम ऋषि इन्दिरा",
        family_names="लोहार कुम्हार सुनार माली किसान गायक लेखक पर्वतीय सागर वनवासी चित्रकार पंडित मिस्त्री शास्त्री "
        "द्विवेदी त्रिपाठी क्षेत्री ठाकुर दर्ज़ी पटेल",
    ),
)

_ODD_PLACES: tuple[_Row, ...] = (
    ("Weir, Upper", 'The "Quiet" Shire', "Valdérie"),
    ("Sea\nGate", "Νησιά", "Ανθεμία"),
)

#: Spread over the file in this order: the second namesake is the last line of its key, and wins.
_ODD_PEOPLE: tuple[_Row, ...] = (
    ("Kim", "Namesake", "1901-02-03", "Weir, Upper"),
    ("Ada", "Early", "1911-11-11", "Nowhere-by-the-Sea"),
    ('Maria "Mia"', "Stone, the Younger", "1899-12-31", "Weir, Upper"),
    ("Ida", "Impossible", "1837-02-30", "Weir, Upper"),
    ("Anne\nMarie", 'd"Or', "1900-01-01", "Sea\nGate"),
    ("", "Nameless", "1950-05-05", "Sea\nGate"),
    ("Bo", "Early", "1912-12-12", "Nowhere-by-the-Sea"),
    ("Sid", "Short", "1960-06-06"),
    ("Lou", "Long", "1970-07-07", "Sea\nGate", "and one value more"),
    ("Cy", "Early", "1913-03-13", "未知島"),
    ("Kim", "Namesake", "1901-02-03", "Sea\nGate"),
)


def write_sample(folder: Path, *, rows: int, seed: int = 1) -> None:
    """Write places.csv, and people.csv with so many rows; the same rows and seed give the same bytes.

    From 100 rows on, eleven of the people are odd, however long the file is: three refer to two places
    that places.csv lacks; four rows are bad (an impossible date, an empty required value, a value
    missing, a value too many); two share their key, so that the later one wins; two have commas, quotes
    and a newline in their values. All other keys are distinct, up to 50 million rows. From 750 rows on
    there are 122 places, below that fewer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311 - it is to be repeatable, not secret
    _write_csv(folder / "places.csv", ("city", "county", "country"), _places(rows))
    people_header = ("given_name", "family_name", "date_of_birth", "place_of_birth")
    _write_csv(folder / "people.csv", people_header, _people(rows, rng))


def _write_csv(path: Path, header: _Row, rows: Iterable[_Row]) -> None:
    with replacing(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.detach()


def _places(rows: int) -> Iterator[_Row]:
    for country in _COUNTRIES:
        for number, town in enumerate(country.towns(rows)):
            yield town, country.counties[number // _TOWNS_PER_COUNTY], country.name
    yield from _ODD_PLACES


def _people(rows: int, rng: random.Random) -> Iterator[_Row]:
    odd = _odd_people(rows)
    ordinary = _ordinary_people(rows, rng)
    return (odd[number] if number in odd else next(ordinary) for number in range(rows))


def _odd_people(rows: int) -> dict[int, _Row]:
    """Return the odd people by the number of their row, evenly spread."""
    if rows < _FEWEST_ROWS_WITH_ODD_PEOPLE:
        return {}
    return {number * rows // (len(_ODD_PEOPLE) + 1): row for number, row in enumerate(_ODD_PEOPLE, start=1)}


def _ordinary_people(rows: int, rng: random.Random) -> Iterator[_Row]:
    """Yield people for ever: each pair of names walks through the days by itself, so keys stay distinct."""
    births = [birth for country in _COUNTRIES for birth in country.births(rows)]
    calendar = _calendar()
    days: dict[tuple[str, str], Iterator[str]] = {}
    while True:
        town, given_names, family_names = _pick(births, rng)
        names = _pick(given_names, rng), _pick(family_names, rng)
        if names not in days:
            days[names] = _walk(calendar, start=int(rng.random() * len(calendar)))
        yield *names, next(days[names]), town


def _calendar() -> list[str]:
    days = (_LAST_DAY - _FIRST_DAY).days + 1
    return [(_FIRST_DAY + timedelta(days=number)).isoformat() for number in range(days)]


def _walk(calendar: list[str], *, start: int) -> Iterator[str]:
    position = start
    while True:
        yield calendar[position]
        position = (position + _STRIDE_DAYS) % len(calendar)


def _pick(choices: Sequence[_T], rng: random.Random) -> _T:
    """Choose evenly. Of the random module only random() is promised to stay the same in later Pythons."""
    return choices[int(rng.random() * len(choices))]
