"""Files of each kind in which readers silently lose or change data, with their correct readings."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from faker import Faker

from verification.corpus import trouble

_NAMES = ("day", "place", "amount", "remark", "state", "share", "unit", "branch")
_WORDS = ("amber", "birch", "Cedar wood", "delta", "Ember", "fjord", "glade", "north gate")

Rows = list[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One file, and what is right: these rows of these columns, each other line rejected or named, or a refusal."""

    name: str
    content: bytes
    labels: list[str]
    rows: Rows
    #: A later file of the same sender; it is loaded as the first one was understood.
    later: "Sent | None" = None


def sent_files(letters: str = "abcde") -> Iterator[Sent]:
    """One file of every kind for each letter."""
    for kind, make in _KINDS.items():
        for letter in letters:
            made = make(Random(f"{kind} {letter}"))
            ending = "csv" if isinstance(made[0], str) else _ending(made[0])
            content = made[0].encode() if isinstance(made[0], str) else made[0]
            name = f"{kind.replace(' ', '_')}_{letter}.{ending}"
            later = Sent(name=name, content=made[3].encode(), labels=made[1], rows=made[4]) if len(made) > 3 else None
            yield Sent(name=name, content=content, labels=made[1], rows=made[2], later=later)


def trouble_files() -> Iterator[Sent]:
    """Those that senders sent."""
    for known in trouble.known_files():
        answer = known.answer
        header = [*map(str.strip, answer.header)]
        labels = [*dict.fromkeys(filter(None, header))]
        places = [header.index(label) for label in labels]
        rows = [[cells[place] for place in places] for cells in answer.rows]
        name = Path(known.name)
        yield Sent(
            name=f"t{name.stem.replace('-', '_').lower()}_x{name.suffix}",
            content=known.content,
            labels=labels or ["id"],
            rows=rows,
        )


def _ending(content: bytes) -> str:
    return "xlsx" if content.startswith(b"PK") else "parquet" if content.startswith(b"PAR1") else "csv"


def _cell(random: Random, name: str) -> str:
    match name:
        case "day":
            return f"{random.randrange(1990, 2025)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
        case "amount" | "share":
            return f"{random.uniform(1, 900):.2f}"
        case "unit":
            return random.choice(["pcs", "kg", "box"])
        case "state":
            return random.choice(["open", "closed"])
        case "branch":
            return f"B{random.randrange(100, 999)}"
    return random.choice(_WORDS)


def _table(random: Random, rows: int, width: int) -> tuple[list[str], Rows]:
    """A number of its own, and other columns."""
    names = random.sample(_NAMES, width - 1)
    return ["id", *names], [[str(n), *(_cell(random, name) for name in names)] for n in range(1, rows + 1)]


