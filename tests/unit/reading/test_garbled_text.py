"""Text that was decoded wrongly before it was written is seen, and sound text of any language is not."""

import pytest

from shared.reading.garbled_text import CONTROLS, DOUBLE_ENCODED, garbled, repaired


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("MÃ¼ller", "Müller"),
        ("ZoÃ«", "Zoë"),
        ("donâ€™t", "don’t"),
        ("Â£5", "£5"),
        ("M├╝ller", "Müller"),
        ("РџСЂРёРІРµС‚", "Привет"),
        ("Ð\x9fÑ\x80Ð¸Ð²ÐµÑ\x82", "Привет"),
    ],
)
def test_double_encoded_text_is_seen_with_what_it_means(text: str, meant: str) -> None:
    assert (garbled(text), repaired(text)) == (DOUBLE_ENCODED, meant)


def test_controls_in_place_of_quotes_are_seen() -> None:
    assert (garbled("d\x92Angludet"), repaired("d\x92Angludet")) == (CONTROLS, "d’Angludet")


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "«CAFÉ»",
        "«TROJÄ»",
        "NÃO",
        "Königsberg – Straße",
        "НІ, НЕ ВИДАЛЯТИ",
        "PÄŤ",
        "CAUTĂ…",
        "Leiðólfsdóttir",
        "東京都",
        "5 €",
        "µ²",
    ],
)
def test_sound_text_is_not(text: str) -> None:
    assert garbled(text) is None
