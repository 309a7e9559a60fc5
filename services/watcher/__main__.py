"""Run the watcher: python -m services.watcher."""

import sys

from services.watcher.service import prepare
from shared.service.running import run_service

if __name__ == "__main__":
    sys.exit(run_service("watcher", prepare))
