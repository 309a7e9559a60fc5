import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.configuration.catalog import load_catalog, parse_catalog
from shared.configuration.toml_lines import TomlLines, TomlPath
from shared.model.datasets import Catalog, Column, Reference, Summary
from shared.model.errors import ConfigurationError

ROOT = Path(__file__).parents[3]

VALID = """\
[datasets.orders]
files = ["orders*.csv"]
key = ["id"]

[datasets.orders.columns]
id = { type = "integer" }
amount = { type = "decimal", precision = 12, scale = 2 }
customer = { type = "text", length = 80, required = true, label = "Customer's name" }
note = { type = "text", optional = true, null = ["NA", "-"] }

[datasets.orders.references]
buyer = { columns = ["customer"], dataset = "customers" }

[datasets.customers]
files = ["customers*.csv", "clients*.csv"]
key = ["name"]

[datasets.customers.columns]
name = { type = "text", length = 80 }
country = { type = "text" }

[[summaries]]
file = "orders.json"
format = "json-object"
count = "orders"
by = "buyer.country"

[[summaries]]
file = "customers.csv"
format = "csv"
query = "SELECT * FROM customers"
"""


def parse(text: str) -> Catalog:
    return parse_catalog(text, source="inflow.toml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def changed(old: str, new: str) -> str:
    assert VALID.count(old) == 1, f"{old!r} must name one place"
    return VALID.replace(old, new)


@pytest.mark.parametrize(
    ("limit", "rejected", "is_exceeded"),
    [
        ("0", 0, False),
        ("0", 1, True),
        ("100", 100, False),
        ("100", 101, True),
        ('"0%"', 1, True),
        ('"5%"', 50, False),
        ('"5%"', 51, True),
        ('"0.5%"', 5, False),
        ('"0.5%"', 6, True),
        ('"100%"', 1000, False),
    ],
)
def test_max_rejects_is_a_number_or_a_percentage(limit: str, rejected: int, *, is_exceeded: bool) -> None:
    catalog = parse(changed('key = ["id"]', f'key = ["id"]\nmax_rejects = {limit}'))

    found = catalog.datasets["orders"].max_rejects
    assert found is not None
    assert found.is_exceeded(rejected, 1000) is is_exceeded
    assert str(found) == limit.strip('"')
    assert catalog.datasets["customers"].max_rejects is None


@pytest.mark.parametrize("limit", ["-1", "true", "1.5", '"5"', '"101%"', '"-1%"', '"%"', '"5 %"', "[5]"])
def test_an_invalid_max_rejects_is_reported(limit: str) -> None:
    [problem] = problems(changed('key = ["id"]', f'key = ["id"]\nmax_rejects = {limit}'))

    assert problem.startswith("inflow.toml:4: [datasets.orders] max_rejects is ")
    assert problem.endswith('; expected a number of rows, such as 100, or a percentage, such as "5%"')


def test_the_default_configuration_declares_places_before_people() -> None:
    catalog = load_catalog(ROOT / "inflow.toml")

    assert list(catalog.datasets) == ["places", "people"]
    assert catalog.datasets["people"].key == ("given_name", "family_name", "date_of_birth")
    assert catalog.datasets["people"].references == (
        Reference(name="birthplace", columns=("place_of_birth",), dataset="places"),
    )
    assert catalog.summaries == (
        Summary(file="summary_output.json", format="json-object", count="people", by=("birthplace", "country")),
    )


def test_every_setting_is_read() -> None:
    catalog = parse(VALID)

    assert catalog.datasets["customers"].files == ("customers*.csv", "clients*.csv")
    assert catalog.datasets["orders"].columns == (
        Column(name="id", type="integer", required=True),
        Column(name="amount", type="decimal", precision=12, scale=2),
        Column(name="customer", type="text", length=80, required=True, label="Customer's name"),
        Column(name="note", type="text", optional=True, null=("NA", "-")),
    )
    assert catalog.summaries[1] == Summary(file="customers.csv", format="csv", query="SELECT * FROM customers")


def test_key_columns_are_required_implicitly() -> None:
    assert parse(VALID).datasets["customers"].column("name").required
    assert not parse(VALID).datasets["customers"].column("country").required


def linked(name: str, target: str) -> str:
    """Return the text of a dataset, five lines long, that refers to another one."""
    return (
        f'[datasets.{name}]\nfiles = ["x"]\nkey = ["id"]\ncolumns.id.type = "integer"\n'
        f'references.next = {{ columns = ["id"], dataset = "{target}" }}\n'
    )


def test_datasets_come_after_those_they_refer_to() -> None:
    links = [("e", "d"), ("a", "a"), ("d", "b"), ("b", "b"), ("c", "c")]

    assert list(parse("".join(linked(name, target) for name, target in links)).datasets) == ["a", "b", "d", "e", "c"]


#: The text to replace in VALID, its replacement, and the one problem expected.
WRONG = {
    "unknown top table": (
        "[datasets.customers.columns]",
        "[dataset.other]\n[datasets.customers.columns]",
        '18: unknown setting "dataset"; did you mean "datasets"?',
    ),
    "unknown dataset setting": (
        'key = ["id"]',
        'key = ["id"]\ncolour = "red"',
        (
            '4: [datasets.orders] unknown setting "colour";'
            " expected one of files, key, max_rejects, columns, references, read, wait_for"
        ),
    ),
    "unknown marker": (
        'key = ["id"]',
        'key = ["id"]\nwait_for = "md5"',
        '4: [datasets.orders] wait_for is "md5"; expected one of done, sha256',
    ),
    "unknown column setting": (
        "precision = 12",
        "precison = 12",
        '7: [datasets.orders.columns] amount: unknown setting "precison"; did you mean "precision"?',
    ),
    "unknown reference setting": (
        'columns = ["customer"],',
        'columns = ["customer"], to = 1,',
        '12: [datasets.orders.references] buyer: unknown setting "to"; expected one of columns, dataset',
    ),
    "unknown summary setting": (
        'by = "buyer.country"',
        'by = "buyer.country"\nformatt = 1',
        '27: [[summaries]] unknown setting "formatt"; did you mean "format"?',
    ),
    "unknown type": (
        'id = { type = "integer" }',
        'id = { type = "int" }',
        (
            '6: [datasets.orders.columns] id: type is "int"; '
            "expected one of text, integer, decimal, float, date, timestamp, boolean"
        ),
    ),
    "missing type": (
        'country = { type = "text" }',
        "country = {}",
        (
            "20: [datasets.customers.columns] country: type is missing; "
            "expected one of text, integer, decimal, float, date, timestamp, boolean"
        ),
    ),
    "column that is not a table": (
        'country = { type = "text" }',
        'country = "text"',
        '20: [datasets.customers.columns] country is "text"; expected a table, such as NAME = { type = "text" }',
    ),
    "flag of another type": (
        "required = true",
        'required = "yes"',
        '8: [datasets.orders.columns] customer: required is "yes"; expected true or false',
    ),
    "number of another type": (
        "precision = 12",
        "precision = true",
        "7: [datasets.orders.columns] amount: precision is true; expected an integer from 1 to 65",
    ),
    "key that is not a list": (
        'key = ["id"]',
        'key = "id"',
        '3: [datasets.orders] key is "id"; expected a list of column names',
    ),
    "missing key": (
        'key = ["id"]\n',
        "",
        "1: [datasets.orders] key is missing; expected a list of column names",
    ),
    "empty key": (
        'key = ["id"]',
        "key = []",
        "3: [datasets.orders] key is an empty list; expected a list of column names",
    ),
    "key of no column": (
        'key = ["id"]',
        'key = [\n  "id",\n  "ammount",\n]',
        '5: [datasets.orders] key names "ammount", which is not a column; did you mean "amount"?',
    ),
    "key with a column twice": (
        'key = ["id"]',
        'key = ["id", "id"]',
        '3: [datasets.orders] key names "id" twice; expected each column once',
    ),
    "optional key column": (
        'id = { type = "integer" }',
        'id = { type = "integer", optional = true }',
        (
            "6: [datasets.orders.columns] id: optional is true; "
            "expected false, because every file must have the key columns"
        ),
    ),
    "optional and required": (
        "optional = true",
        "optional = true, required = true",
        ("9: [datasets.orders.columns] note: optional and required are both true; expected at most one of them"),
    ),
    "label with blanks around it": (
        "optional = true",
        'optional = true, label = " Note"',
        '9: [datasets.orders.columns] note: label is " Note"; expected a text without leading or trailing blanks',
    ),
    "label that is empty": (
        "optional = true",
        'optional = true, label = ""',
        '9: [datasets.orders.columns] note: label is ""; expected a text without leading or trailing blanks',
    ),
    "null of the key": (
        'id = { type = "integer" }',
        'id = { type = "integer", null = ["-"] }',
        (
            "6: [datasets.orders.columns] id: null is set for a key column; "
            "expected no null, because key columns must have a value"
        ),
    ),
    "null that is not a list": (
        'null = ["NA", "-"]',
        'null = "NA"',
        (
            '9: [datasets.orders.columns] note: null is "NA"; '
            'expected a list of texts to read as NULL, such as ["NA", "-"]'
        ),
    ),
    "null with blanks around it": (
        'null = ["NA", "-"]',
        'null = ["NA", " -"]',
        '9: [datasets.orders.columns] note: null contains " -"; expected a text without leading or trailing blanks',
    ),
    "label that is another column's name": (
        "optional = true",
        'optional = true, label = "id"',
        (
            '9: [datasets.orders.columns] note: its name in files is "id", the same as that of id; '
            "expected different names: set another label"
        ),
    ),
    "dataset name in capitals": (
        '[[summaries]]\nfile = "orders.json"',
        '[datasets.Odd]\nfiles = ["x"]\nkey = ["a"]\ncolumns.a.type = "date"\n[[summaries]]\nfile = "orders.json"',
        (
            "22: [datasets.Odd] invalid name; "
            "expected a lower-case letter, then at most 62 lower-case letters, digits and underscores"
        ),
    ),
    "dataset name of our own tables": (
        '[[summaries]]\nfile = "orders.json"',
        '[datasets.inflow_x]\nfiles = ["x"]\nkey = ["a"]\ncolumns.a.type = "date"\n[[summaries]]\nfile = "orders.json"',
        (
            "22: [datasets.inflow_x] invalid name; "
            "expected one that does not begin with inflow_, as Inflow's own tables do"
        ),
    ),
    "column name with a line end": (
        'country = { type = "text" }',
        'country = { type = "text" }\n"a\\nb" = { type = "date" }',
        (
            '21: [datasets.customers.columns] "a\\nb": invalid name; '
            "expected a lower-case letter, then at most 62 lower-case letters, digits and underscores"
        ),
    ),
    "column name too long": (
        'country = { type = "text" }',
        f'country = {{ type = "text" }}\n{"a" * 64} = {{ type = "date" }}',
        (
            f"21: [datasets.customers.columns] {'a' * 64}: invalid name; "
            "expected a lower-case letter, then at most 62 lower-case letters, digits and underscores"
        ),
    ),
    "no columns": (
        'note = { type = "text", optional = true, null = ["NA", "-"] }',
        '[datasets.empty]\nfiles = ["x"]\nkey = ["id"]\ncolumns = {}',
        '12: [datasets.empty] columns is empty; expected entries such as NAME = { type = "text" }',
    ),
    "length of an integer": (
        'id = { type = "integer" }',
        'id = { type = "integer", length = 5 }',
        "6: [datasets.orders.columns] id: length is set for a column of type integer; expected it only for type text",
    ),
    "scale of a text": (
        "optional = true",
        "scale = 2",
        "9: [datasets.orders.columns] note: scale is set for a column of type text; expected it only for type decimal",
    ),
    "length out of bounds": (
        'country = { type = "text" }',
        'country = { type = "text", length = 16384 }',
        "20: [datasets.customers.columns] country: length is 16384; expected an integer from 1 to 16383",
    ),
    "precision out of bounds": (
        "precision = 12",
        "precision = 66",
        "7: [datasets.orders.columns] amount: precision is 66; expected an integer from 1 to 65",
    ),
    "scale above the precision": (
        "precision = 12, scale = 2",
        "precision = 12, scale = 13",
        "7: [datasets.orders.columns] amount: scale is 13; expected at most the precision, 12",
    ),
    "default scale above the precision": (
        "precision = 12, scale = 2",
        "precision = 3",
        "7: [datasets.orders.columns] amount: scale is 4 by default; expected at most the precision, 3",
    ),
    "files that are not a list": (
        'files = ["orders*.csv"]',
        'files = "orders*.csv"',
        (
            '2: [datasets.orders] files is "orders*.csv"; '
            'expected a list of patterns for file names, such as "people*.csv"'
        ),
    ),
    "empty pattern": (
        '"clients*.csv"',
        '""',
        '15: [datasets.customers] files contains ""; expected a list of patterns for file names, such as "people*.csv"',
    ),
    "pattern with a folder": (
        '"clients*.csv"',
        '\n  "in/*.csv"',
        '16: [datasets.customers] files contains "in/*.csv"; expected a pattern without /',
    ),
    "reference to no dataset": (
        'dataset = "customers"',
        'dataset = "customer"',
        '12: [datasets.orders.references] buyer: dataset is "customer"; expected one of orders, customers',
    ),
    "reference by no column": (
        'columns = ["customer"]',
        'columns = ["custmer"]',
        (
            '12: [datasets.orders.references] buyer: columns names "custmer", which is not a column; '
            'did you mean "customer"?'
        ),
    ),
    "reference with too many columns": (
        'columns = ["customer"]',
        'columns = ["customer", "note"]',
        "12: [datasets.orders.references] buyer: columns are 2; expected 1, as the key of customers is name",
    ),
    "reference of another type": (
        'columns = ["customer"]',
        'columns = ["id"]',
        (
            '12: [datasets.orders.references] buyer: columns names "id", which is integer; '
            "expected text(80), as customers.name is"
        ),
    ),
    "reference of another length": (
        "length = 80, required",
        "length = 81, required",
        (
            '12: [datasets.orders.references] buyer: columns names "customer", which is text(81); '
            "expected text(80), as customers.name is"
        ),
    ),
    "references in a circle": (
        'country = { type = "text" }\n',
        (
            'country = { type = "text" }\nlast = { type = "integer" }\n[datasets.customers.references]\n'
            'latest = { columns = ["last"], dataset = "orders" }\n'
        ),
        "11: [datasets.orders] references form a cycle: orders -> customers -> orders; expected no cycle",
    ),
    "summary file in a folder": (
        '"orders.json"',
        '"out/orders.json"',
        ('23: [[summaries]] file is "out/orders.json"; expected a plain file name without /, \\ or a leading dot'),
    ),
    "hidden summary file": (
        '"orders.json"',
        '".orders"',
        '23: [[summaries]] file is ".orders"; expected a plain file name without /, \\ or a leading dot',
    ),
    "summary file of our own": (
        '"orders.json"',
        '"Inflow.db-wal"',
        '23: [[summaries]] file is "Inflow.db-wal", which is reserved for Inflow; expected another name',
    ),
    "two summaries in one file": (
        '"customers.csv"\nformat',
        '"Orders.json"\nformat',
        (
            '29: [[summaries]] file is "Orders.json", which a summary above uses; '
            "expected a different file for each summary"
        ),
    ),
    "unknown format": (
        'format = "json-object"',
        'format = "json"',
        '24: [[summaries]] format is "json"; expected one of json-object, json-rows, csv',
    ),
    "count and query": (
        'format = "csv"',
        'format = "csv"\ncount = "orders"',
        "32: [[summaries]] query is set together with count; expected either count and by, or query",
    ),
    "count without by": (
        'by = "buyer.country"\n',
        "",
        "22: [[summaries]] by is missing; expected a column, or references and a column separated by dots",
    ),
    "count of no dataset": (
        'count = "orders"',
        'count = "order"',
        '25: [[summaries]] count is "order"; expected one of orders, customers',
    ),
    "by an unknown reference": (
        '"buyer.country"',
        '"byer.country"',
        '26: [[summaries]] by goes through "byer", which is not a reference of orders; did you mean "buyer"?',
    ),
    "by an unknown column": (
        '"buyer.country"',
        '"buyer.amount"',
        '26: [[summaries]] by ends with "amount", which is not a column of customers; expected one of name, country',
    ),
    "query that changes data": (
        '"SELECT * FROM customers"',
        '"DELETE FROM customers"',
        '31: [[summaries]] query is "DELETE FROM customers"; expected one that begins with SELECT or WITH',
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), WRONG.values(), ids=WRONG.keys())
def test_each_problem_is_reported_once_with_its_line(old: str, new: str, problem: str) -> None:
    assert problems(changed(old, new)) == [f"inflow.toml:{problem}"]


def test_a_key_may_take_all_of_innodbs_bytes_but_not_more() -> None:
    columns = 'columns.b.type = "integer"\ncolumns.a = { type = "text", length = 766 }\n'
    text = f'[datasets.wide]\nfiles = ["x"]\nkey = ["a", "b"]\n{columns}'

    assert parse(text).datasets["wide"].key == ("a", "b")
    assert problems(text.replace("766", "767")) == [
        (
            "inflow.toml:3: [datasets.wide] key takes up to 3076 bytes, 4 for each character of a text; "
            "expected at most 3072, the limit of InnoDB: shorten a length"
        )
    ]


def test_a_key_has_at_most_sixteen_columns() -> None:
    names = [f"c{number}" for number in range(17)]
    columns = "".join(f'{name} = {{ type = "date" }}\n' for name in names)

    text = f'[datasets.wide]\nfiles = ["x"]\nkey = {names}\n[datasets.wide.columns]\n{columns}'

    assert problems(text) == [
        "inflow.toml:3: [datasets.wide] key has 17 columns; expected at most 16, the limit of InnoDB"
    ]


def test_a_row_must_fit_into_mysql() -> None:
    text = changed('note = { type = "text"', 'note = { type = "text", length = 16300')

    assert problems(text) == [
        (
            "inflow.toml:5: [datasets.orders] the columns take up to 65558 bytes, 4 for each character of a text; "
            "expected at most 65000, the limit of MySQL for a row: shorten a length"
        )
    ]


def test_all_problems_are_reported_together_in_the_order_of_their_lines() -> None:
    text = VALID.replace("json-object", "xml").replace("precision = 12", "precision = 0").replace("key", "keys", 1)

    assert problems(text) == [
        "inflow.toml:1: [datasets.orders] key is missing; expected a list of column names",
        'inflow.toml:3: [datasets.orders] unknown setting "keys"; did you mean "key"?',
        "inflow.toml:7: [datasets.orders.columns] amount: precision is 0; expected an integer from 1 to 65",
        'inflow.toml:24: [[summaries]] format is "xml"; expected one of json-object, json-rows, csv',
    ]


def test_every_cycle_of_references_is_reported() -> None:
    links = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "d")]

    assert problems("".join(linked(name, target) for name, target in links)) == [
        "inflow.toml:5: [datasets.a] references form a cycle: a -> b -> a; expected no cycle",
        "inflow.toml:20: [datasets.d] references form a cycle: d -> e -> d; expected no cycle",
    ]