def _text(records: Sequence[Sequence[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    return "".join(delimiter.join(cells) + line_end for cells in records)


def _delimiter(random: Random) -> str:
    return random.choice([",", ";", "\t"])


_Made = tuple[str | bytes, list[str], Rows] | tuple[str | bytes, list[str], Rows, str, Rows]


def _large_value(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 30), 3)
    line = random.choice(["some text, and more", "7,evil,row", "a line"])
    large = f'900,"begin{(chr(10) + line) * (1_200_000 // len(line))}",x'
    place = random.randrange(1, len(rows))
    text = _text([names, *rows[:place]]) + large + "\n" + _text(rows[place:])
    return text, names, rows


def _late_quote(random: Random) -> _Made:
    count = random.randrange(9_000, 12_000)
    mark = random.choice("PKXZ")
    rows = [[f"{mark}{n}", f"Q{n}"] for n in range(count)]
    rows.append(["last", "a, b"])
    return "left,right\n" + _text(rows[:-1]) + 'last,"a, b"\n', ["left", "right"], rows


def _narrower(random: Random) -> _Made:
    names, rows = _table(random, random.choice([4, 16, 40]), random.randrange(4, 7))
    narrow = [cells[:-1] for cells in _table(random, random.randrange(20, 60), len(names))[1]]
    return _text([names, *rows, *narrow], _delimiter(random)), names, rows


def _wider(random: Random) -> _Made:
    names, rows = _table(random, random.choice([1, 3, 10, 33, 90]), random.randrange(3, 6))
    wide = [[*cells, "x"] for cells in _table(random, random.randrange(20, 300), len(names))[1]]
    return _text([names, *rows, *wide], _delimiter(random)), names, rows


def _wide_header(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(5, 30), random.randrange(4, 8))
    lacked = random.randrange(1, 3)
    return _text([names, *(cells[:-lacked] for cells in rows)], _delimiter(random)), names, []


def _long_preamble(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(2, 6), random.randrange(4, 8))
    pairs = [["Account", "DE00 1234"], ["Owner", "Example"], ["From", "2024-01-01"], ["To", "2024-01-31"]]
    pairs += [["Balance", "1.000,00", "EUR"]] if random.random() < 0.5 else []
    above = [["Report of May"], [""], *pairs, [""], ["All figures as of today, without warranty."], [""]]
    return _text([*above, names, *rows], ";", random.choice(["\n", "\r\n"])), names, rows


def _pairs_right_above(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 25), random.randrange(4, 8))
    pairs = [["Made by", "x"], ["Client", "ACME Ltd"], ["From", "2024-01-01"], ["Version", "3"], ["Zone", "UTC"]]
    return _text([*random.sample(pairs, random.randrange(1, 5)), names, *rows], _delimiter(random)), names, rows


def _repeated_above(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 25), random.randrange(4, 8))
    line = random.choice([["Made by", "x"], ["Confidential", "do not copy"], ["Draft", "2"]])
    return _text([*[line] * random.randrange(2, 6), names, *rows], _delimiter(random)), names, rows


def _second_table(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 30), random.randrange(4, 7))
    other, below = _table(random, random.randrange(5, 120), len(names) - random.choice([1, 2, -1]))
    gap = random.choice(["\n", "\nOther figures\n\n", "\n\n"])
    return _text([names, *rows]) + gap + _text([other, *below]), names, rows


def _growing_codes(random: Random) -> _Made:
    marks = random.sample(["C", "R", "INV-", "ORD-", "K ", "AB", "X"], 2)
    rows = [[f"{marks[0]}{n}", f"{marks[1]}{n}"] for n in range(1, random.randrange(12, 90))]
    return _text([["customer", "region"], *rows], _delimiter(random)), ["customer", "region"], rows


def _title_rows(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 20), random.randrange(2, 4))
    titles = [[random.choice(["Figures", "Stock list"]), "May 2024"]]
    return _workbook([*titles, [], names, *rows]), names, rows


def _shifted(random: Random) -> _Made:
    rows = [[str(n + 100), str(random.randrange(1, 90)), f"{random.randrange(100):02}", str(n % 7)] for n in range(11)]
    names = random.choice([["id", "price", "qty"], ["number", "weight", "pieces"], ["ref", "length", "count"]])
    return _text([names, *rows]), names, []


def _header_one_name_short(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 40), random.randrange(4, 6))
    return _text([names[:-1], *rows]), names[:-1], []


def _row_names(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 40), random.randrange(3, 6))
    quoted = [[f'"{name}"' for name in names]]
    quoted += [[f'"{n}"', cells[0], *(f'"{cell}"' for cell in cells[1:])] for n, cells in enumerate(rows, start=1)]
    return _text(quoted), names, rows


