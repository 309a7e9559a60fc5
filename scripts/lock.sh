#!/bin/sh
# Writes requirements.lock (the product), requirements-dev.lock (the product and the tools), requirements-bench.lock (the
# product and the benchmark's rivals) and requirements-docs.lock (the product and the tools for the documentation site)
# from pyproject.toml, with the hash of every file.
# Locked versions that still satisfy pyproject.toml stay; `make lock UPGRADE=--upgrade` takes the newest ones.
set -eu
cd "$(dirname "$0")/.."

uv_version=0.13.8
venv=build/lock-venv
"$venv/bin/uv" --version 2>/dev/null | grep -q "^uv $uv_version " || {
    "${PYTHON:-python3}" -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet "uv==$uv_version"
}

compile() {
    "$venv/bin/uv" pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        "$@"
}
compile ${UPGRADE:+"$UPGRADE"} --output-file requirements.lock
compile ${UPGRADE:+"$UPGRADE"} --extra dev --constraint requirements.lock --output-file requirements-dev.lock
compile ${UPGRADE:+"$UPGRADE"} --extra bench --constraint requirements.lock --output-file requirements-bench.lock
compile ${UPGRADE:+"$UPGRADE"} --extra docs --constraint requirements.lock --output-file requirements-docs.lock