def test_an_empty_file_has_no_datasets() -> None:
    assert problems("") == ["inflow.toml:1: datasets is missing; expected entries such as [datasets.NAME]"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("datasets = 5", "1: datasets is 5; expected entries such as [datasets.NAME]"),
        ("\n[datasets]\npeople = []", "3: [datasets] people is a list; expected a table, such as [datasets.NAME]"),
        (
            VALID.replace("[[summaries]]", "[summaries]", 1).partition("[[")[0],
            "22: summaries is a table; expected tables that begin with [[summaries]]",
        ),
        (
            f"summaries = [\n  1,\n]\n{VALID.partition('[[')[0]}",
            "2: summaries contains 1; expected tables that begin with [[summaries]]",
        ),
    ],
    ids=["datasets", "dataset", "summaries", "summary"],
)
def test_a_value_of_the_wrong_kind_is_the_only_problem_reported(text: str, problem: str) -> None:
    assert problems(text) == [f"inflow.toml:{problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nb = = 2\n", "2: not TOML: "),
        ("a = 1\na = 2\n", "2: not TOML: Cannot overwrite a value (column 6)"),
        ('a = 1\nb = """\n\n', "4: not TOML: "),
    ],
    ids=["no value", "twice", "never closed"],
)
def test_a_syntax_error_is_reported_with_its_line(text: str, problem: str) -> None:
    (found,) = problems(text)

    assert found.startswith(f"inflow.toml:{problem}")


