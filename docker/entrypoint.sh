#!/bin/sh
# Run a command as the owner of the data folder, so that every file in it stays that owner's.
# Usage: entrypoint.sh [--announce] COMMAND [ARGUMENT...]
#   --announce     say so in the log when the command is about to run as root
#   INFLOW_UID     user number to run as instead of the owner's
#   INFLOW_GID     group number; by default INFLOW_UID's value where that is given, else the owner's group
set -eu

unprivileged=10001

log() { # LEVEL ACTION MESSAGE: a line in the form of the services' own
    printf '{"time":"%s","level":"%s","service":"entrypoint","message":"%s","action":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" "$1" "$3" "$2" >&2
}

require_number() { # NAME VALUE
    case $2 in
        '' | *[!0-9]*)
            log error configuration_wrong "$1 is not a number, such as 1000; change it or leave it empty"
            exit 2
            ;;
    esac
}

announce=no
if [ "$1" = --announce ]; then
    announce=yes
    shift
fi

# The inherited one is root's, or missing; /tmp is the one folder that every user may write to.
export HOME=/tmp

# Started with --user: there is nothing to drop.
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
