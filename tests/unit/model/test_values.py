import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.model.bad_values import BadValue
from shared.model.datasets import Column, TypeName
from shared.model.values import Parser, Value, parser_of
from tests.support.hostile import HOSTILE_STRINGS

TYPES: tuple[TypeName, ...] = ("text", "integer", "decimal", "date", "timestamp", "boolean")

#: Any text that Python can hold, lone surrogates included.
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
#: Texts similar to a number, a date or a timestamp, so that the edge cases of each form are tried.
NEARLY = st.text("0123456789+-.:TWZ _eE,\t\n٣²", max_size=32)


def parser(type_name: TypeName, *, length: int = 255, precision: int = 18, scale: int = 4) -> Parser:
    return parser_of(Column(name="c", type=type_name, length=length, precision=precision, scale=scale))


def refusal(parse: Parser, text: str) -> BadValue:
    with pytest.raises(BadValue) as caught:
        parse(text)
    return caught.value


def outcome_of(parse: Parser, text: str) -> Value | BadValue:
    try:
        return parse(text)
    except BadValue as bad:
        return bad


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        pytest.param("text", "Margaret", "Margaret", id="text"),
        pytest.param("text", "  a\t", "  a\t", id="text keeps its blanks"),
        pytest.param("text", " ", " ", id="text of a blank"),
        pytest.param("text", "NULL", "NULL", id="text NULL is a text"),
        pytest.param("text", "👩‍👩‍👧", "👩‍👩‍👧", id="text of many code points"),
        pytest.param("integer", "42", 42, id="integer"),
        pytest.param("integer", "+42", 42, id="integer with plus"),
        pytest.param("integer", "-42", -42, id="integer with minus"),
        pytest.param("integer", "-0", 0, id="integer minus zero"),
        pytest.param("integer", "007", 7, id="integer with leading zeros"),
        pytest.param("integer", " \t42 ", 42, id="integer between blanks"),
        pytest.param("integer", "9223372036854775807", 2**63 - 1, id="largest integer"),
        pytest.param("integer", "-9223372036854775808", -(2**63), id="smallest integer"),
        pytest.param("integer", "0" * 5000 + "1", 1, id="integer with 5000 leading zeros"),
        pytest.param("decimal", "12.5", "12.5000", id="decimal filled up"),
        pytest.param("decimal", "12", "12.0000", id="decimal without point"),
        pytest.param("decimal", ".5", "0.5000", id="decimal without whole part"),
        pytest.param("decimal", "+1.2345", "1.2345", id="decimal with plus"),
        pytest.param("decimal", "-1.2345", "-1.2345", id="decimal with minus"),
        pytest.param("decimal", "-0.0000", "0.0000", id="decimal minus zero"),
        pytest.param("decimal", "-.0001", "-0.0001", id="decimal just below zero"),
        pytest.param("decimal", "0012.5", "12.5000", id="decimal with leading zeros"),
        pytest.param("decimal", "1.50000000", "1.5000", id="decimal with zeros beyond the scale"),
        pytest.param("decimal", " 7 ", "7.0000", id="decimal between blanks"),
        pytest.param("decimal", "99999999999999.9999", "99999999999999.9999", id="largest decimal"),
        pytest.param("float", "0.1", "0.1", id="float"),
        pytest.param("float", "0.30000000000000004", "0.30000000000000004", id="float of 17 digits"),
        pytest.param("float", "0.1000000000000000055511151231257827", "0.1", id="float of more digits than a double"),
        pytest.param("float", "1e+05", "100000.0", id="float as R writes it"),
        pytest.param("float", " -1.5E-7 ", "-1.5e-07", id="float between blanks"),
        pytest.param("float", "+.5", "0.5", id="float with plus and without a whole part"),
        pytest.param("float", "-0.0", "0.0", id="float minus zero"),
        pytest.param("float", "-0e999999999", "0.0", id="float zero with an exponent"),
        pytest.param("float", "9007199254740993", "9007199254740992.0", id="float between two doubles"),
        pytest.param("float", "1.7976931348623157e308", "1.7976931348623157e+308", id="largest float"),
        pytest.param("float", "-2.2250738585072014e-308", "-2.2250738585072014e-308", id="float nearest to zero"),
        pytest.param("date", "1984-12-31", "1984-12-31", id="date"),
        pytest.param("date", "2024-02-29", "2024-02-29", id="leap day"),
        pytest.param("date", "0001-01-01", "0001-01-01", id="first date"),
        pytest.param("date", "9999-12-31", "9999-12-31", id="last date"),
        pytest.param("date", "\t1837-06-20 ", "1837-06-20", id="date between blanks"),
        pytest.param("timestamp", "2024-01-05T10:20", "2024-01-05 10:20:00.000000", id="timestamp to the minute"),
        pytest.param("timestamp", "2024-01-05 10:20:30", "2024-01-05 10:20:30.000000", id="timestamp with blank"),
        pytest.param("timestamp", "2024-01-05T10:20:30.1", "2024-01-05 10:20:30.100000", id="timestamp, 1 digit"),
        pytest.param("timestamp", "2024-01-05T10:20:30.0123", "2024-01-05 10:20:30.012300", id="timestamp, 4 digits"),
        pytest.param(
            "timestamp",
            "2024-01-05T10:20:30.123456Z",
            "2024-01-05 10:20:30.123456",
            id="timestamp, 6 digits, Z",
        ),
        pytest.param("timestamp", "2024-01-05T10:20Z", "2024-01-05 10:20:00.000000", id="timestamp, minute, Z"),
        pytest.param(
            "timestamp",
            "2024-01-01T01:30:00+02:00",
            "2023-12-31 23:30:00.000000",
            id="timestamp east of Greenwich",
        ),
        pytest.param(
            "timestamp",
            "2024-02-28T20:00:00-05:30",
            "2024-02-29 01:30:00.000000",
            id="timestamp west of Greenwich",
        ),
        pytest.param("timestamp", "0001-01-01T00:00:00+00:00", "0001-01-01 00:00:00.000000", id="first timestamp"),
        pytest.param("timestamp", " 2024-01-05T10:20 ", "2024-01-05 10:20:00.000000", id="timestamp between blanks"),
        pytest.param("timestamp", "2024-01-05", "2024-01-05 00:00:00.000000", id="timestamp at midnight"),
        *[pytest.param("boolean", word, 1, id=f"boolean {word}") for word in ("true", "T", "Yes", "y", "1", " TRUE ")],
        *[pytest.param("boolean", word, 0, id=f"boolean {word}") for word in ("false", "F", "No", "n", "0", "\tFalse")],
    ],
)
def test_a_valid_text_becomes_its_canonical_value(type_name: TypeName, text: str, value: Value) -> None:
    parsed = parser(type_name)(text)

    assert (type(parsed), parsed) == (type(value), value)


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        pytest.param("text", "a\0b", id="text with U+0000"),
        pytest.param("text", "a\ud83d", id="text with half a surrogate pair"),
        pytest.param("integer", "4.0", id="integer with point"),
        pytest.param("integer", "1_000", id="integer with underscore"),
        pytest.param("integer", "1,000", id="integer with comma"),
        pytest.param("integer", "1e3", id="integer with exponent"),
        pytest.param("integer", "0x1F", id="hexadecimal integer"),
        pytest.param("integer", "٤٢", id="integer in Arabic digits"),
        pytest.param("integer", "４２", id="integer in full-width digits"),
        pytest.param("integer", "4²", id="integer with superscript"),
        pytest.param("integer", "+", id="integer of only a sign"),
        pytest.param("integer", "+-4", id="integer with two signs"),
        pytest.param("integer", "- 4", id="integer with a blank after its sign"),
        pytest.param("integer", "4\n", id="integer with newline"),
        pytest.param("integer", "\u00a04", id="integer after a no-break space"),
        pytest.param("decimal", "5.", id="decimal that ends with its point"),
        pytest.param("decimal", ".", id="decimal of only a point"),
        pytest.param("decimal", "-", id="decimal of only a sign"),
        pytest.param("decimal", "1e5", id="decimal with exponent"),
        pytest.param("decimal", "1,000.00", id="decimal with thousands"),
        pytest.param("decimal", "1,5", id="decimal with comma"),
        pytest.param("decimal", "NaN", id="decimal NaN"),
        pytest.param("decimal", "Infinity", id="decimal infinity"),
        pytest.param("decimal", "1.5\n", id="decimal with newline"),
        pytest.param("decimal", "١.٥", id="decimal in Arabic digits"),
        pytest.param("date", "1837-02-30", id="day that never was"),
        pytest.param("date", "1900-02-29", id="not a leap year"),
        pytest.param("date", "0000-01-01", id="year 0"),
        pytest.param("date", "2024-1-5", id="date without zeros"),
        pytest.param("date", "20240105", id="basic date"),
        pytest.param("date", "2024-W01-5", id="week date"),
        pytest.param("date", "2024W015", id="basic week date"),
        pytest.param("date", "05.01.2024", id="German date"),
        pytest.param("date", "2024/01/05", id="date with slashes"),
        pytest.param("date", "2024-01-05T00:00", id="date with time"),
        *[
            pytest.param("float", text, id=f"float {text}")
            for text in ("nan", "NaN", "inf", "-Infinity", "1_000", "0x1p3", "1e", "e5", ".", "1.", "1,5", "1e5.0", "٣")
        ],
        pytest.param("date", "٢٠٢٤-٠١-٠٥", id="date in Arabic digits"),
        pytest.param("date", "2024-01-0５", id="date with one full-width digit"),
        pytest.param("date", "2024-01-05\n", id="date with newline"),
        pytest.param("timestamp", "2024-01-05Z", id="timestamp with a zone and without time"),
        pytest.param("timestamp", "2024-1-5", id="timestamp without time or zeros"),
        pytest.param("timestamp", "2024-01-05T10", id="timestamp without minutes"),
        pytest.param("timestamp", "2024-01-05T10:20:60", id="leap second"),
        pytest.param("timestamp", "2024-01-05T24:00", id="hour 24"),
        pytest.param("timestamp", "2024-01-05T10:60", id="minute 60"),
        pytest.param("timestamp", "2024-02-30T10:20", id="timestamp of a day that never was"),
        pytest.param("timestamp", "2024-01-05T10:20:30.", id="timestamp that ends with its point"),
        pytest.param("timestamp", "2024-01-05T10:20:30.1234567", id="timestamp, 7 digits"),
        pytest.param("timestamp", "2024-01-05T10:20:30,5", id="timestamp with comma"),
        pytest.param("timestamp", "2024-01-05  10:20", id="timestamp with two blanks"),
        pytest.param("timestamp", "2024-01-05T10:20 +01:00", id="timestamp with a blank before its zone"),
        pytest.param("timestamp", "2024-01-05T10:20+0100", id="timestamp with a basic zone"),
        pytest.param("timestamp", "2024-01-05T10:20+01", id="timestamp with a short zone"),
        pytest.param("timestamp", "2024-01-05T10:20+24:00", id="timestamp with zone 24:00"),
        pytest.param("timestamp", "2024-01-05T10:20+01:60", id="timestamp with zone 01:60"),
        pytest.param("timestamp", "2024-01-05T10:20 CET", id="timestamp with a named zone"),
        pytest.param("timestamp", "2024-W01-5T10:20", id="timestamp of a week date"),
        pytest.param("boolean", "maybe", id="not a boolean"),
        pytest.param("boolean", "2", id="boolean 2"),
        pytest.param("boolean", "on", id="boolean on"),
        pytest.param("boolean", "tru", id="half a boolean"),
        pytest.param("boolean", "１", id="full-width boolean"),
        pytest.param("boolean", "yeſ", id="boolean with a long s"),
        *[pytest.param(name, " \t", id=f"{name} of only blanks") for name in TYPES if name != "text"],
    ],
)
def test_a_text_of_another_type_is_a_type_error(type_name: TypeName, text: str) -> None:
    assert refusal(parser(type_name), text).code == "type-error"


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        pytest.param("text", "x" * 256, id="text too long"),
        pytest.param("integer", "9223372036854775808", id="integer above BIGINT"),
        pytest.param("integer", "-9223372036854775809", id="integer below BIGINT"),
        pytest.param("integer", "9" * 5000, id="integer of 5000 digits"),
        pytest.param("decimal", "1.23456", id="decimal too fine"),
        pytest.param("decimal", "0.00001", id="decimal too fine to be told from zero"),
        pytest.param("decimal", "100000000000000", id="decimal too large"),
        pytest.param("float", "1e309", id="float too large"),
        pytest.param("float", "-" + "9" * 400, id="float of too many digits"),
        pytest.param("float", "1e-400", id="float that would be zero"),
        pytest.param("float", "5e-324", id="float with fewer digits than others"),
        pytest.param("timestamp", "0001-01-01T00:00+00:01", id="timestamp before year 1 in UTC"),
        pytest.param("timestamp", "9999-12-31T23:59-00:01", id="timestamp after year 9999 in UTC"),
    ],
)
def test_a_value_that_is_not_allowed_is_a_constraint_error(type_name: TypeName, text: str) -> None:
    assert refusal(parser(type_name), text).code == "constraint-error"


