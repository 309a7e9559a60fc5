"""The image and the compose project, as a user gets them: one build and one project for all these tests.

The tests share a database: each drops people of a family of its own, and the right summary counts them all.
"""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.births import births
from tests.support.compose import (
    COMPOSE_FILE,
    POSTGRESQL_FILE,
    REPOSITORY,
    SERVICES,
    Project,
    docker,
    require_docker,
    running_project,
)

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]

WHO_AM_I = ("python", "-c", "import os; print(os.getuid(), os.getgid(), os.environ['HOME'])")
#: A data folder with an owner; no folder of the host is needed for it.
FOLDER = "--tmpfs=/data:uid=1234,gid=2345"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    require_docker()
    with running_project(tmp_path_factory.mktemp("compose")) as project:
        yield project


@pytest.fixture
def project(running: Project) -> Project:
    """The project, healthy and with one writer, whatever the test before did to it."""
    running.up()
    return running


def test_servers_and_services_become_healthy(project: Project) -> None:
    health = {service: container["State"]["Health"]["Status"] for service, container in project.containers()}

    assert health == dict.fromkeys(SERVICES | {"rabbitmq", "mysql"}, "healthy")


def test_people_and_later_places_give_the_exact_summary(project: Project) -> None:
    family = births("People First", people=5_000)

    project.drop("people-first.csv", family.people_csv)
    project.wait_for_file("archive", "people-first")
    project.drop("places-later.csv", family.places_csv)
    project.births.update(family.by_country)

    project.wait_for_the_right_summary()


def test_places_and_later_people_give_the_exact_summary_with_four_writers(project: Project) -> None:
    family = births("Places First", people=20_000)

    project.up(writers=4)
    project.drop("places-first.csv", family.places_csv)
    project.wait_for_file("archive", "places-first")
    project.drop("people-later.csv", family.people_csv)
    project.births.update(family.by_country)

    project.wait_for_the_right_summary()


def test_a_restart_of_everything_in_the_middle_of_a_load_keeps_the_result(project: Project) -> None:
    family = births("Restarted", people=20_000)

    project.compose("stop", "writer")
    project.drop("places-restarted.csv", family.places_csv)
    project.drop("people-restarted.csv", family.people_csv)
    project.wait_for_file("processing", "people-restarted")
    project.compose("restart")
    project.births.update(family.by_country)

    project.wait_for_the_right_summary()


def test_stop_ends_every_container_with_zero_within_its_grace_period(project: Project) -> None:
    project.compose("stop")

    ends = {(service, container["State"]["ExitCode"]) for service, container in project.containers()}
    assert ends == {(service, 0) for service in SERVICES | {"rabbitmq", "mysql"}}


def test_the_command_in_the_watcher_lists_the_loads_as_archived(project: Project) -> None:
    family = births("Listed", people=10)

    project.drop("people-listed.csv", family.people_csv)
    project.drop("places-listed.csv", family.places_csv)
    project.births.update(family.by_country)
    project.wait_for_file("archive", "people-listed")
    project.wait_for_file("archive", "places-listed")
    loads = json.loads(project.compose("exec", "--no-TTY", "watcher", "inflow", "status", "--json"))["loads"]

    states = {load["file"]: load["state"] for load in loads}
    assert (states["people-listed.csv"], states["places-listed.csv"]) == ("archived", "archived")


def test_a_backup_is_restored_as_documented_and_the_archive_is_replayed(project: Project) -> None:
    before, since = births("Backed Up", people=500), births("Since", people=500)
    dump, stop, purge, restore, start, dry_run, replay = documented_commands("Backup")

    project.drop("places-backed-up.csv", before.places_csv)
    project.drop("people-backed-up.csv", before.people_csv)
    project.births.update(before.by_country)
    project.wait_for_the_right_summary()
    project.shell(dump)
    at_backup = project.births.copy()
    project.drop("places-since.csv", since.places_csv)
    project.drop("people-since.csv", since.people_csv)
    project.births.update(since.by_country)
    project.wait_for_the_right_summary()

    project.shell(stop)
    project.shell(purge)
    project.shell(restore)
    project.shell(start)
    lost, project.births = project.births, at_backup
    project.wait_for_the_right_summary()
    assert "2 of 2 files would be loaded again" in project.shell(dry_run)
    project.shell(replay)
    project.births = lost
    project.wait_for_the_right_summary()


def documented_commands(heading: str) -> list[str]:
    """Return the commands that a section of the operator's handbook tells to run, in order."""
    handbook = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    section = handbook.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    return blocks.replace("\\\n", "").splitlines()


