"""Run the aggregator: python -m services.aggregator."""

import sys

from services.aggregator.service import prepare
from shared.service.running import run_service

if __name__ == "__main__":
    sys.exit(run_service("aggregator", prepare))