@pytest.mark.parametrize("text", ["NA", " NA\t", "-"])
@pytest.mark.parametrize("type_name", TYPES)
def test_a_null_marker_is_null_unless_the_column_is_required(type_name: TypeName, text: str) -> None:
    parse = parser_of(Column(name="c", type=type_name, null=("NA", "-")))
    required = parser_of(Column(name="c", type=type_name, null=("NA", "-"), required=True))

    assert parse(text) is None
    assert parse("") is None
    assert refusal(required, text).code == "constraint-error"


def test_no_other_text_is_read_as_null() -> None:
    parse = parser_of(Column(name="c", type="text", null=("NA", "-")))

    assert [parse(text) for text in ("na", "N A", "--", " ", "NA-")] == ["na", "N A", "--", " ", "NA-"]
    assert parser_of(Column(name="c", type="integer", null=("-",)))("-1") == -1


@pytest.mark.parametrize("type_name", TYPES)
def test_empty_text_is_null_unless_the_column_is_required(type_name: TypeName) -> None:
    required = parser_of(Column(name="c", type=type_name, required=True))

    assert parser(type_name)("") is None
    assert refusal(required, "").code == "constraint-error"


@pytest.mark.parametrize(
    ("type_name", "text", "message"),
    [
        pytest.param(
            "date",
            "1837-02-30",
            "'1837-02-30' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31",
            id="date",
        ),
        pytest.param(
            "integer",
            "12\n",
            r"'12\n' is not an integer; expected digits with an optional sign, e.g. -42",
            id="escaped",
        ),
        pytest.param(
            "decimal",
            "1.23456",
            "'1.23456' is too large or too fine; expected at most 14 digits before the point and 4 after it",
            id="decimal",
        ),
        pytest.param("text", "x" * 300, f"'{'x' * 60}… is 300 characters long; expected at most 255", id="shortened"),
    ],
)
def test_a_message_says_what_was_found_and_what_is_expected(type_name: TypeName, text: str, message: str) -> None:
    assert str(refusal(parser(type_name), text)) == message


