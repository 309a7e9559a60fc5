import pytest

from tests.support.hostile import HOSTILE_BY_REASON, HOSTILE_STRINGS

#: Texts that a collation, a normalisation or a trim would make equal.
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


def test_there_are_several_hundred() -> None:
    assert len(HOSTILE_STRINGS) >= 400


def test_all_are_distinct() -> None:
    assert len(set(HOSTILE_STRINGS)) == len(HOSTILE_STRINGS)


@pytest.mark.parametrize("reason", HOSTILE_BY_REASON)
def test_each_is_a_text_that_must_be_kept(reason: str) -> None:
    for text in HOSTILE_BY_REASON[reason]:
        assert 1 <= len(text) <= 255
        assert "\0" not in text
        assert text.encode().decode() == text


@pytest.mark.parametrize("pair", CONFUSABLE, ids=ascii)
def test_both_of_a_confusable_pair_are_there(pair: tuple[str, str]) -> None:
    assert set(pair) <= set(HOSTILE_STRINGS)


def test_there_are_texts_longer_in_bytes_than_any_narrower_character_set_allows() -> None:
    assert max(len(text.encode()) for text in HOSTILE_STRINGS) == 4 * 255
