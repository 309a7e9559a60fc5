"""Numbers, dates and timestamps in the notations that a column declares."""

from dataclasses import replace

import pytest

from shared.configuration.catalog import parse_catalog
from shared.model.bad_values import BadValue
from shared.model.datasets import Column
from shared.model.errors import ConfigurationError
from shared.model.values import Value, parser_of

GERMAN = Column(name="c", type="decimal", decimal_char=",", group_char=".")
EXPONENT = Column(name="c", type="float", decimal_char=",", group_char=".")
ENGLISH = Column(name="c", type="integer", group_char=",")
DAY = Column(name="c", type="date", format="%d.%m.%Y")
MOMENT = Column(name="c", type="timestamp", format="%d/%m/%y %I:%M %p")
ZONED = Column(name="c", type="timestamp", format="%Y-%m-%d %H:%M %z")


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (GERMAN, "1.234,56", "1234.5600"),
        (GERMAN, " -1.234.567,5\t", "-1234567.5000"),
        (GERMAN, "1234,5", "1234.5000"),
        (GERMAN, ",5", "0.5000"),
        (GERMAN, "1.234", "1234.0000"),
        (GERMAN, "", None),
        (EXPONENT, "1.234,5e-3", "1.2345"),
        (EXPONENT, "-1,5E+10", "-15000000000.0"),
        (ENGLISH, "-1,234,567", -1234567),
        (ENGLISH, "+1234", 1234),
        (DAY, "31.12.1984", "1984-12-31"),
        (DAY, " 1.2.1984", "1984-02-01"),
        (MOMENT, "31/12/84 11:59 PM", "1984-12-31 23:59:00.000000"),
        (ZONED, "1984-12-31 23:59 -0100", "1985-01-01 00:59:00.000000"),
    ],
)
def test_values_are_read_in_the_notation_that_the_column_declares(column: Column, text: str, value: Value) -> None:
    assert parser_of(column)(text) == value


SHORT_DAY = Column(name="c", type="date", format="%d.%m.%y")


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (SHORT_DAY, "31.12.68", "1968-12-31"),
        (SHORT_DAY, "31.12.69", "1969-12-31"),
        (SHORT_DAY, "01.01.30", "1930-01-01"),
        (SHORT_DAY, "31.12.29", "2029-12-31"),
        (SHORT_DAY, "29.02.00", "2000-02-29"),
        (MOMENT, "31/12/45 11:59 PM", "1945-12-31 23:59:00.000000"),
        (Column(name="c", type="date", format="%x"), "12/31/68", "1968-12-31"),
        (replace(SHORT_DAY, century_start=1927), "31.12.27", "1927-12-31"),
        (replace(SHORT_DAY, century_start=1927), "31.12.26", "2026-12-31"),
        (replace(SHORT_DAY, century_start=2000), "31.12.99", "2099-12-31"),
        (replace(SHORT_DAY, century_start=1850), "28.02.00", "1900-02-28"),
        (replace(DAY, century_start=1850), "31.12.2068", "2068-12-31"),
    ],
)
def test_a_two_digit_year_falls_in_the_hundred_years_from_century_start(
    column: Column, text: str, value: Value
) -> None:
    assert parser_of(column)(text) == value


def test_a_day_that_does_not_exist_in_its_century_is_a_type_error() -> None:
    with pytest.raises(BadValue, match=r"'29\.02\.00' is not a date"):
        parser_of(replace(SHORT_DAY, century_start=1850))("29.02.00")


@pytest.mark.parametrize(
    "settings",
    ['type = "date", format = "%d.%m.%Y"', 'type = "date"', 'type = "date", format = "%%y %Y-%m-%d"', 'type = "text"'],
)
def test_century_start_requires_a_format_with_two_digit_years(settings: str) -> None:
    with pytest.raises(
        ConfigurationError, match="century_start is set; expected it only with a format with two-digit years, %y"
    ):
        parse_catalog(
            f"""
            [datasets.d]
            files = ["d*"]
            key = ["id"]
            columns.id = {{ type = "integer" }}
            columns.day = {{ {settings}, century_start = 1927 }}
            """,
            source="inflow.toml",
        )


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        (GERMAN, "1.5", "'1.5' is not a decimal number; expected digits with an optional sign,"),
        (GERMAN, "12.34,5", "'12.34,5' is not a decimal number"),
        (GERMAN, "1,", "'1,' is not a decimal number"),
        (GERMAN, ".", "'.' is not a decimal number"),
        (GERMAN, "1,2,3", "'1,2,3' is not a decimal number"),
        (ENGLISH, "1,23", "'1,23' is not an integer"),
        (ENGLISH, "1.0", "'1.0' is not an integer"),
        (DAY, "1984-12-31", "'1984-12-31' is not a date; expected the format %d.%m.%Y, e.g. 31.12.1984"),
        (DAY, "31.02.1984", "'31.02.1984' is not a date"),
        (MOMENT, "31/12/84 23:59", "'31/12/84 23:59' is not a timestamp"),
    ],
)
def test_any_other_notation_is_a_type_error(column: Column, text: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        parser_of(column)(text)

    assert caught.value.code == "type-error"
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("column", [GERMAN, ENGLISH])
def test_limits_hold_in_every_notation(column: Column) -> None:
    with pytest.raises(BadValue) as caught:
        parser_of(column)("9" * 30)

    assert caught.value.code == "constraint-error"


def dataset(settings: str) -> str:
    return f'[datasets.d]\nfiles = ["d*"]\nkey = ["c"]\ncolumns.c = {{ {settings} }}\n'


def test_notations_are_declared_in_the_configuration() -> None:
    settings = (
        'type = "decimal", decimal_char = ",", group_char = "."',
        'type = "integer", group_char = ","',
        'type = "timestamp", format = "%Y-%m-%d %H:%M %z"',
    )
    columns = [parse_catalog(dataset(each), source="t").datasets["d"].column("c") for each in settings]

    assert [(column.decimal_char, column.group_char, column.format) for column in columns] == [
        (",", ".", None),
        (".", ",", None),
        (".", "", "%Y-%m-%d %H:%M %z"),
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            'type = "integer", decimal_char = ","',
            "decimal_char is set for a column of type integer; expected it only for type decimal or float",
        ),
        (
            'type = "text", group_char = ","',
            "group_char is set for a column of type text; expected it only for type integer or decimal or float",
        ),
        ('type = "decimal", decimal_char = "5"', 'decimal_char is "5"; expected one character other than a letter'),
        ('type = "decimal", decimal_char = ""', 'decimal_char is ""; expected one character'),
        (
            'type = "decimal", group_char = "."',
            "group_char is the same as decimal_char; expected a different character",
        ),
        (
            'type = "text", format = "%d"',
            "format is set for a column of type text; expected it only for type date or timestamp",
        ),
        ('type = "date", format = "%m.%Y"', 'format is "%m.%Y"; expected strptime codes for year, month and day'),
        ('type = "timestamp", format = "%d.%m.%Y"', "for year, month, day, hour and minute"),
        ('type = "date", format = "%Q"', 'format is "%Q"'),
    ],
)
def test_an_invalid_notation_is_reported(settings: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match="t:4: ") as caught:
        parse_catalog(dataset(settings), source="t")

    assert problem in str(caught.value)
