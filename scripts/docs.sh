#!/bin/sh
# Builds the documentation site into build/site, in a virtual environment of its own. The documents are written for the
# forge; the site shows the same README, CONTRIBUTING, CHANGELOG and SECURITY files.
set -eu
cd "$(dirname "$0")/.."

venv=build/docs-venv
stamp=$venv/installed-for
wanted=$(pwd; cksum requirements-docs.lock)

if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    printf 'docs: installing mkdocs into %s\n' "$venv"
    .venv/bin/python -m venv --clear "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-docs.lock
    printf '%s\n' "$wanted" >"$stamp"
fi
# Otherwise mkdocs advertises another program at each build.
export NO_MKDOCS_2_WARNING=1
exec "$venv/bin/mkdocs" build --strict