def test_a_text_is_measured_in_code_points() -> None:
    parse = parser("text", length=3)

    assert parse("😀😀😀") == "😀😀😀"
    assert refusal(parse, "e\u0301e\u0301").code == "constraint-error"


def test_a_decimal_of_scale_zero_has_no_point() -> None:
    parse = parser("decimal", precision=3, scale=0)

    assert [parse("7"), parse("7.0"), parse("-0")] == ["7", "7", "0"]
    assert refusal(parse, "1000").code == "constraint-error"


def test_all_digits_of_a_decimal_may_be_after_the_point() -> None:
    parse = parser("decimal", precision=2, scale=2)

    assert parse("0.25") == "0.25"
    assert refusal(parse, "1").code == "constraint-error"


def test_hostile_texts_are_kept_as_they_are() -> None:
    parse = parser("text")

    assert tuple(parse(text) for text in HOSTILE_STRINGS) == HOSTILE_STRINGS


@given(st.dates())
def test_every_date_round_trips(day: date) -> None:
    assert parser("date")(day.isoformat()) == day.isoformat()


@given(NEARLY)
def test_only_an_iso_date_is_a_date(text: str) -> None:
    assume(not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip(" \t"), re.ASCII))
    assume(text)

    assert refusal(parser("date"), text).code == "type-error"


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40))
def test_a_text_within_its_length_is_kept_as_it_is(text: str) -> None:
    assert parser("text", length=40)(text) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_bigint_round_trips(number: int) -> None:
    assert parser("integer")(str(number)) == number


