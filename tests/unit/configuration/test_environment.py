from collections.abc import Callable
from pathlib import Path

import pytest

from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError


def problems(environment: Environment) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        environment.finish()
    return str(caught.value).splitlines()


def test_a_variable_that_is_set_is_returned() -> None:
    environment = Environment(
        {"TEXT": " a b ", "COUNT": "7", "WAIT": "0.5", "LEVEL": "Debug", "FOLDER": "/srv/data", "FILE": "health"}
    )

    assert environment.text("TEXT", "x") == " a b "
    assert environment.integer("COUNT", 1, minimum=7, maximum=7) == 7
    assert environment.seconds("WAIT", 2.0) == 0.5
    assert environment.choice("LEVEL", ("DEBUG", "INFO"), "INFO") == "DEBUG"
    assert environment.path("FOLDER", Path("data")) == Path("/srv/data")
    assert environment.optional_path("FILE") == Path("health")
    environment.finish()


@pytest.mark.parametrize("variables", [{}, dict.fromkeys(("NAME", "NAME_FILE"), "")], ids=["unset", "empty"])
def test_an_unset_or_empty_variable_has_its_default(variables: dict[str, str]) -> None:
    environment = Environment(variables)

    assert environment.text("NAME", "x") == "x"
    assert environment.integer("NAME", -5, minimum=1) == -5
    assert environment.seconds("NAME", 2.0) == 2.0
    assert environment.choice("NAME", ("a", "b"), "b") == "b"
    assert environment.path("NAME", Path("data")) == Path("data")
    assert environment.optional_path("NAME") is None
    assert not environment.is_set("NAME")
    environment.finish()


def test_the_first_name_with_a_value_wins() -> None:
    environment = Environment({"ONE": "", "TWO_FILE": "somewhere", "THREE": "3"})

    assert environment.first_set("ONE", "TWO", "THREE") == "TWO"
    assert environment.first_set("THREE", "TWO") == "THREE"
    assert environment.first_set("NONE", "ONE") == "NONE"
    assert environment.is_set("ONE", "TWO")


Read = Callable[[Environment], object]


@pytest.mark.parametrize(
    ("value", "read", "problem"),
    [
        ("many", lambda e: e.integer("NAME", 1), 'NAME is "many"; expected a whole number of at least 0'),
        ("0", lambda e: e.integer("NAME", 1, minimum=1), 'NAME is "0"; expected a whole number of at least 1'),
        ("9", lambda e: e.integer("NAME", 1, maximum=8), 'NAME is "9"; expected a whole number from 0 to 8'),
        ("1.5", lambda e: e.integer("NAME", 1), 'NAME is "1.5"; expected a whole number of at least 0'),
        ("soon", lambda e: e.seconds("NAME", 1.0), 'NAME is "soon"; expected a number of seconds above 0'),
        ("0", lambda e: e.seconds("NAME", 1.0), 'NAME is "0"; expected a number of seconds above 0'),
        ("nan", lambda e: e.seconds("NAME", 1.0), 'NAME is "nan"; expected a number of seconds above 0'),
        ("inf", lambda e: e.seconds("NAME", 1.0), 'NAME is "inf"; expected a number of seconds above 0'),
        ("yaml", lambda e: e.choice("NAME", ("json", "text"), "text"), 'NAME is "yaml"; expected one of json, text'),
        ("a\nb", lambda e: e.choice("NAME", ("json", "text"), "text"), 'NAME is "a\\nb"; expected one of json, text'),
    ],
)
def test_a_wrong_value_is_reported_with_the_expected_one(value: str, read: Read, problem: str) -> None:
    environment = Environment({"NAME": value})

    read(environment)

    assert problems(environment) == [problem]


def test_all_problems_are_reported_together_once_each() -> None:
    environment = Environment({"ONE": "x", "TWO": "y"})

    for _ in range(2):
        environment.integer("ONE", 1)
    environment.seconds("TWO", 1.0)
    environment.problem("TWO", "is odd; expected another")

    assert problems(environment) == [
        'ONE is "x"; expected a whole number of at least 0',
        'TWO is "y"; expected a number of seconds above 0',
        "TWO is odd; expected another",
    ]


@pytest.mark.parametrize(
    ("content", "value"),
    [("secret\n", "secret"), ("secret", "secret"), (" secret \n\n", " secret \n"), ("secret\r\n", "secret")],
    ids=["line end", "no line end", "one line end of two", "windows line end"],
)
def test_a_value_may_come_from_a_file(tmp_path: Path, content: str, value: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content.encode())
    environment = Environment({"NAME_FILE": str(file)})

    assert environment.is_set("NAME")
    assert environment.text("NAME", "x") == value
    environment.finish()


def test_a_number_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("5672\n", encoding="utf-8")

    assert Environment({"PORT_FILE": str(tmp_path / "port")}).integer("PORT", 1) == 5672


def test_a_path_is_never_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("elsewhere", encoding="utf-8")

    assert Environment({"DATA_FILE": str(tmp_path / "other")}).path("DATA", Path("data")) == Path("data")


def test_a_value_and_a_file_for_it_are_a_problem() -> None:
    environment = Environment({"NAME": "secret", "NAME_FILE": "/run/secrets/name"})

    environment.text("NAME", "x")

    assert problems(environment) == ["NAME and NAME_FILE are both set; expected one of them"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read: No such file or directory; expected a readable file"),
        (b"\xff", "can't be read: it is not UTF-8; expected a readable file"),
        (b"\n", "is empty; expected a value in it"),
    ],
    ids=["missing", "not UTF-8", "empty"],
)
def test_a_file_without_a_usable_value_is_a_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    environment = Environment({"NAME_FILE": str(file)})

    assert environment.text("NAME", "x") == "x"

    assert problems(environment) == [f'NAME_FILE names "{file}", which {reason}']


def test_the_content_of_a_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2", encoding="utf-8")
    environment = Environment({"PORT_FILE": str(tmp_path / "password")})

    environment.integer("PORT", 1)

    assert problems(environment) == ["PORT_FILE has another value (not shown); expected a whole number of at least 0"]


def test_a_url_with_a_password_in_the_wrong_place_is_not_shown() -> None:
    environment = Environment({"PORT": "amqp://inflow:hunter2@rabbitmq:5672"})

    environment.integer("PORT", 1)

    assert problems(environment) == ["PORT has another value (not shown); expected a whole number of at least 0"]