def _no_header(random: Random) -> _Made:
    names = ["Ann", "Bob", "Cy", "Di", "Ed", "Flo", "Gus", "Hal", "Ida", "Jo", "Kim", "Lee", "Mo", "Oz", "Pam"]
    codes = ["DEU", "FRA", "USA", "GBR", "POL", "ITA", "ESP", "PRT", "NLD", "BEL", "AUT", "CHE", "CZE", "SVK", "HUN"]
    kinds: list[Callable[[str, str], list[str]]] = [
        lambda _, code: [code, random.choice(["EUR", "USD"]), random.choice(["", "x"])],
        lambda name, _: [name, random.choice(["Ayr", "Bath", "Cork"])],
        lambda name, _: [name.lower(), random.choice(["small", "large"]), "new"],
    ]
    kind = random.choice(kinds)
    random.shuffle(names)
    random.shuffle(codes)
    rows = [kind(*both) for both in zip(names, codes, strict=False)][: random.randrange(4, 16)]
    return _text(rows), [f"column_{n}" for n in range(1, len(rows[0]) + 1)], rows


def _blank_last_name(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 30), random.randrange(4, 6))
    return _text([[*names, ""], *([*cells, random.choice(["x", "y", ""])] for cells in rows)]), names, rows


def _encoded(locale: str, encodings: Sequence[str], *, capitals: bool = False) -> Callable[[Random], _Made]:
    def make(random: Random) -> _Made:
        fake = Faker(locale)
        fake.seed_instance(random.randrange(1 << 30))
        rows = [
            [str(n), fake.first_name(), fake.last_name(), fake.city()] for n in range(random.choice([30, 150, 400]))
        ]
        encoding = random.choice(encodings)
        rows = [[cell.upper() if capitals else cell for cell in cells] for cells in rows]
        rows = [[cell.encode(encoding, "ignore").decode(encoding) for cell in cells] for cells in rows]
        names = ["id", "first", "last", "town"]
        return _text([names, *rows], ";").encode(encoding), names, rows

    return make


def _half_half(random: Random) -> _Made:
    fake = Faker("de_DE")
    fake.seed_instance(random.randrange(1 << 30))
    rows = [[str(n), f"{fake.last_name()} Müller", fake.city()] for n in range(80)]
    half = random.randrange(20, 60)
    content = _text([["id", "name", "town"], *rows[:half]]).encode() + _text(rows[half:]).encode("cp1252", "replace")
    ascii_rows = [cells for cells in rows[half:] if "".join(cells).isascii()]
    return content, ["id", "name", "town"], rows[:half] + ascii_rows


def _one_sign(random: Random) -> _Made:
    sign, encoding = random.choice([("€", "iso8859-15"), ("€", "cp1252"), ("ř", "cp1250"), ("ş", "cp1254")])
    word = f"5{sign}" if sign == "€" else f"Dvo{sign}ak"
    rows = [["1", word], ["2", "plain"], ["3", "words"]]
    return _text([["id", "note"], *rows]).encode(encoding), ["id", "note"], rows


def _blank_before_quote(random: Random) -> _Made:
    names, rows = _table(random, random.choice([2, 8, 30]), 3)
    rows = [[cells[0], cells[1], f"{cells[2]}, {random.choice(_WORDS)}"] for cells in rows]
    return _text([names, *([cells[0], cells[1], f' "{cells[2]}"'] for cells in rows)]), names, rows


def _escaped(random: Random) -> _Made:
    """As MySQL's OUTFILE writes it: a backslash before what has a meaning, line ends included."""
    names, rows = _table(random, random.choice([3, 12]), 3)
    rows = [[cells[0], cells[1], random.choice(["a, b", "c\nd", 'e "f" g, h'])] for cells in rows]
    rows[0][2] = "first, second"
    escaped = [
        [cells[0], cells[1], cells[2].replace(",", "\\,").replace("\n", "\\\n").replace('"', '\\"')] for cells in rows
    ]
    return _text([names, *([f'"{cell}"' for cell in cells] for cells in escaped)]), names, rows


