"""Generates any number of polluted files by seed, with their correct readings."""

from collections.abc import Callable
from random import Random

from verification.corpus.cases import Answer, Case
from verification.corpus.tables import Table
from verification.corpus.writing import Style

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "glade", "heath", "inlet", "Łódź", "Zürich", "東京")
_NAMES = ("id", "name", "city", "note", "amount", "day", "share", "phone", "kind", "owner")
_DELIMITERS = (",", ";", "\t", "|")
#: Faults, each of which occurs once in a row of its own, or not at all.
_FAULTS = ("none", "none", "missing", "extra", "opened", "inside")
_SHAPES = ("plain", "plain", "preamble", "footnote", "blank line", "no line end")


def generated(seed: int) -> Case:
    """Generate one file."""
    random = Random(seed)
    table = _table(random)
    style = Style(
        delimiter=random.choice(_DELIMITERS),
        line_end=random.choice(["\n", "\r\n"]),
        quotes_all=random.random() < 0.3,
    )
    records = style.records(table)
    place, fault = random.randrange(1, len(table.rows)), random.choice(_FAULTS)
    code = _pollute(records, place, fault, style, table)
    shape = random.choice(_SHAPES)
    text, lines_before = _shaped(shape, style, records)
    rows = table.rows if code is None else [*table.rows[: place - 1], *table.rows[place:]]
    rejects = frozenset() if code is None else frozenset([(lines_before + place + 1, code)])
    answer = Answer(header=table.header, rows=rows, rejects=rejects)
    return Case(name=f"seed {seed}: {fault}, {shape}", content=text.encode(), answer=answer)


def _table(random: Random) -> Table:
    kinds = _values(random)
    columns = [kinds[2], *random.choices(kinds, k=random.randrange(2, 6))]
    rows = [[value() for value in columns] for _ in range(random.randrange(5, 40))]
    return Table("generated", [*random.sample(_NAMES, len(columns))], rows)


def _values(random: Random) -> list[Callable[[], str]]:
    return [
        lambda: random.choice(_WORDS),
        lambda: f"{random.choice(_WORDS).title()}, {random.choice(_WORDS)}; or {random.choice(_WORDS)}",
        lambda: f"{random.randrange(100000)}",
        lambda: f"{random.uniform(0, 900):.2f}",
        lambda: f"20{random.randrange(10, 30)}-0{random.randrange(1, 10)}-1{random.randrange(10)}",
        lambda: f'{random.choice(_WORDS)} "{random.choice(_WORDS)}"',
    ]


def _pollute(records: list[str], place: int, fault: str, style: Style, table: Table) -> str | None:
    """Put a fault into the row at a position, counted from 1, and return its reject."""
    first, *others = map(style.cell, table.rows[place - 1])
    if fault == "missing":
        records[place] = style.delimiter.join([style.cell(table.rows[place - 1][0]), *others[1:]])
        return "missing-cell"
    if fault == "extra":
        records[place] += style.delimiter
        return "extra-cell"
    if fault == "opened":
        records[place] = style.delimiter.join([*[cell.strip('"') for cell in (first, *others)][:-1], '"never'])
        return "dialect-error"
    if fault == "inside":
        records[place] = style.delimiter.join(['"4" 2"', *others])
        return "dialect-error"
    return None


def _shaped(shape: str, style: Style, records: list[str]) -> tuple[str, int]:
    """Return the file, and the number of lines before the header."""
    text = style.text(records)
    if shape == "preamble":
        return style.text(["Figures of the north", ""]) + text, 2
    if shape == "footnote":
        return text + style.text(["", "Source: our own figures"]), 0
    if shape == "blank line":
        return style.text(["", *records]), 1
    return (text.removesuffix(style.line_end), 0) if shape == "no line end" else (text, 0)
