#!/bin/sh
# The command `inflow` of the image. `docker exec` starts it as root and bypasses the entry point, so it calls that first.
exec /opt/inflow/bin/entrypoint.sh /opt/venv/bin/inflow "$@"