def _frame(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(2, 15), random.randrange(3, 6))
    widths = [max(len(cells[n]) for cells in [names, *rows]) for n in range(len(names))]
    drawn = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
        for cells in [names, *rows]
    ]
    cross = random.choice("|+")
    rule = cross + cross.join("-" * (width + 2) for width in widths) + cross
    ends = [rule] if random.random() < 0.5 else []
    return "\n".join([*ends, drawn[0], rule, *drawn[1:], *ends, ""]), names, rows


def _dashes(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 20), random.randrange(3, 6))
    below = random.choice(["", f"\n({len(rows)} rows affected)\n"])
    return _text([names, ["-" * max(2, len(name)) for name in names], *rows]) + below, names, rows


def _joined_with_header(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 30), random.randrange(3, 6))
    half = len(rows) // 2
    return "\ufeff" + _text([names, *rows[:half]]) + "\ufeff" + _text([names, *rows[half:]]), names, rows


def _joined_without_header(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 30), random.randrange(3, 6))
    half = len(rows) // 2
    return "\ufeff" + _text([names, *rows[:half]]) + "\ufeff" + _text(rows[half:]), names, rows


def _one_column(random: Random) -> _Made:
    values = random.choice(
        [
            ["Smith, Al", "Jones, Bo", "Lee, Cy", "Ash, Di", "Poe, Ed"],
            ["1 234,50", "2 345,00", "12,10", "7,00"],
            ["amber", "birch", "Cedar wood", "delta hill", "ember"],
            ["101", "102", "103", "104"],
        ]
    )
    gap = random.randrange(1, len(values)) if random.random() < 0.6 else None
    lines = [*values]
    if gap is not None:
        lines.insert(gap, "")
    return "\n".join(["title", *lines, ""]), ["title"], [[value] for value in values]


def _total(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 20), 4)
    rows = [[f"{cells[0]}", *cells[1:]] for cells in rows]
    total = [random.choice(["Total", "Sum", "Summe", "Grand total"]), "", "", ""]
    return _text([names, *rows, total]), names, [*rows, total]


def _years(random: Random) -> _Made:
    rows = [
        [str(n), f"{random.randrange(1, 29):02}.{random.randrange(1, 13):02}.{random.randrange(30, 99)}"]
        for n in range(9)
    ]
    return _text([["id", "born"], *rows], ";"), ["id", "born"], rows


def _phones(random: Random) -> _Made:
    rows = [[str(n), f"+49{random.randrange(10**8, 10**9)}"] for n in range(1, random.randrange(4, 30))]
    return _text([["id", "phone"], *rows]), ["id", "phone"], rows


def _round_amounts(random: Random) -> _Made:
    rows = [[str(n), f"{random.randrange(1, 90)}.00"] for n in range(1, random.randrange(4, 30))]
    later = [[str(n), f"-{random.uniform(1, 9999):.2f}"] for n in range(1, 9)]
    names = ["id", "amount"]
    return _text([names, *rows]), names, rows, _text([names, *later]), later


def _far_moments(random: Random) -> _Made:
    moments = [datetime(year, 12, 31, 23, 59) for year in random.sample([1700, 1900, 2024, 2300, 9999], 4)]  # noqa: DTZ001
    table = pa.table({"id": [*range(4)], "until": pa.array(moments, pa.timestamp("us"))})
    rows = [[str(n), each.isoformat()] for n, each in enumerate(moments)]
    return _parquet(table, use_deprecated_int96_timestamps=random.random() < 0.7), ["id", "until"], rows