def test_everything_in_the_data_folder_belongs_to_who_owns_the_folder(project: Project) -> None:
    family = births("Owned", people=10)

    project.drop("people-owned.csv", family.people_csv + "No,Date,yesterday,Kelso\n")
    project.wait_for_file("archive", "people-owned")
    project.wait_for_file("rejected", "people-owned")
    project.compose("exec", "--no-TTY", "watcher", "inflow", "status")

    owner = project.data.stat()
    strangers = {
        str(path): (path.stat().st_uid, path.stat().st_gid)
        for path in project.data.rglob("*")
        if (path.stat().st_uid, path.stat().st_gid) != (owner.st_uid, owner.st_gid)
    }
    assert strangers == {}


def test_services_run_as_the_owner_of_the_data_folder_and_the_writer_as_nobody(project: Project) -> None:
    user = ("stat", "--format=%u:%g", "/proc/1")
    users = {service: project.compose("exec", "--no-TTY", service, *user).strip() for service in SERVICES}

    owner = f"{project.data.stat().st_uid}:{project.data.stat().st_gid}"
    assert users == {"watcher": owner, "aggregator": owner, "writer": "10001:10001"}


def test_services_get_two_capabilities_no_new_privileges_and_a_read_only_root(project: Project) -> None:
    hosts = [container["HostConfig"] for service, container in project.containers() if service in SERVICES]

    assert [host["ReadonlyRootfs"] for host in hosts] == [True] * 3
    assert [host["SecurityOpt"] for host in hosts] == [["no-new-privileges:true"]] * 3
    assert [host["CapDrop"] for host in hosts] == [["ALL"]] * 3
    # Engines differ in how they spell and sort them.
    added = [{name.removeprefix("CAP_") for name in host["CapAdd"]} for host in hosts]
    assert added == [{"SETUID", "SETGID"}] * 3


def test_mysql_is_initialised_by_schema_sql(project: Project) -> None:
    assert "/docker-entrypoint-initdb.d/schema.sql" in project.compose("logs", "mysql")


def test_ports_are_published_on_loopback_only(project: Project) -> None:
    published = {
        (service, port, address["HostIp"])
        for service, container in project.containers()
        for port, addresses in container["NetworkSettings"]["Ports"].items()
        for address in addresses or []
    }

    assert published == {
        ("rabbitmq", "5672/tcp", "127.0.0.1"),
        ("rabbitmq", "15672/tcp", "127.0.0.1"),
        ("mysql", "3306/tcp", "127.0.0.1"),
    }


def test_the_management_page_answers(project: Project) -> None:
    address = project.compose("port", "rabbitmq", "15672").strip()

    with urllib.request.urlopen(f"http://{address}/", timeout=10) as page:
        assert "RabbitMQ" in page.read().decode()


def test_no_password_is_in_the_image_or_in_the_log(project: Project) -> None:
    image = docker("image", "inspect", project.image) + docker("history", "--no-trunc", project.image)
    log = project.compose("logs", *SERVICES)

    defaults = re.findall(r"PASSWORD:-([^}]+)}", COMPOSE_FILE.read_text())
    assert [word for word in (*defaults, *project.passwords.values()) if word in image] == []
    assert [word for word in project.passwords.values() if word in log] == []


@pytest.mark.parametrize(
    ("options", "user"),
    [
        pytest.param([], "10001 10001", id="10001 without a mount"),
        pytest.param([FOLDER], "1234 2345", id="the owner of the data folder"),
        pytest.param([FOLDER, "--env=INFLOW_UID=77"], "77 77", id="INFLOW_UID"),
        pytest.param([FOLDER, "--env=INFLOW_UID=77", "--env=INFLOW_GID=88"], "77 88", id="INFLOW_UID and INFLOW_GID"),
        pytest.param([FOLDER, "--env=INFLOW_UID=77", "--user=55:66"], "55 66", id="the user it is started as"),
    ],
)
def test_the_image_runs_as(project: Project, options: list[str], user: str) -> None:
    assert docker("run", "--rm", *options, project.image, *WHO_AM_I) == f"{user} /tmp\n"


def test_the_image_runs_as_root_only_where_root_owns_the_folder_and_says_so(project: Project) -> None:
    command = ["docker", "run", "--rm", "--tmpfs=/data:uid=0", project.image, *WHO_AM_I]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "0 0 /tmp\n"
    line = json.loads(done.stderr)
    assert (line["level"], line["action"]) == ("warning", "running_as_root")


def test_a_user_that_is_not_a_number_is_a_configuration_error(project: Project) -> None:
    command = ["docker", "run", "--rm", "--env=INFLOW_UID=bob", project.image, *WHO_AM_I]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "INFLOW_UID" in json.loads(done.stderr)["message"]


def test_the_example_of_env_shows_every_setting_with_its_default() -> None:
    texts = [file.read_text(encoding="utf-8") for file in (COMPOSE_FILE, POSTGRESQL_FILE)]
    settings = {name: default for text in texts for name, default in re.findall(r"\$\{(\w+):-([^}]*)}", text)}
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")

    assert dict(re.findall(r"^#([A-Z_]+)=(.*)$", example, re.MULTILINE)) == settings
