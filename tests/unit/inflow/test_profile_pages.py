"""The output of a profile as page and text: complete and harmless for any values."""

import json
from html.parser import HTMLParser

import orjson
import pytest

from inflow.presentation.profile.html import as_html
from inflow.presentation.profile.text import as_text
from inflow.presentation.profile.toml import as_toml
from shared.configuration.catalog import parse_catalog
from shared.model.datasets import Catalog
from shared.model.unreadable_rows import UnreadableRow
from shared.profiling.profile import Profile
from shared.profiling.proposal import propose
from tests.unit.profiling.tables import profiled

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "&amp;&lt;",
    "]]>-->",
    "</style></title>",
    "\x1b[31mred\x07\r\n",
    "\u202edrawkcab",
    "w" * 200_000,
    "line\nfeed",
    "\x00",
    '"""\\u0022\n[datasets.evil]',
)
#: Characters that are escaped.
SHOWN = {
    "\x1b[31mred\x07\r\n": r"\x1b[31mred\x07\r\n",
    "\u202edrawkcab": r"\u202edrawkcab",
    "line\nfeed": r"line\nfeed",
    "\x00": r"\x00",
    HOSTILE[-1]: r'"""\u0022\n[datasets.evil]',
}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "h1", "h2", "h3", "p", "div", "table", "thead",
    "tbody", "tr", "th", "td", "a", "span", "svg", "rect", "ul", "li", "article", "dl", "dt", "dd", "figure",
    "figcaption",
}  # fmt: skip


class Page(HTMLParser):
    """Checks that elements are properly nested, and records them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def hostile() -> Profile:
    header = [*HOSTILE[:5], "plain"]
    rows = [[HOSTILE[(n + column) % len(HOSTILE)] for column in range(5)] + [str(n)] for n in range(40)]
    unreadable = UnreadableRow(line=50, code="dialect-error", message=HOSTILE[0], raw=HOSTILE[1])
    return profiled(header, [*rows, unreadable, ["too", "short"]]).profile


@pytest.fixture(scope="module")
def page(hostile: Profile) -> Page:
    return Page(as_html(hostile))


def test_the_page_is_well_formed_and_of_known_elements(page: Page) -> None:
    assert page.open == []
    assert page.elements <= ALLOWED


def test_nothing_on_the_page_runs_or_comes_from_elsewhere(page: Page) -> None:
    assert not any(name.startswith("on") or name == "src" for name, _ in page.attributes)
    assert all(value.startswith("#column-") for name, value in page.attributes if name == "href")
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_hostile_values_are_shown_as_text(page: Page) -> None:
    for value in HOSTILE[:6]:
        assert value in page.text


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_shown_without_invisible_characters(value: str) -> None:
    page = Page(as_html(profiled(["x", "y"], [[value, "1"], [value, "2"]]).profile))

    assert SHOWN.get(value, value[:59]) in page.text
    assert all(each.isprintable() or each == "\n" for each in page.text)
    assert "w" * 1000 not in page.text


def test_every_picture_has_a_description(page: Page) -> None:
    pictures = page.attributes.count(("role", "img"))
    labels = [value for name, value in page.attributes if name == "aria-label"]

    assert pictures == len(labels) > 5
    assert all(labels)


def test_links_point_to_existing_columns(page: Page) -> None:
    links = {value.removeprefix("#") for name, value in page.attributes if name == "href"}

    assert links == {value for name, value in page.attributes if name == "id"} == {f"column-{n}" for n in range(1, 7)}


def test_the_text_is_narrow_and_has_no_control_characters(hostile: Profile) -> None:
    text = as_text(hostile)

    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(map(len, text.splitlines())) <= 78


def test_the_toml_of_hostile_values_has_only_the_dataset(hostile: Profile) -> None:
    datasets = parse_catalog(as_toml(propose(hostile, Catalog(datasets={}, summaries=()))), source="hostile").datasets

    assert list(datasets) == ["things"]
    assert datasets["things"].column_names == ("plain",)


def test_json_can_hold_hostile_values(hostile: Profile) -> None:
    decoded = json.loads(orjson.dumps(hostile))

    assert decoded["columns"][0]["name"] == HOSTILE[0]
    assert decoded["rejected_rows"][0]["message"] == HOSTILE[0]


def test_the_page_of_an_empty_table_is_well_formed() -> None:
    assert Page(as_html(profiled(["a"], []).profile)).open == []
    text = as_text(profiled(["a"], []).profile)
    assert text.startswith("things-2024.csv: 0 rows, 1 column, 0 rejected")
    assert text.endswith("none: there are no rows")


def test_the_same_table_gives_the_same_page() -> None:
    rows = [[str(n * n % 20_011), "x" * (n % 7)] for n in range(30_000)]

    assert as_html(profiled(["a", "b"], rows).profile) == as_html(profiled(["a", "b"], rows).profile)
