import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.logs import LogFormat, facts, set_up_logs

HOSTILE_VALUES = [
    pytest.param("a\nb\r\nc\rd", id="line ends"),
    pytest.param("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", id="what else begins a line"),
    pytest.param("\x1b[2J\x07", id="terminal commands"),
    pytest.param('"}\\', id="JSON"),
    pytest.param("M\udcfcller.csv", id="half a character"),
    pytest.param("\0", id="NUL"),
    pytest.param(2**70, id="beyond 64 bits"),
    pytest.param(float("nan"), id="NaN"),
    pytest.param(b"bytes\n", id="bytes"),
    pytest.param({1: "number as key", "nested": ["\n"]}, id="nested"),
    pytest.param({("a", "b"): 1}, id="tuple as key"),
    pytest.param({"a", "b"}, id="set"),
    pytest.param(ValueError("a\nb"), id="exception"),
    pytest.param(Path("a\nb"), id="path"),
    pytest.param(date(1837, 6, 20), id="date"),
    pytest.param(None, id="nothing"),
]


@dataclass(frozen=True)
class Account:
    """A dataclass with a secret field."""

    user: str
    password: str = field(repr=False)


@pytest.fixture(autouse=True)
def own_root_logger() -> Iterator[None]:
    """Restore pytest's handlers and levels."""
    loggers = [logging.getLogger(name) for name in (None, "pika", "sqlalchemy.pool")]
    handlers, levels = loggers[0].handlers[:], [each.level for each in loggers]
    yield
    loggers[0].handlers[:] = handlers
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def logger(log_format: LogFormat, *, level: str = "INFO") -> logging.Logger:
    set_up_logs(level=level, log_format=log_format, service="writer")
    return logging.getLogger("services.writer")


def lines_in(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.removesuffix("\n").split("\n")


def json_in(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    [line] = lines_in(capsys)
    record: dict[str, Any] = json.loads(line)
    return record


def test_a_json_record_has_its_facts_beside_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    logger("json").warning("load %s is complete", 12, extra=facts("load_completed", load_id=12, rows=[1, 2], file=None))

    record = json_in(capsys)
    moment = datetime.fromisoformat(record.pop("time"))
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert record == {
        "level": "warning",
        "service": "writer",
        "message": "load 12 is complete",
        "action": "load_completed",
        "load_id": 12,
        "rows": [1, 2],
        "file": None,
    }


def test_a_text_record_has_its_facts_after_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    logger("text").info("load complete", extra=facts("load_completed", load_id=12, file="people.csv"))

    [line] = lines_in(capsys)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} INFO    writer     load complete load_id=12 file='people\.csv'", line)


@pytest.mark.parametrize("value", HOSTILE_VALUES)
def test_a_json_record_is_always_one_line(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    logger("json").info("found %s", value, extra=facts("file_found", load_id=7, file=value))

    record = json_in(capsys)
    assert (record["action"], record["service"]) == ("file_found", "writer")
    assert {"load_id", "file", "message"} <= record.keys()


@pytest.mark.parametrize("value", HOSTILE_VALUES)
def test_a_text_record_is_always_one_printable_line(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    logger("text").info("found %s", value, extra=facts("file_found", load_id=7, file=value))

    [line] = lines_in(capsys)
    assert line.isprintable()
    assert "load_id=7 file=" in line


@pytest.mark.parametrize("text", ["a\nb", "José 😀", '"'])
def test_json_keeps_texts_as_they_are(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger("json").info(text, extra=facts("x", file=text))

    record = json_in(capsys)
    assert (record["message"], record["file"]) == (text, text)


def test_a_file_name_that_is_not_utf8_is_shown_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    logger("json").info("found", extra=facts("x", file="M\udcfcller.csv"))

    assert json_in(capsys)["file"] == r"M\udcfcller.csv"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_fields_hidden_from_the_repr_are_not_logged(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logger(log_format).info("connected", extra=facts("x", account=Account(user="inflow", password="hidden")))

    [line] = lines_in(capsys)
    assert "Account(user='inflow')" in line
    assert "hidden" not in line


def test_a_traceback_is_part_of_the_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("json")
    try:
        raise ValueError("a\nb")
    except ValueError:
        log.exception("failed")

    record = json_in(capsys)
    assert record["traceback"].startswith("Traceback")
    assert record["traceback"].endswith("ValueError: a\nb")


def test_a_traceback_follows_the_text_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("text")
    try:
        raise ValueError("oops")
    except ValueError:
        log.exception("failed")

    first, second, *_, last = lines_in(capsys)
    assert first.endswith("failed")
    assert second.startswith("Traceback")
    assert last == "ValueError: oops"


def test_auto_is_json_unless_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logger("auto").info("hello")

    assert json_in(capsys)["message"] == "hello"


def test_auto_is_text_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    logger("auto").info("hello")

    assert lines_in(capsys)[0].endswith("writer     hello")


def test_records_below_the_level_and_of_noisy_libraries_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logger("json", level="WARNING")

    log.info("not this")
    logging.getLogger("pika.adapters").error("nor this")
    logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("Exception during reset or similar")
    logging.getLogger("other").warning("this")

    assert json_in(capsys)["message"] == "this"


def test_setting_up_logs_again_does_not_duplicate_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logger("text")
    logger("json").info("hello")

    assert json_in(capsys)["message"] == "hello"
