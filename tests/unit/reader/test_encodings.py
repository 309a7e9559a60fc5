"""Encodings: told apart by the words that they make, and those that may be fixed."""

from io import BytesIO

import pytest

from shared.datasets import NOTHING_FIXED
from shared.errors import FileRefused
from shared.reader.encodings import text_encoding
from shared.reader.plans import Plan
from shared.reader.survey import make_plan


def plan_of(names: list[str], encoding: str) -> Plan:
    lines = "".join(f"{number},{name}\n" for number, name in enumerate(names * 50))
    return make_plan(BytesIO(f"id,name\n{lines}".encode(encoding)), NOTHING_FIXED)


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


def test_two_that_make_words_as_well_refuse_the_file() -> None:
    with pytest.raises(FileRefused, match="not clear: cp1250 or cp1254") as caught:
        plan_of(["Çağlar Şahin", "İbrahim Yıldız"], "cp1254").check()
    assert caught.value.code == "encoding-error"


@pytest.mark.parametrize("name", ["utf-7", "idna", "hex", "rot13", "cp037", "unicode_escape", "undefined", "no such"])
def test_encodings_in_which_no_delimiter_can_be_told_can_not_be_fixed(name: str) -> None:
    assert text_encoding(name) is None


@pytest.mark.parametrize("name", ["utf-8", "UTF-16", "utf-32-le", "latin-1", "cp1252", "shift_jis", "gb18030", "big5"])
def test_all_others_can_be_fixed(name: str) -> None:
    assert text_encoding(name)
