#!/bin/sh
# Creates .venv with the locked dependencies and this project. Quick if nothing has changed.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/installed-for
# The inputs of the installation, including the folder's path, which is written into the installed commands.
wanted=$(pwd; cksum requirements-dev.lock pyproject.toml scripts/setup.sh)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "found no Python 3.11 or newer, which Inflow needs; install one and name it: make setup PYTHON=python3.13"
}

ensure_venv_module() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    package=python3-venv
    [ "$1" = /usr/bin/python3 ] || package=$("$1" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    command -v apt-get >/dev/null ||
        die "this Python lacks the modules venv and ensurepip, which are needed for a virtual environment; install them"
    [ "$(id -u)" = 0 ] ||
        die "this Python lacks the modules venv and ensurepip; install them: sudo apt-get install $package"
    say "installing the Debian package $package with apt-get"
    apt-get -qq -o DPkg::Lock::Timeout=300 update || say "apt-get update failed; trying with the lists at hand"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
        install "$package" >/dev/null
}

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
if ! is_new_enough "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    ensure_venv_module "$python"
    say "creating $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi
rm -f "$stamp"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
say "installing the locked packages into $venv"
$pip install --require-hashes -r requirements-dev.lock
$pip install --no-deps --no-build-isolation --editable .
printf '%s\n' "$wanted" >"$stamp"
say "done; the command is $venv/bin/inflow"
