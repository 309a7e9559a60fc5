"""Recognizes a row of totals, which some exports write below the rows, with the same width. Pure."""

import re
from collections.abc import Sequence

#: The first value of such a row, in the languages of common programs.
_TOTAL = re.compile(
    "(?:grand |sub-?)?totals?|sums?|summen?|(?:zwischen|gesamt)summe|gesamt|insgesamt|total (?:général|general)"
    "|totale?n?|sous-total|sommes?|somma|suma|soma|totaal|i alt|summa|yhteensä|razem|suma końcowa|celkem|spolu"
    "|összesen|ukupno|skupaj|итого|всего|разом|усього|σύνολο|toplam|合計|小計|总计|合计|總計|합계",
    re.IGNORECASE,
)
CODE = "total-row"
MESSAGE = "it looks like a total of the rows above, but is loaded as a row; footer_lines excludes it from every file"


def is_total(cells: Sequence[str]) -> bool:
    """Whether a row begins with a word for a total, followed by a number."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    has_number = any(any(map(str.isdigit, cell)) for cell in filled[1:])
    return has_number and _TOTAL.fullmatch(filled[0].rstrip(":.")) is not None
