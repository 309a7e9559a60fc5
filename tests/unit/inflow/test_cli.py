"""The parser of the command: a module for each command, imported once the command is chosen."""

import pkgutil
import subprocess
import sys

import pytest

import inflow.commands
from inflow.cli import main
from shared.runtime.exit_codes import ExitCode

MODULES = {module.name for module in pkgutil.iter_modules(inflow.commands.__path__)}


def test_every_module_of_the_commands_is_a_command_that_the_help_lists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    listed = {
        line.split()[0]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("    ") and line[4:5].strip()
    }
    assert {name.replace("-", "_") for name in listed - {"COMMAND"}} == MODULES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_command_explains_its_arguments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = name.replace("_", "-")
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == ExitCode.OK
    assert capsys.readouterr().out.startswith(f"usage: inflow {command} [-h]")


def test_a_health_check_imports_neither_a_driver_nor_another_command() -> None:
    program = "import sys; from inflow.cli import main; main(['health']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    modules = set(done.stdout.split())
    assert "INFLOW_HEALTH_FILE is not set" in done.stderr
    assert not modules & {"sqlalchemy", "pika", "orjson", "pyarrow", "openpyxl"}
    assert {name for name in modules if name.startswith("inflow.commands.")} == {"inflow.commands.health"}
