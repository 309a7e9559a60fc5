"""Encodings: told apart by the words that they make, and those that may be fixed."""

from io import BytesIO
from random import Random

import pytest

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from shared.model.errors import FileRefused
from shared.reading.detector import make_plan
from shared.reading.encodings.text_encodings import text_encoding
from shared.reading.format_signature import FormatSignature
from shared.reading.read_plan import ReadPlan


def text_of(names: list[str], encoding: str) -> bytes:
    lines = "".join(f'{number},"{name}"\n' for number, name in enumerate(names * (50 if len(names) < 40 else 1)))
    return f"id,name\n{lines}".encode(encoding)


def plan_of(names: list[str], encoding: str) -> ReadPlan:
    return make_plan(BytesIO(text_of(names, encoding)), NOTHING_FIXED)


def plan_encoding(plan: ReadPlan) -> str:
    csv_format = plan.parts[0].csv_format
    assert csv_format is not None
    return csv_format.dialect.encoding


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Łukasz Żółć", "Świętosław Gąska"], "cp1250"),
        (["Łukasz Żółć", "Świętosław Gąska"], "iso8859_2"),
        (["Łukasz Żółć", "Świętosław Gąska"], "cp852"),
        (["Lukáš Žilka", "Tomáš Dvořák"], "iso8859_2"),
        (["Guðrún Þórsdóttir"], "cp1252"),
        (["Muñoz"], "cp1252"),
    ],
)
def test_the_encoding_that_makes_words_is_chosen(names: list[str], encoding: str) -> None:
    plan = plan_of(names, encoding)

    plan.check()
    assert f"encoding {encoding}," in str(plan)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Černý Ondřej", "Dvořáková Lucie", "Žižka"], "cp1250"),
        (["Győri Ágnes", "Szűcs Márta", "Erdős Dezső", "Őri István"], "cp1250"),
        (["Čović Šime", "Đurđević Željka"], "cp1250"),
        (["ИВАНОВА МАРИЯ", "ПЕТРОВ СЕРГЕЙ", "СМИРНОВ"], "cp1251"),
        (["ИВАНОВА МАРИЯ", "ПЕТРОВ СЕРГЕЙ", "СМИРНОВ"], "iso8859_5"),
        (["ΓΕΩΡΓΙΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "ΜΑΡΙΑ ΝΙΚΟΛΑΟΥ"], "cp1253"),
        (["Çağlar Şahin", "İbrahim Yıldız"], "cp1254"),
        (["Jūratė Žukauskienė", "Šarūnas Kęstutis"], "cp1257"),
        (["VELÁZQUEZ", "LA CORUÑA", "ADRIÁN", "MARTÍNEZ", "MUÑOZ", "LOGROÑO"], "cp1252"),
        (["Müller 12,50 €", "Jäger 9 €"], "iso8859_15"),
        (["Müller 12,50 €", "Jäger 9 €"], "cp1252"),
        (["สมชาย ใจดี", "กรุงเทพมหานคร"], "cp874"),
        # As banks write names.
        (["ﾔﾏﾀﾞ ﾀﾛｳ", "ｽｽﾞｷ ﾊﾅｺ", "ｻﾄｳ ｲﾁﾛｳ", "ﾐﾂﾋﾞｼ", "ﾄｳｷｮｳ", "ｺﾊﾞﾔｼ ﾕｷ", "ﾜﾀﾅﾍﾞ ｼﾝｼﾞ"], "cp932"),
        (["서울시", "부산시", "인천시", "김철수", "이영희"], "johab"),
        (["Ŝanĝo", "Ĉiu ĵaŭdo", "eĥoŝanĝo", "Ĝis morgaŭ"], "iso8859_3"),
    ],
)
def test_letters_tell_the_encoding_by_the_languages_that_use_it(names: list[str], encoding: str) -> None:
    plan = plan_of(names, encoding)

    plan.check()
    assert text_of(names, encoding).decode(plan_encoding(plan)) == text_of(names, encoding).decode(encoding)


