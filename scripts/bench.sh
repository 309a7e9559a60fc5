#!/bin/sh
# Runs the benchmark (docs/performance.md) with the given options, in a virtual environment of its own: the rivals need
# about forty packages that nothing else uses.
set -eu
cd "$(dirname "$0")/.."

venv=build/bench-venv
stamp=$venv/installed-for
wanted=$(pwd; cksum requirements-bench.lock)

if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    printf 'bench: installing the rivals into %s\n' "$venv"
    .venv/bin/python -m venv --clear "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-bench.lock
    printf '%s\n' "$wanted" >"$stamp"
fi
exec "$venv/bin/python" -m benchmarks "$@"