def test_a_long_value_is_shortened_to_one_line() -> None:
    (found,) = problems(changed('"SELECT * FROM customers"', f'"""DROP\n{"x" * 500}"""'))

    assert f'query is "DROP\\n{"x" * 55}…"; expected' in found


#: Every number is that of its own line.
LINES = "\n".join([  # noqa: FLY002
    'one = 1  # 99 "no string',
    r'"two\u0020words" = 2',
    "'l.i.t' = 3",
    'dotted . "key" = 4',
    "list = [ 5,",
    "  6, [ 7.5, # [ 99",
    "    7 ],",
    "  { in = 8, side.deep = 8 } ]",
    '''texts = [ '', """ # [ 99''',
    r'''= 99 \""" "" "\\"""", "\"]",''',
    "  '''\\",
    "[99]''''', 12, true ]",
    "values = [ 13, 1979-05-27 07:32:00, 3.5e+3, -inf, 2024-01-01, '#[',",
    "  14 ]",
    "",
    "[ table.inner ]",
    "line = 17",
    "[table]",
    "line = 19",
    '[ "quoted.head" . x ]',
    "line = 21",
    "[[array]]",
    "line = 23",
    "[array.sub]",
    "line = 25",
    "[[array.nested]]",
    "line = 27",
    "[[array.nested]]",
    "line = 29",
    "[[array]]",
    "line = 31",
    "[[array.nested]]",
    "line = 33\r",
    "inline = { a = 34, b = [ 34, { c = 34 } ], d.e = 34 }\r",
    "",
])  # fmt: skip


