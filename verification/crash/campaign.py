"""Makes many trials, some at a time."""

import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from verification.crash.environment import Servers
from verification.crash.trial import Outcome, Trial
from verification.crash.trial_run import attempt

#: Where a passage does not come again, the last one that did come is tried instead.
_MAX_TRIES = 3


def attempt_all(servers: Servers, trials: Sequence[Trial], *, jobs: int) -> Iterator[Outcome]:
    """Yield what came of each trial, as it comes; when no more is asked for, none is begun any more."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        runs = [pool.submit(_attempt_in_any_case, servers, trial) for trial in trials]
        try:
            yield from (run.result() for run in as_completed(runs))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _attempt_in_any_case(servers: Servers, trial: Trial) -> Outcome:
    """A trial that itself fails is a failure, and no end of the others."""
    try:
        return attempt_until_reached(servers, trial)
    except Exception:
        return Outcome(trial=trial, problems=[traceback.format_exc()])


def attempt_until_reached(servers: Servers, trial: Trial) -> Outcome:
    """Try a passage; where it is not reached this time, the last one that was, a few times."""
    outcome = attempt(servers, trial)
    for _ in range(_MAX_TRIES - 1):
        if outcome.status != "not reached" or not outcome.passed:
            break
        outcome = attempt(servers, replace(trial, passage=outcome.passed))
    return outcome
