#!/bin/sh
# Loads the sample files into a fresh folder, in embedded mode, and shows the result.
set -eu
cd "$(dirname "$0")/.."

inflow=.venv/bin/inflow
data=build/demo
export INFLOW_LOG_FORMAT=text

heading() { printf '\n== %s\n' "$*"; }

rm -rf "$data"
mkdir -p "$data/inbox"
cp data/samples/*.csv "$data/inbox/"

heading "inflow run --embedded --data $data --until-idle"
"$inflow" run --embedded --data "$data" --until-idle

heading "What was loaded: inflow status --data $data"
"$inflow" status --data "$data"

heading "What was rejected: correct the rows and drop the file again"
for file in "$data"/rejected/*; do
    [ -f "$file" ] || continue
    printf '%s\n' "$file"
    sed 's/^/    /' "$file"
done

heading "What was summarised: $data/summary_output.json"
cat "$data/summary_output.json"
printf '\n'