def leaves(value: object, path: TomlPath = ()) -> Iterator[tuple[TomlPath, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path, value


def test_each_value_is_found_on_its_line() -> None:
    numbers = [(path, value) for path, value in leaves(tomllib.loads(LINES)) if type(value) is int]
    lines = TomlLines(LINES)

    assert len(numbers) == 25
    assert [(path, lines.line_of(path)) for path, _ in numbers] == numbers


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("missing",), 1),
        (("list",), 5),
        (("list", 2, "missing"), 6),
        (("list", 3, "missing"), 8),
        (("table",), 18),
        (("table", "inner", "missing"), 16),
        (("array", 0, "missing", "too"), 22),
        (("array", 1, "nested", 0), 32),
        (("array", 7), 30),
    ],
)
def test_a_missing_value_is_found_at_its_nearest_parent(path: TomlPath, line: int) -> None:
    assert TomlLines(LINES).line_of(path) == line


def test_the_documented_example_can_be_added_to_the_default() -> None:
    manual = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = manual.partition("## Example")[2].partition("```toml\n")[2].partition("```")[0]

    catalog = parse((ROOT / "inflow.toml").read_text(encoding="utf-8") + example)

    assert list(catalog.datasets) == ["places", "people", "customers", "orders"]
    assert [summary.file for summary in catalog.summaries[1:]] == ["orders_by_country.json", "sales_by_customer.csv"]


