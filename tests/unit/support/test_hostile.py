import pytest

from tests.support.hostile import HOSTILE_BY_REASON, HOSTILE_STRINGS

#: Texts that a collation, normalisation or trimming would make equal.
CONFUSABLE = (
    ("José", "Jose\u0301"),
    ("José", "Jose"),
    ("A", "a"),
    ("ß", "ss"),
    ("İ", "i\u0307"),
    ("ſ", "s"),
    ("K", "\u212a"),
    ("Word", "Word "),
    ("Word", "Word\u00a0"),
    ("Word", "Word\u200b"),
    ("Word", "Ｗｏｒｄ"),
    ("NULL", "null"),
)


def test_there_are_several_hundred_hostile_texts() -> None:
    assert len(HOSTILE_STRINGS) >= 400


def test_hostile_texts_are_distinct() -> None:
    assert len(set(HOSTILE_STRINGS)) == len(HOSTILE_STRINGS)


@pytest.mark.parametrize("reason", HOSTILE_BY_REASON)
def test_every_hostile_text_is_storable(reason: str) -> None:
    for text in HOSTILE_BY_REASON[reason]:
        assert 1 <= len(text) <= 255
        assert "\0" not in text
        assert text.encode().decode() == text


@pytest.mark.parametrize("pair", CONFUSABLE, ids=ascii)
def test_both_texts_of_a_confusable_pair_are_included(pair: tuple[str, str]) -> None:
    assert set(pair) <= set(HOSTILE_STRINGS)


def test_some_texts_need_four_bytes_per_character() -> None:
    assert max(len(text.encode()) for text in HOSTILE_STRINGS) == 4 * 255
