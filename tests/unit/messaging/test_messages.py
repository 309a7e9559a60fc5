import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.envelope import Origin, decode, encode, envelope
from shared.messaging.payloads import PAYLOADS, LoadCompleted, LoadExtracted, Payload, RowsExtracted
from shared.model.errors import MalformedMessage
from shared.model.unreadable_rows import UnreadableRow

MOMENT = datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)
ORIGIN = Origin(installation_id="5f0c7a3e9d2b4e1f8a6c0d9b7e3f1a24", token="9c1e07b2d4f6a853")
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "messages.md"
EXAMPLES = re.findall(r"^```json\n(.*?)^```$", DOCUMENTATION.read_text("utf-8"), re.DOTALL | re.MULTILINE)

CHUNK = RowsExtracted(
    load_id=12,
    dataset="places",
    first_row=0,
    header=["city", "country"],
    lines=[2, 3],
    rows=[["Ayr", "Scotland"], ['Zoë\'s "Ulm"\n', ""]],
    unreadable=[UnreadableRow(line=4, code="dialect-error", message="a quote is never closed", raw='"x')],
)
MANIFEST = LoadExtracted(load_id=12, dataset="places", row_count=3)
COMPLETION = LoadCompleted(load_id=12, dataset="places")
PAYLOAD_EXAMPLES: list[Payload] = [CHUNK, MANIFEST, COMPLETION]

NUMBERS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
UNREADABLE = st.builds(UnreadableRow, line=NUMBERS, code=TEXTS, message=TEXTS, raw=TEXTS)


@st.composite
def chunks(draw: st.DrawFn) -> RowsExtracted:
    rows = draw(st.lists(st.lists(TEXTS, max_size=3), max_size=4))
    return RowsExtracted(
        load_id=draw(NUMBERS),
        dataset=draw(TEXTS),
        first_row=draw(NUMBERS),
        header=draw(st.lists(TEXTS, max_size=3)),
        lines=draw(st.lists(st.integers(1, 2**63 - 1), min_size=len(rows), max_size=len(rows))),
        rows=rows,
        unreadable=draw(st.lists(UNREADABLE, max_size=2)),
    )


