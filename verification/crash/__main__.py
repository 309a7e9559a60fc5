"""Runs the crash points on real servers: python -m verification.crash."""

import signal
import sys

from verification.crash.command import main

if __name__ == "__main__":
    # If ended by `timeout` or a CI runner, it cleans up as after ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
