"""Generates any number of files by seed, with lines around, between and inside their tables."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from verification.corpus.cases import Answer, numbered

_NAMES = ("id", "name", "city", "note", "amount", "day", "share", "phone", "kind", "owner")
_WORDS = ("amber", "birch", "Cedar", "delta hill", "EMBER", "Fjord", "glade", "Łódź")

_Records = Callable[[], list[list[str]]]
_Value = Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Table:
    """A header and rows; the first column is a unique number."""

    names: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class GeneratedLayout:
    """A file, and the expected reading of its first table."""

    content: bytes
    #: None if the table has no header.
    header: list[str] | None
    rows: list[list[str]]
    #: Lines of further tables, and totals, of the first table's width, which can't be distinguished from its rows.
    rows_below: list[list[str]]

    @property
    def answer(self) -> Answer:
        """The rows of the first table, and the lines that can't be distinguished from them."""
        rows = [*self.rows, *self.rows_below]
        return Answer(header=self.header or numbered(len(rows[0])), rows=rows)


def generated_layout(seed: int) -> GeneratedLayout:
    """Generate one file: preamble, table, rows of another width, more tables, totals, notes."""
    random = Random(seed)
    delimiter = random.choice([",", ";", "\t"])
    line_end = random.choice(["\n", "\n", "\r\n"])
    preamble, own = _preamble(random), _table(random, "")
    first = _records(random, own)
    records = [*preamble, *first]
    below: list[list[str]] = []
    for number in range(random.choice([0, 0, 0, 1, 1, 2])):
        below += random.choice([[], [[]], [[], ["Another table"], []]])
        below += _records(random, _table(random, str(number)))
    below += random.choice([[], [], [["Total", "", "7.5"]], [[], ["Source: our own"]], [["(2 rows affected)"]]])
    records += below
    text = line_end.join(delimiter.join(_quoted(cell, delimiter) for cell in cells) for cells in records)
    content = f"{text}{random.choice(['', line_end])}".encode()
    header = own.names if first[0] == own.names else None
    width = len(own.names) if header else len(next(filter(None, first)))
    rows = [cells for cells in first if len(cells) == width and cells != own.names]
    return GeneratedLayout(content, header, rows, [cells for cells in below if len(cells) == width])


def _preamble(random: Random) -> list[list[str]]:
    kinds: list[_Records] = [
        list,
        list,
        lambda: [["Report of May"], []],
        lambda: [["Client", "ACME Ltd"], ["From", "2024-01-01"], ["To", "2024-01-31"], []],
        lambda: [["Made by", "x"] for _ in range(random.randrange(1, 5))],
        lambda: [["# a remark"], ["# one more"]],
        lambda: [["Figures", "", ""], ["", "", ""]],
        lambda: [[], []],
    ]
    return random.choice(kinds)()


def _table(random: Random, ending: str) -> _Table:
    """Generate a table; `ending` is added to the names, so that no two tables of a file have the same ones."""
    number = iter(range(1, 1000))
    kinds: list[_Value] = [
        lambda: random.choice(_WORDS),
        lambda: f"{random.uniform(0, 900):.2f}",
        lambda: f"20{random.randrange(10, 30)}-0{random.randrange(1, 10)}-1{random.randrange(10)}",
        lambda: f"{random.choice(_WORDS)},\n{random.choice(_WORDS)}",
        lambda: f"C{random.randrange(1, 200)}",
        lambda: random.choice(["DE", "FR", "US"]),
    ]
    columns = random.choices(kinds, k=random.randrange(1, 5))
    names = [f"{name}{ending}" for name in random.sample(_NAMES, len(columns) + 1)]
    rows = [[str(next(number)), *(column() for column in columns)] for _ in range(random.randrange(1, 30))]
    return _Table(names, rows)


def _records(random: Random, table: _Table) -> list[list[str]]:
    """Write the table; from some row on it may be narrower or wider, and rows may be damaged."""
    rows = [[*row] for row in table.rows]
    change = random.randrange(len(rows))
    kind = random.choice(["none", "none", "none", "narrower", "wider", "damaged", "blank", "again"])
    for row in rows[change:]:
        if kind == "narrower" and len(row) > 2:
            row.pop()
        elif kind == "wider":
            row.append("x")
    if kind == "damaged":
        rows[change] = rows[change][:-1]
    elif kind == "blank":
        rows.insert(change, [])
    elif kind == "again":
        rows.insert(change, table.names)
    return rows if random.random() < 0.1 else [table.names, *rows]


def _quoted(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if {delimiter, "\n", '"'} & {*cell} else cell