@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4))
def test_every_decimal_is_exact(number: Decimal) -> None:
    parsed = parser("decimal")(f"{number:f}")

    assert isinstance(parsed, str)
    assert Decimal(parsed) == number
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{4}", parsed)


@given(st.from_regex(r"\A[+-]?[0-9]{0,16}(\.[0-9]{1,6})?\Z"))
def test_a_decimal_is_exact_or_refused(text: str) -> None:
    outcome = outcome_of(parser("decimal", precision=15, scale=3), text)

    assert outcome is None or isinstance(outcome, BadValue) or Decimal(outcome) == Decimal(text)


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_every_double_round_trips(number: float) -> None:
    parsed = parser("float")(repr(number))

    assert isinstance(parsed, str)
    assert float(parsed) == number
    assert parser("float")(f"{number:.25e}") == parsed


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - the strategy adds the zone
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from("T "),
)
def test_every_timestamp_becomes_its_moment_in_utc(clock: datetime, offset_minutes: int, separator: str) -> None:
    moment = clock.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))

    parsed = parser("timestamp")(moment.isoformat(separator))

    assert datetime.fromisoformat(f"{parsed}+00:00") == moment
    assert parsed == moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@pytest.mark.parametrize("type_name", TYPES)
@given(text=ANY_TEXT | NEARLY)
def test_any_text_gives_a_json_value_or_an_error_of_one_line(type_name: TypeName, text: str) -> None:
    outcome = outcome_of(parser(type_name, length=20), text)

    if isinstance(outcome, BadValue):
        assert str(outcome).isprintable()
        assert len(str(outcome)) < 200
    else:
        assert json.loads(json.dumps(outcome)) == outcome


@pytest.mark.parametrize("type_name", TYPES)
@given(text=NEARLY | st.datetimes().map(str) | st.dates().map(str) | st.decimals().map(str) | st.integers().map(str))
def test_canonical_values_are_stable(type_name: TypeName, text: str) -> None:
    parse = parser(type_name)
    outcome = outcome_of(parse, text)

    assert outcome is None or isinstance(outcome, BadValue) or parse(str(outcome)) == outcome