#: Names in a language, and the encodings that it is written in.
_NAMES = {
    "polish": (
        "Wiśniewska Grażyna|Łódź|Wrocław|Żabińska|Gdańsk|Częstochowa|Dąbrowski",
        "cp1250 iso8859_2 cp852 mac_latin2",
    ),
    "slovak": (
        "Kováčová Ľudmila|Žilina|Nové Mesto nad Váhom|Šťastný|Ďurica|Košice|Hrušovský Ján",
        "cp1250 iso8859_2 cp852",
    ),
    "slovenian": ("Černič Žan|Kranjska Gora|Šoštanj|Žužek Matjaž|Koroščak Neža|Škofja Loka", "cp1250 iso8859_2 cp852"),
    "romanian": ("Ionuţ Brătianu|Târgu Mureş|Bucureşti|Ştefănescu|Piteşti|Timişoara|Brăila", "cp1250 iso8859_2 cp852"),
    "croatian": ("ŠIMUNOVIĆ ŽELJKO|ĐAKOVO|VARAŽDIN|ČAKOVEC|BOŽIĆ DRAŽEN|KRIŽEVCI", "cp1250 iso8859_2 cp852"),
    "latvian": (
        "Bērziņš Jānis|Rīga|Liepāja|Kalniņa|Ozoliņš Kārlis|Rēzekne|Jēkabpils",
        "cp1257 iso8859_13 cp775 iso8859_4",
    ),
    "ukrainian": ("ШЕВЧЕНКО ТАРАС|КИЇВ|ЛЬВІВ|ЄВГЕНІЯ|ХАРКІВ|ЗАПОРІЖЖЯ", "cp1251 koi8_u iso8859_5 cp1125 mac_cyrillic"),
    "bulgarian": ("ГЕОРГИЕВ ИВАН|СОФИЯ|ПЛОВДИВ|ДИМИТРОВА|ВАРНА|СТАРА ЗАГОРА", "cp1251 koi8_r iso8859_5 cp866"),
    "serbian": ("ПЕТРОВИЋ ЂОРЂЕ|БЕОГРАД|НИШ|ЈОВАНОВИЋ ЉИЉАНА|ЏУНИЋ НЕБОЈША|ЧАЧАК", "cp1251 iso8859_5 cp855"),
    "greek": ("ΠΑΠΑΔΟΠΟΥΛΟΥ ΜΑΡΙΑ|ΑΘΗΝΑ|ΘΕΣΣΑΛΟΝΙΚΗ|ΓΙΩΡΓΟΣ|ΠΑΤΡΑ|ΗΡΑΚΛΕΙΟ", "cp1253 iso8859_7 cp737 cp869"),
    "greek without accents": ("Παπαδοπουλος|Αθηνα|Θεσσαλονικη|Βασιλειου Ελενη|Χανια|Λαρισα", "iso8859_7 mac_greek"),
    "turkish": ("Öztürk Ayşe|İstanbul|Diyarbakır|Yıldırım Çağla|Muğla|Şanlıurfa", "cp1254 iso8859_9 cp857"),
    "hebrew": ("כהן דוד|תל אביב|ירושלים|לוי שרה|חיפה", "cp1255 iso8859_8 cp862"),
    "arabic": ("محمد أحمد|القاهرة|الرياض|فاطمة علي|دمشق", "cp1256 iso8859_6"),
    "signs": ("It’s late|don’t|“quoted”|a – b", "cp1252 mac_roman"),
    "russian by chance UTF-8": ("ТА|МОСКВА|ТАМАРА|ТА САМАЯ|ИВАНОВ|ПЕТРОВА", "iso8859_5 cp1251 koi8_r"),
}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        pytest.param(names.split("|"), encoding, id=f"{language} {encoding}")
        for language, (names, encodings) in _NAMES.items()
        for encoding in encodings.split()
    ],
)
def test_names_are_read_right_in_each_encoding_of_their_language(names: list[str], encoding: str) -> None:
    plan = plan_of(names, encoding)

    plan.check()
    assert text_of(names, encoding).decode(plan_encoding(plan)) == text_of(names, encoding).decode(encoding)


def test_words_that_two_readings_share_do_not_decide_between_them() -> None:
    # Places of many countries: those of Slovenia are the same in cp1250, and ã, ñ, ô and ï are not.
    shared = "východ Žetale Šibenik Šalovci Ormož Žalec Šumperk Šmartno Galápagos Témara Södra Sánchez Khánh Ramírez"
    different = "São Tomé|Ñuble|Rondônia|Hòa Bình|Voïvodine|Ærø|Besançon|Curaçao|A Coruña"
    names = [*shared.split(), *different.split("|")]
    plan = plan_of(names, "cp1252")

    plan.check()
    assert text_of(names, "cp1252").decode(plan_encoding(plan)) == text_of(names, "cp1252").decode("cp1252")


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Għawdex", "Żebbuġ", "Ħamrun", "Ċensu Żammit"], "iso8859_3"),
        (["Müller", "Zürich", "Gérard", "Köln"], "hp_roman8"),
    ],
)
def test_an_encoding_that_is_not_looked_for_is_refused(names: list[str], encoding: str) -> None:
    with pytest.raises(FileRefused, match="the encoding is ambiguous"):
        plan_of(names, encoding).check()