def test_the_whole_row_of_a_person_fits_into_a_key() -> None:
    text = (
        (ROOT / "inflow.toml")
        .read_text(encoding="utf-8")
        .replace('"date_of_birth"]', '"date_of_birth", "place_of_birth"]')
    )

    assert len(parse(text).datasets["people"].key) == 4


def test_a_named_file_is_read_and_named_in_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("datasets = 5", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"mine\.toml:1: datasets is 5"):
        load_catalog(path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_text(VALID, encoding="utf-8-sig", newline="\r\n")

    assert load_catalog(path) == parse(VALID)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: can't be read: No such file or directory"):
        load_catalog(tmp_path / "none.toml")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9t\xe9\n")

    with pytest.raises(ConfigurationError, match=r"latin\.toml: byte 2 is not UTF-8"):
        load_catalog(path)


def test_the_file_in_the_working_folder_wins_over_the_built_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(load_catalog(None).datasets) == ["places", "people"]

    (tmp_path / "inflow.toml").write_text(VALID, encoding="utf-8")
    assert list(load_catalog(None).datasets) == ["customers", "orders"]


@pytest.mark.parametrize("marker", ["done", "sha256"])
def test_a_dataset_may_wait_for_a_marker(marker: str) -> None:
    catalog = parse(changed('key = ["id"]', f'key = ["id"]\nwait_for = "{marker}"'))

    assert catalog.datasets["orders"].wait_for == marker
    assert catalog.datasets["customers"].wait_for is None