ANY_PAYLOAD = st.one_of(
    chunks(),
    st.builds(LoadExtracted, load_id=NUMBERS, dataset=TEXTS, row_count=NUMBERS),
    st.builds(LoadCompleted, load_id=NUMBERS, dataset=TEXTS),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def document(payload: Payload = CHUNK) -> dict[str, Any]:
    """Return a valid message as decoded JSON, to be modified."""
    decoded: dict[str, Any] = orjson.loads(encode(envelope(payload, origin=ORIGIN, occurred_at=MOMENT)))
    return decoded


def spoiled(**fields: Any) -> bytes:
    return orjson.dumps({**document(), **fields})


def with_payload(payload: Payload = CHUNK, /, **fields: Any) -> bytes:
    good = document(payload)
    return orjson.dumps({**good, "payload": {**good["payload"], **fields}})


def without(name: str) -> bytes:
    good = document()
    del good[name]
    return orjson.dumps(good)


def without_in_payload(name: str) -> bytes:
    good = document()
    del good["payload"][name]
    return orjson.dumps(good)


@given(ANY_PAYLOAD, st.datetimes(timezones=st.just(UTC)))
def test_any_message_survives_encoding_and_decoding(payload: Payload, moment: datetime) -> None:
    sent = envelope(payload, origin=ORIGIN, occurred_at=moment)

    assert decode(encode(sent)) == sent


def test_the_time_is_written_in_utc_with_z() -> None:
    assert document()["occurred_at"] == "2026-03-01T09:30:00.250000Z"


def test_a_time_in_another_zone_is_the_same_moment_in_utc() -> None:
    body = spoiled(occurred_at=MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat())

    assert decode(body).occurred_at == MOMENT
    assert decode(body).occurred_at.tzinfo is UTC


@pytest.mark.parametrize("payload", PAYLOAD_EXAMPLES, ids=lambda payload: payload.kind)
def test_the_same_payload_always_gets_the_same_id(payload: Payload) -> None:
    later = MOMENT + timedelta(days=1)

    assert (
        envelope(payload, origin=ORIGIN, occurred_at=MOMENT).id
        == envelope(replace(payload), origin=ORIGIN, occurred_at=later).id
    )


def test_different_payloads_get_different_ids() -> None:
    payloads: list[Payload] = [
        *PAYLOAD_EXAMPLES,
        replace(CHUNK, load_id=13),
        replace(CHUNK, first_row=3),
        replace(CHUNK, unreadable=[]),
        LoadExtracted(load_id=13, dataset="places", row_count=3),
    ]

    assert len({envelope(payload, origin=ORIGIN, occurred_at=MOMENT).id for payload in payloads}) == len(payloads)


def test_ids_are_the_same_in_every_release() -> None:
    """Messages that one release left in a queue are recognised by the next one."""
    without_origin = [str(envelope(payload, origin=Origin(), occurred_at=MOMENT).id) for payload in PAYLOAD_EXAMPLES]
    ids = [str(envelope(payload, origin=ORIGIN, occurred_at=MOMENT).id) for payload in PAYLOAD_EXAMPLES]

    assert ids == [
        "49bb2315-eff5-57ff-89d4-ae7438837aa6",
        "4db537f4-a58a-574b-a77d-8b6a6b8b4377",
        "26c1760e-2a1e-5eac-baa6-58431d5f2825",
    ]
    assert without_origin == [
        "f1e56c6c-8c07-55ea-b684-9f39d5cbbced",
        "649d2b99-b2d6-5031-998f-d084e612d39e",
        "c319c9d7-e5e5-5bc6-bc1f-12bde6ece29a",
    ]


def test_the_same_payload_of_another_installation_or_load_gets_another_id() -> None:
    origins = [Origin(), ORIGIN, replace(ORIGIN, token="0000000000000000"), replace(ORIGIN, installation_id="other")]

    assert len({envelope(CHUNK, origin=origin, occurred_at=MOMENT).id for origin in origins}) == len(origins)


def test_a_message_of_a_version_without_origins_has_an_empty_one() -> None:
    assert decode(without("origin")).origin == Origin()


@pytest.mark.parametrize("payload", PAYLOAD_EXAMPLES, ids=lambda payload: payload.kind)
def test_unknown_fields_are_ignored(payload: Payload) -> None:
    good = document(payload)
    body = orjson.dumps({**good, "trace": {"id": [1]}, "payload": {**good["payload"], "colour": None}})

    assert decode(body).payload == payload


def test_unknown_fields_of_an_unreadable_row_are_ignored() -> None:
    bad = {"line": 4, "code": "type-error", "message": "m", "raw": "r", "column": 7}

    chunk = decode(with_payload(unreadable=[bad])).payload

    assert isinstance(chunk, RowsExtracted)
    assert chunk.unreadable == [UnreadableRow(line=4, code="type-error", message="m", raw="r")]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"true", id="true"),
        pytest.param(b"12", id="number"),
        pytest.param(b'"rows.extracted"', id="string"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(b"people,places\n", id="not JSON"),
        pytest.param(spoiled()[:-1], id="cut off"),
        pytest.param(spoiled() + b"x", id="something after the end"),
        pytest.param(spoiled().replace(b"Ayr", b"A\xffr"), id="invalid UTF-8"),
        pytest.param(spoiled().replace(b"Ayr", b"A\\ud800r"), id="half a surrogate pair"),
        pytest.param(b"[" * 100_000, id="100,000 brackets"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 closed brackets"),
        pytest.param(b'{"kind":' * 100_000, id="100,000 braces"),
        pytest.param(spoiled().replace(b'"load_id":12', b'"load_id":NaN'), id="NaN"),
        pytest.param(spoiled(origin=None), id="origin is null"),
        pytest.param(spoiled(origin=[]), id="origin is a list"),
        pytest.param(spoiled(origin={"token": 7}), id="token is a number"),
        pytest.param(spoiled().replace(b'"load_id":12', b'"load_id":Infinity'), id="infinity"),
        *[pytest.param(without(name), id=f"no {name}") for name in document() if name != "origin"],
        *[pytest.param(without_in_payload(name), id=f"no {name} in the payload") for name in document()["payload"]],
        pytest.param(spoiled(kind="rows.imagined"), id="unknown kind"),
        pytest.param(spoiled(kind=["rows.extracted"]), id="kind is a list"),
        pytest.param(spoiled(kind=None), id="kind is null"),
        pytest.param(spoiled(version=2), id="unknown version"),
        pytest.param(spoiled(version="1"), id="version is a string"),
        pytest.param(spoiled(version=True), id="version is true"),
        pytest.param(spoiled(version=1.0), id="version is a float"),
        pytest.param(spoiled(id="12"), id="id is not a UUID"),
        pytest.param(spoiled(id=12), id="id is a number"),
        pytest.param(spoiled(id=None), id="id is null"),
        pytest.param(spoiled(id=[str(uuid4())]), id="id is a list"),
        pytest.param(spoiled(occurred_at="2026-03-01T09:30:00"), id="naive time"),
        pytest.param(spoiled(occurred_at="yesterday"), id="no time"),
        pytest.param(spoiled(occurred_at=1772357400), id="time is a number"),
        pytest.param(spoiled(occurred_at="0001-01-01T00:00:00+01:00"), id="time before year 1"),
        pytest.param(spoiled(occurred_at="9999-12-31T23:00:00-01:00"), id="time after year 9999"),
        pytest.param(spoiled(payload=None), id="payload is null"),
        pytest.param(spoiled(payload=[]), id="payload is a list"),
        pytest.param(spoiled(payload="x"), id="payload is a string"),
        pytest.param(with_payload(load_id=-1), id="negative load"),
        pytest.param(with_payload(load_id="12"), id="load is a string"),
        pytest.param(with_payload(load_id=12.0), id="load is a float"),
        pytest.param(with_payload(load_id=True), id="load is true"),
        pytest.param(spoiled().replace(b'"load_id":12', b'"load_id":99999999999999999999'), id="load above 64 bits"),
        pytest.param(with_payload(first_row=-1), id="negative first row"),
        pytest.param(with_payload(dataset=None), id="dataset is null"),
        pytest.param(with_payload(header="city,country"), id="header is a string"),
        pytest.param(with_payload(header=["city", 2]), id="header has a number"),
        pytest.param(with_payload(lines=[2]), id="fewer lines than rows"),
        pytest.param(with_payload(lines=[2, 3, 4]), id="more lines than rows"),
        pytest.param(with_payload(lines=[2, "3"]), id="line is a string"),
        pytest.param(with_payload(lines=[2, True]), id="line is true"),
        pytest.param(with_payload(lines=[2, 0]), id="line 0"),
        pytest.param(with_payload(lines=[2, -3]), id="negative line"),
        pytest.param(with_payload(rows={"2": ["Ayr"]}), id="rows are an object"),
        pytest.param(with_payload(rows=[["Ayr"], "Ulm"]), id="row is a string"),
        pytest.param(with_payload(rows=[["Ayr"], {"city": "Ulm"}]), id="row is an object"),
        pytest.param(with_payload(rows=[["Ayr"], ["Ulm", None]]), id="cell is null"),
        pytest.param(with_payload(rows=[["Ayr"], ["Ulm", 3]]), id="cell is a number"),
        pytest.param(with_payload(rows=[["Ayr"], ["Ulm", ["x"]]]), id="cell is a list"),
        pytest.param(with_payload(unreadable=None), id="unreadable is null"),
        pytest.param(with_payload(unreadable=[5]), id="unreadable row is a number"),
        pytest.param(with_payload(unreadable=["line"]), id="unreadable row is a string"),
        pytest.param(with_payload(unreadable=[{"line": 4}]), id="unreadable row lacks fields"),
        pytest.param(
            with_payload(unreadable=[{"line": -4, "code": "", "message": "", "raw": ""}]),
            id="unreadable, negative line",
        ),
        pytest.param(with_payload(MANIFEST, row_count=-1), id="manifest with a negative count"),
        pytest.param(with_payload(MANIFEST, row_count=None), id="manifest without a count"),
        pytest.param(with_payload(COMPLETION, dataset=7), id="completion of a numbered dataset"),
    ],
)
def test_a_body_that_cannot_be_used_is_malformed_and_nothing_else(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(body)


@given(st.binary())
def test_any_bytes_are_a_message_or_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(body)


@given(st.sampled_from(["id", "kind", "version", "occurred_at", "payload"]), ANY_JSON)
def test_any_value_in_the_envelope_is_read_or_malformed(name: str, value: object) -> None:
    body = json.dumps({**document(), name: value}).encode()

    with suppress(MalformedMessage):
        decode(body)


@given(st.sampled_from(list(document()["payload"])), ANY_JSON)
def test_any_value_in_the_payload_is_read_or_malformed(name: str, value: object) -> None:
    good = document()
    body = json.dumps({**good, "payload": {**good["payload"], name: value}}).encode()

    with suppress(MalformedMessage):
        decode(body)


def test_the_reason_names_an_unknown_kind_and_version() -> None:
    with pytest.raises(MalformedMessage, match=r"unknown message: kind 'rows\.extracted', version 9"):
        decode(spoiled(version=9))


def test_a_text_that_is_not_unicode_is_not_sent() -> None:
    with pytest.raises(TypeError):
        encode(envelope(replace(CHUNK, rows=[["\udcff"], []]), origin=ORIGIN, occurred_at=MOMENT))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: json.loads(example)["kind"])
def test_every_documented_example_is_a_message_with_its_derived_id(example: str) -> None:
    message = decode(example.encode())

    assert message.id == envelope(message.payload, origin=message.origin, occurred_at=message.occurred_at).id
    assert json.loads(encode(message)) == json.loads(example)


def test_the_documentation_has_one_example_of_every_kind_and_version() -> None:
    documented = [(json.loads(example)["kind"], json.loads(example)["version"]) for example in EXAMPLES]

    assert sorted(documented) == sorted(PAYLOADS)