@pytest.mark.parametrize(("word", "readings"), [("Kőszeg", ("Kőszeg", "Kõszeg")), ("Rēzekne", ("Rēzekne", "Rçzekne"))])
def test_a_single_word_that_two_languages_may_have_refuses_the_file(word: str, readings: tuple[str, str]) -> None:
    encoding = "cp1250" if word == "Kőszeg" else "cp1257"

    with pytest.raises(FileRefused) as caught:
        plan_of([word, *["plain"] * 40], encoding).check()

    assert caught.value.code == "encoding-error"
    assert all(f'"{reading}"' in str(caught.value) for reading in readings)
    assert "set encoding =" in str(caught.value)


def test_rows_of_utf8_are_never_read_as_a_third_encoding() -> None:
    content = text_of(["Müller", "Zürich"], "utf-8") + text_of(["Müller", "Zürich"], "cp1252").partition(b"\n")[2]

    mostly_utf8 = make_plan(BytesIO(content + "9,Köln\n9,Bünde\n".encode()), NOTHING_FIXED)
    assert plan_encoding(mostly_utf8) == "utf-8"
    mostly_utf8.check()

    with pytest.raises(FileRefused, match=r"utf-8 reads .*, cp1252 reads .*Müller"):
        make_plan(BytesIO(content + "9,Köln\n9,Bünde\n".encode("cp1252")), NOTHING_FIXED).check()


def test_a_byte_that_makes_no_word_rejects_its_row_alone() -> None:
    plan = make_plan(BytesIO(b"id,code\n" + b"1,K-01\n" * 20 + b"2,K-04\xc3\n"), NOTHING_FIXED)

    plan.check()
    assert plan_encoding(plan) == "utf-8"


def test_bytes_at_random_are_refused() -> None:
    chance = Random(3)
    rows = (bytes(chance.choice(range(128, 256)) for _ in range(8)) for _ in range(200))

    with pytest.raises(FileRefused, match="the encoding is ambiguous"):
        make_plan(BytesIO(b"id,name\n" + b"".join(b"1,%b\n" % row for row in rows)), NOTHING_FIXED).check()


@pytest.mark.parametrize("encoding", ["iso8859_15", "cp1252"])
def test_a_sign_far_behind_the_beginning_counts(encoding: str) -> None:
    content = text_of(["Müller", "Jäger"] * 200, encoding) + "1,5 €\n".encode(encoding)

    assert plan_encoding(make_plan(BytesIO(content), NOTHING_FIXED)) == encoding


def test_japanese_that_escapes_from_ascii_is_read() -> None:
    plan = plan_of(["東京都, 港区", "ソニー;"], "iso2022_jp")

    plan.check()
    assert next(iter(plan.open(BytesIO(text_of(["東京都, 港区"], "iso2022_jp"))))) == (2, ["0", "東京都, 港区"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("names", [["Иван", "Мария"], ["王一", "李二"], ["Ann", "Zoë"]])
def test_wide_encodings_need_no_mark(names: list[str], encoding: str) -> None:
    plan = plan_of(names, encoding)

    plan.check()
    assert plan_encoding(plan) == encoding


def test_a_wide_encoding_is_enough_to_fix() -> None:
    # Too little for a guess: no line end.
    content = "имя".encode("utf-16-le")

    assert plan_encoding(make_plan(BytesIO(content), ReadSettings(encoding="utf-16-le"))) == "utf-16-le"


def test_a_feed_may_be_named_by_another_encoding_that_reads_its_files_alike() -> None:
    earlier = FormatSignature.of(plan_of(["Müller", "Jäger"], "cp1252"))
    later = FormatSignature.of(plan_of(["Łukasz Żółć", "Świętosław Gąska"], "cp1250"))
    other = FormatSignature.of(plan_of(["Иван", "Мария"], "cp1251"))

    assert list(later.differences(FormatSignature.from_json(earlier.as_json()), NOTHING_FIXED)) == []
    assert list(other.differences(later, NOTHING_FIXED)) == ["encoding 'cp1251' instead of 'cp1250'"]


@pytest.mark.parametrize("name", ["utf-7", "idna", "hex", "rot13", "cp037", "unicode_escape", "undefined", "no such"])
def test_encodings_in_which_no_delimiter_can_be_told_can_not_be_fixed(name: str) -> None:
    assert text_encoding(name) is None


@pytest.mark.parametrize("name", ["utf-8", "UTF-16", "utf-32-le", "latin-1", "cp1252", "shift_jis", "gb18030", "big5"])
def test_all_others_can_be_fixed(name: str) -> None:
    assert text_encoding(name)
