"""A rejected row that is dropped again corrected is marked as healed, in a rejects file or in the whole file."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select, update

from shared.configuration.catalog import parse_catalog
from shared.messaging.envelope import encode
from shared.model.reject_files import load_label, report_columns
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, dropped, messages
from tests.support.model import DroppedFile
from tests.support.origins import token_of
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people

Healed = dict[tuple[int, int], int | None]

BAD = "Eve,Stone,1900-02-30,Weir\n"
MENDED = "Eve,Stone,1900-02-28,Weir\n"
WORSE = "Bob,Stone,never,Weir\n"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path, config=AT_ONCE)) as pipeline:
        yield pipeline


def healed(house: Pipeline | Warehouse) -> Healed:
    """By load and line of each rejected row, which load healed it."""
    table = house.schema.rejects
    with house.database.transaction() as connection:
        rows = connection.execute(select(table.c.load_id, table.c.line, table.c.healed_by))
        return {(load_id, line): healed_by for load_id, line, healed_by in rows}


def load(pipeline: Pipeline, content: str, *, name: str = "people.csv") -> None:
    pipeline.drop(name, content)
    pipeline.finish()


def rejects_file(pipeline: Pipeline, name: str) -> str:
    return (pipeline.folder.rejected / name).read_bytes().decode()


def test_a_corrected_rejects_file_heals_just_the_rows_that_are_accepted(pipeline: Pipeline) -> None:
    """G7"""
    load(pipeline, people(2) + BAD + WORSE)
    assert healed(pipeline) == {(1, 4): None, (1, 5): None}

    load(pipeline, rejects_file(pipeline, "people.csv.1.csv").replace("1900-02-30", "1900-02-28"), name="people-1.csv")

    assert healed(pipeline) == {(1, 4): 2, (1, 5): None, (2, 3): None}


@pytest.mark.parametrize(
    ("read", "encoding", "header", "separator"),
    [
        ('encoding = "cp1252"', "cp1252", "name,born\n", ","),
        ('delimiter = ";", quote = "\'"', "utf-8", "name;born\n", ";"),
        ("header_lines = 0", "utf-8", "", ","),
        ("skip_lines = 1, footer_lines = 1", "utf-8", "Report\nname,born\n", ","),
    ],
)
def test_a_corrected_rejects_file_is_read_as_we_write_it_whatever_is_fixed(
    tmp_path: Path, read: str, encoding: str, header: str, separator: str
) -> None:
    config = f"""
