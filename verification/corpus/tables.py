"""Clean tables written for this project, each with content that makes another part of reading difficult."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Table:
    """Names and rows; every row is as wide as the names."""

    name: str
    header: list[str]
    rows: list[list[str]]

    def with_rows(self, rows: list[list[str]]) -> Self:
        return replace(self, rows=rows)


def _table(name: str, text: str) -> Table:
    header, *rows = ([cell.strip() for cell in line.split("¶")] for line in text.strip().splitlines())
    return Table(name, header, rows)


MIXED = _table(
    "mixed",
    r"""
order_id ¶ customer ¶ ordered_on ¶ at ¶ amount ¶ remark ¶ path
1001 ¶ Müller GmbH ¶ 2024-01-31 ¶ 08:15:00 ¶ $1,250.00 ¶ Desk, 48" wide, oak; for the office ¶ C:\orders\1001
1002 ¶ O'Brien & Sons ¶ 2024-02-01 ¶ 09:00:30 ¶ $12.50 ¶ He said "call me", and hung up ¶ C:\orders\1002
1003 ¶ Société Générale ¶ 2024-02-01 ¶ 23:59:59 ¶ $0.99 ¶ ¶ C:\new\1003
1004 ¶ Ng, Lee and Partners ¶ 2024-02-29 ¶ 12:00:00 ¶ $7,000.00 ¶ It's late, isn't it? Ships, or never ¶ D:\a b\1004
1005 ¶ Łódź Steel ¶ 2024-03-01 ¶ 17:45:10 ¶ $310.00 ¶ 100% cotton | machine wash ¶ C:\orders\1005
1006 ¶ Acme ¶ 2024-03-02 ¶ 00:00:01 ¶ $44.10 ¶ Two of three parcels came ¶ C:\orders\1006
1007 ¶ Bär & Co. ¶ 2024-03-04 ¶ 10:10:10 ¶ $5.00 ¶ none ¶ C:\orders\1007
1008 ¶ Zoë's Café ¶ 2024-03-05 ¶ 11:30:00 ¶ $98.76 ¶ Tea, coffee, cake; the usual ¶ C:\orders\1008
1009 ¶ Acme ¶ 2024-03-05 ¶ 14:05:00 ¶ $1,000,000.00 ¶ 24" monitor (see https://example.org/a?b=c) ¶ C:\orders\1009
1010 ¶ van der Berg ¶ 2024-03-07 ¶ 15:15:15 ¶ $3.20 ¶ Weight: 3 kg, colour: red ¶ C:\orders\1010
1011 ¶ Peña ¶ 2024-03-08 ¶ 16:00:00 ¶ $67.00 ¶ ¶ C:\orders\1011
1012 ¶ Acme ¶ 2024-03-09 ¶ 18:20:00 ¶ $21.21 ¶ Left at the neighbour's ¶ C:\orders\1012
""",
)
TEXTS = _table(
    "texts",
    """
title ¶ author ¶ publisher ¶ place
The Silent Harbour ¶ Anna Lindqvist ¶ Northern Lights ¶ Stockholm
A House of Glass ¶ Peter Marsh ¶ Old Street Press ¶ London
Letters from the Delta ¶ Ines Duarte ¶ Rio Branco ¶ Lisbon
Bread and Salt ¶ Oleg Markov ¶ Volga House ¶ Kazan
Winter Roads ¶ Mary O'Neill ¶ Old Street Press ¶ Dublin
The Clockmaker ¶ Jan Novák ¶ Albatros ¶ Prague
Under the Banyan ¶ Ravi Menon ¶ Blue Lotus ¶ Kochi
No Second Spring ¶ Chen Wei ¶ Red Gate ¶ Taipei
""",
)
PAIRS = _table(
    "pairs",
    """
station ¶ reading
K-01 ¶ 12.5
K-02 ¶ 11.0
K-03 ¶ -3.25
K-04 ¶ 0
K-05 ¶ 107.125
K-06 ¶ 9
""",
)
SINGLE = _table(
    "single",
    """
email
anna@example.org
bob@example.org
carla@example.net
dmitri@example.com
eve@example.org
""",
)
DECIMALS = _table(
    "decimals",
    """
Artikel ¶ Preis ¶ Gewicht ¶ Lager
Schraube M4 ¶ 0,05 ¶ 1,2 ¶ 12000
Mutter M4 ¶ 0,03 ¶ 0,8 ¶ 9500
Scheibe, groß ¶ 0,02 ¶ 0,3 ¶ 40000
Bügelsäge ¶ 17,90 ¶ 480,0 ¶ 12
Zange ¶ 1.024,00 ¶ 310,5 ¶ 7
Hammer ¶ 21,49 ¶ 650,0 ¶ 31
Meißel ¶ 8,75 ¶ 220,0 ¶ 18
""",
)
SCRIPTS = _table(
    "scripts",
    """
id ¶ Ελληνικά ¶ Русский ¶ 日本語 ¶ العربية ¶ count
1 ¶ Αθήνα ¶ Москва ¶ 東京都 ¶ القاهرة ¶ 12
2 ¶ Θεσσαλονίκη ¶ Казань ¶ 大阪、関西 ¶ بيروت ¶ 7
3 ¶ Πάτρα ¶ Нижний Новгород ¶ 札幌市 ¶ عمان ¶ 30
4 ¶ Ηράκλειο ¶ Самара, Волга ¶ 福岡県 ¶ الرياض ¶ 4
5 ¶ Λάρισα ¶ Омск ¶ 横浜 ¶ دمشق ¶ 19
""",
)

TABLES = (MIXED, TEXTS, PAIRS, SINGLE, DECIMALS, SCRIPTS)
#: Tables with more than one column.
WIDE_TABLES = (MIXED, TEXTS, PAIRS, DECIMALS, SCRIPTS)
