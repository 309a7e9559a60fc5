"""The code of earlier versions, from the history of the repository."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from tests.support.command import REPOSITORY
from tests.support.missing import missing

#: The last commit before the tables had a version, and the release.
OLD_VERSIONS = {
    "0099598": "0099598b5a490aee591a62563218729a3947136a",
    "0.1.0": "9d1db7297acfeaa2bad0289e71a7331253cc0bfa",
}
#: The packages, and the file that the default configuration is a link to.
CODE = ("inflow", "services", "shared", "inflow.toml")


def unpack_version(version: str, folder: Path) -> Path:
    """Put the packages of a version into a folder, to be used as PYTHONPATH with the dependencies of this version.

    A shallow clone and an archive of the sources have no history: the test is then skipped, or fails in CI.
    """
    commit = OLD_VERSIONS[version]
    done = subprocess.run(["git", "-C", str(REPOSITORY), "archive", commit, *CODE], capture_output=True, check=False)
    if done.returncode != 0:
        missing(f"the code of {version} is not in this clone (git fetch --unshallow): {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