[datasets.guests]
files = ["guest*"]
key = ["name"]
read = {{ {read} }}
columns.name = {{ type = "text" }}
columns.born = {{ type = "date" }}
"""
    rows = [("Zoë", "1900-01-01"), ("René", "never"), ("Jürgen", "1900-01-03")]
    text = header + "".join(f"{name}{separator}{born}\n" for name, born in rows) + "End\n" * ("footer" in read)
    with closing(Pipeline(tmp_path, catalog=parse_catalog(config, source="test"))) as pipeline:
        pipeline.drop("guests.csv", text.encode(encoding))
        pipeline.finish()
        rejected = rejects_file(pipeline, "guests.csv.1.csv")

        load(pipeline, rejected.replace("never", "1900-01-02"), name="guests-1.csv")

        assert set(healed(pipeline).values()) == {2}
        with pipeline.database.transaction() as connection:
            names = set(connection.scalars(select(pipeline.schema.datasets["guests"].c.name)))
        assert names == {name for name, _ in rows}


def test_a_row_whose_correction_was_rejected_is_healed_with_its_first_reject(pipeline: Pipeline) -> None:
    load(pipeline, people(2) + WORSE)
    load(pipeline, rejects_file(pipeline, "people.csv.1.csv").replace("never", "soon"), name="people-1.csv")
    assert healed(pipeline) == {(1, 4): None, (2, 2): None}

    last = rejects_file(pipeline, "people-1.csv.2.csv").replace("soon", "1900-01-01")
    load(pipeline, last, name="people-2.csv")

    assert healed(pipeline) == {(1, 4): 3, (2, 2): 3}


def test_the_corrected_whole_file_heals_what_is_not_rejected_again(pipeline: Pipeline) -> None:
    """G7"""
    load(pipeline, people(2) + BAD + WORSE)

    load(pipeline, people(3) + WORSE + MENDED)

    assert healed(pipeline) == {(1, 4): 2, (1, 5): None, (2, 5): None}


def test_a_file_of_another_name_heals_nothing(pipeline: Pipeline) -> None:
    load(pipeline, people(2) + BAD)
    load(pipeline, people(2) + MENDED, name="people-new.csv")

    assert healed(pipeline) == {(1, 4): None}


def test_the_first_load_that_heals_a_row_stays_its_healer(pipeline: Pipeline) -> None:
    load(pipeline, people(2) + BAD)
    load(pipeline, people(2) + MENDED)
    load(pipeline, people(2) + MENDED)

    assert healed(pipeline) == {(1, 4): 2}


def test_a_row_that_is_bad_again_is_a_reject_of_its_own(pipeline: Pipeline) -> None:
    load(pipeline, people(2) + BAD)
    load(pipeline, people(2) + MENDED)
    load(pipeline, people(2) + BAD)

    assert healed(pipeline) == {(1, 4): 2, (3, 4): None}


def test_a_refused_file_heals_nothing(pipeline: Pipeline) -> None:
    load(pipeline, people(2) + BAD)
    load(pipeline, "given_name\nEve\n")

    assert pipeline.loads()[-1].state == "refused"
    assert healed(pipeline) == {(1, 4): None}


def test_of_an_edition_too_rejected_rows_travel_again(tmp_path: Path) -> None:
    """Of a file that is compared with its earlier edition only changed rows travel: a bad row is one of them."""
    with closing(Pipeline(tmp_path, config=replace(AT_ONCE, compare_from_bytes=0))) as pipeline:
        load(pipeline, people(9) + BAD + WORSE)
        load(pipeline, people(9) + MENDED + WORSE)

        assert pipeline.loads()[-1].unchanged == 9
        assert healed(pipeline) == {(1, 11): 2, (1, 12): None, (2, 12): None}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_editions_that_overlap_end_the_same_whichever_is_complete_first(
    pipeline: Pipeline, order: tuple[int, ...]
) -> None:
    """G3"""
    for content in (people(1) + BAD + WORSE, people(1) + WORSE, people(1)):
        pipeline.drop("people.csv", content)
        pipeline.look()
    pipeline.publish()
    sent = pipeline.queue.messages
    by_load = [[each for each in sent if each.payload.load_id == load_id] for load_id in (1, 2, 3)]
    for place in order:
        for message in by_load[place]:
            pipeline.writer.handle(encode(message))
        pipeline.look()

    assert {load.state for load in pipeline.loads()} == {"archived"}
    assert healed(pipeline) == {(1, 3): 2, (1, 4): 3, (2, 3): 3}


def own_label(load_id: int) -> str:
    """How our own file of rejected rows names a load."""
    return load_label(load_id, token_of(load_id))


def corrected(
    load_id: int, *named: tuple[int, int], dataset: str = "people", label: Callable[[int], str] = own_label
) -> DroppedFile:
    """A file of rejected rows, all of them good by now, of these loads and lines."""
    own = PEOPLE.strip().split(",") if dataset == "people" else ["city", "county", "country"]
    rows = [
        (*(f"Given {line}", "x", "1900-01-01", "Weir")[: len(own)], label(load), str(line), "", "", "", "")
        for load, line in named
    ]
    return dropped(load_id, dataset, ",".join([*own, *report_columns(own)]), *rows)


def with_rejects(house: Warehouse, *load_ids: int) -> None:
    house.load(*(dropped(load_id, "people", PEOPLE.strip(), ("x",), ("y",)) for load_id in load_ids))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_first_of_several_loads_heals_in_whatever_order_they_come(
    warehouse: OpenWarehouse, order: tuple[int, ...]
) -> None:
    """G2 and G3: each message comes twice."""
    house = warehouse(default_catalog())
    with_rejects(house, 1)
    files = [corrected(2, (1, 2)), corrected(3, (1, 2), (1, 3)), corrected(4, (1, 3))]
    house.claim(*files)

    for place in order:
        house.deliver(*messages(files[place]), *messages(files[place]))

    assert healed(house) == {(1, 2): 2, (1, 3): 3}


def test_only_rejects_of_earlier_loads_of_the_same_dataset_are_healed(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    with_rejects(house, 1, 3)

    house.load(corrected(2, (3, 2), (2, 2), (99, 2), (1, 999)), corrected(4, (1, 2), dataset="places"))

    assert set(healed(house).values()) == {None}


@pytest.mark.parametrize("label", [str, lambda load_id: load_label(load_id, "f" * 16)], ids=["no token", "another"])
def test_a_file_that_is_not_made_of_our_own_heals_nothing(
    warehouse: OpenWarehouse, label: Callable[[int], str]
) -> None:
    """Any program can write a number and a line; the token is only in the file that we wrote."""
    house = warehouse(default_catalog())
    with_rejects(house, 1)

    house.load(corrected(2, (1, 2), (1, 3), label=label))

    assert set(healed(house).values()) == {None}
    assert house.accounts(2).inserted == 2


def test_rejects_of_loads_before_tokens_are_healed_by_their_files_as_they_are(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    with_rejects(house, 1)
    with house.database.transaction() as connection:
        connection.execute(update(house.schema.loads).where(house.schema.loads.c.load_id == 1).values(token=None))

    house.load(corrected(2, (1, 2), label=str))

    assert healed(house) == {(1, 2): 2, (1, 3): None}


def test_many_rows_are_healed_at_once(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(dropped(1, "people", PEOPLE.strip(), *[("x",)] * 2500), rows=2500)

    house.load(corrected(2, *((1, line) for line in range(2, 2502))), rows=2500)

    assert set(healed(house).values()) == {2}
