"""Run the writer: python -m services.writer."""

import sys

from services.writer.service import prepare
from shared.service.running import run_service

if __name__ == "__main__":
    sys.exit(run_service("writer", prepare))
