#!/bin/sh
# Runs a command as the owner of the data folder, so that all files in it keep that owner.
# Usage: entrypoint.sh [--announce] COMMAND [ARGUMENT...]
#   --announce     log a warning if the command runs as root
#   INFLOW_UID     user id to run as, instead of the owner's
#   INFLOW_GID     group id; by default the value of INFLOW_UID if that is set, else the owner's group
set -eu

unprivileged=10001

log() { # LEVEL ACTION MESSAGE: writes a line in the format of the services
    printf '{"time":"%s","level":"%s","service":"entrypoint","message":"%s","action":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" "$1" "$3" "$2" >&2
}

require_number() { # NAME VALUE
    case $2 in
        '' | *[!0-9]*)
            log error configuration_wrong "$1 is not a number; expected a number such as 1000, or leave it empty"
            exit 2
            ;;
    esac
}

announce=no
if [ "$1" = --announce ]; then
    announce=yes
    shift
fi

# The inherited HOME is root's, or missing; /tmp is the one folder that every user may write to.
export HOME=/tmp

# Started with --user: there are no privileges to drop.
[ "$(id -u)" -eq 0 ] || exec "$@"

# Without a mount this is the image's own folder, which belongs to the unprivileged user.
owner=$(stat -c %u:%g -- "${INFLOW_DATA:-/data}" 2>/dev/null || echo "$unprivileged:$unprivileged")
uid=${INFLOW_UID:-${owner%:*}}
gid=${INFLOW_GID:-${INFLOW_UID:-${owner#*:}}}
require_number INFLOW_UID "$uid"
require_number INFLOW_GID "$gid"

if [ "$uid" -eq 0 ] && [ "$announce" = yes ]; then
    log warning running_as_root "running as root, because root owns the data folder or INFLOW_UID is 0"
fi
exec setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
