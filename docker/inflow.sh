#!/bin/sh
# The command `inflow` of the image. `docker exec` starts it as root, past the entry point: so it goes there first.
exec /opt/inflow/bin/entrypoint.sh /opt/venv/bin/inflow "$@"