def _parquet_v2(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(4, 900), 4)
    table = pa.table({name: [cells[n] for cells in rows] for n, name in enumerate(names)})
    encoding = random.choice(["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
    version = random.choice(["1.0", "2.0"])
    written = _parquet(table, use_dictionary=False, column_encoding=encoding, data_page_version=version)
    return written, names, rows


def _parquet(table: pa.Table, **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def _escapes_of_workbook(random: Random) -> _Made:
    names, rows = _table(random, random.randrange(3, 20), 3)
    rows[0][2] = f"{random.choice(_WORDS)}\rsecond"
    return _workbook([names, *([*cells[:2], cells[2].replace("\r", "_x000D_")] for cells in rows)]), names, rows


def _midnights(random: Random) -> _Made:
    days = [datetime(2024, random.randrange(1, 13), n + 1, random.choice([0, 0, 9])) for n in range(9)]  # noqa: DTZ001
    rows = [[str(n), each.isoformat() if each.hour else each.date().isoformat()] for n, each in enumerate(days)]
    return _workbook([["id", "at"], *([n, each] for n, each in enumerate(days))]), ["id", "at"], rows


def _workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for cells in rows:
        book.active.append([*cells])
    book.save(file)
    return file.getvalue()


def _not_a_table(random: Random) -> _Made:
    words = " ".join(random.choice(_WORDS) for _ in range(20))
    kinds = [
        _zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w>{words}</w>"}),
        _zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": words}),
        f"<div><table><tr><td>{words}</td></tr></table></div>".encode(),
        f"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n{words}\n".encode(),
        f"{{\\rtf1\\ansi {words}}}".encode(),
        f"MIME-Version: 1.0\nContent-Type: multipart/related\n\n{words}".encode(),
        f'ID;PWXL;N;E\nC;Y1;X1;K"{words}"\nE\n'.encode(),
    ]
    return random.choice(kinds), ["id"], []


def _zipped(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def _late_keys(random: Random) -> _Made:
    count, late = random.randrange(2_000, 5_000), random.randrange(1_100, 1_900)
    objects = [{"id": n, "name": random.choice(_WORDS)} | ({"late": f"x{n}"} if n > late else {}) for n in range(count)]
    rows = [[str(each["id"]), str(each["name"]), str(each.get("late", ""))] for each in objects]
    return json.dumps(objects).encode(), ["id", "name", "late"], rows


def _nested(random: Random) -> _Made:
    objects = [{"id": n, "parts": [random.choice(_WORDS) for _ in range(random.randrange(1, 4))]} for n in range(9)]
    rows = [[str(each["id"]), json.dumps(each["parts"], separators=(",", ":"))] for each in objects]
    return json.dumps(objects).encode(), ["id", "parts"], rows


_KINDS: dict[str, Callable[[Random], _Made]] = {
    "large value": _large_value,
    "late quote": _late_quote,
    "narrower": _narrower,
    "wider": _wider,
    "wide header": _wide_header,
    "long preamble": _long_preamble,
    "pairs right above": _pairs_right_above,
    "repeated above": _repeated_above,
    "second table": _second_table,
    "growing codes": _growing_codes,
    "title rows": _title_rows,
    "shifted": _shifted,
    "header one name short": _header_one_name_short,
    "row names": _row_names,
    "no header": _no_header,
    "blank last name": _blank_last_name,
    "czech": _encoded("cs_CZ", ["cp1250", "iso8859_2"]),
    "hungarian": _encoded("hu_HU", ["cp1250", "iso8859_2"]),
    "croatian": _encoded("hr_HR", ["cp1250", "iso8859_2"]),
    "russian capitals": _encoded("ru_RU", ["cp1251", "iso8859_5", "koi8_r"], capitals=True),
    "greek capitals": _encoded("el_GR", ["cp1253", "iso8859_7"], capitals=True),
    "half half": _half_half,
    "one sign": _one_sign,
    "blank before quote": _blank_before_quote,
    "escaped": _escaped,
    "frame": _frame,
    "dashes": _dashes,
    "joined with header": _joined_with_header,
    "joined without header": _joined_without_header,
    "one column": _one_column,
    "total": _total,
    "years": _years,
    "phones": _phones,
    "round amounts": _round_amounts,
    "far moments": _far_moments,
    "parquet v2": _parquet_v2,
    "escapes of workbook": _escapes_of_workbook,
    "midnights": _midnights,
    "not a table": _not_a_table,
    "late keys": _late_keys,
    "nested": _nested,
}
