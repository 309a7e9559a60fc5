"""Runs many trials, some in parallel."""

import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from verification.crash.environment import Servers
from verification.crash.trial import Outcome, Trial
from verification.crash.trial_run import attempt

#: If a passage does not occur again, the last one that occurred is tried instead.
_MAX_TRIES = 3


def attempt_all(servers: Servers, trials: Sequence[Trial], *, jobs: int) -> Iterator[Outcome]:
    """Yield the result of each trial as it ends; no trial is started once the caller stops asking."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        runs = [pool.submit(_attempt_in_any_case, servers, trial) for trial in trials]
        try:
            yield from (run.result() for run in as_completed(runs))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _attempt_in_any_case(servers: Servers, trial: Trial) -> Outcome:
    """Run a trial; an error of the trial itself is a failure, and does not end the others."""
    try:
        return attempt_until_reached(servers, trial)
    except Exception:
        return Outcome(trial=trial, problems=[traceback.format_exc()])


def attempt_until_reached(servers: Servers, trial: Trial) -> Outcome:
    """Try a passage; if it is not reached this time, try the last one that was, a few times."""
    outcome = attempt(servers, trial)
    for _ in range(_MAX_TRIES - 1):
        if outcome.status != "not reached" or not outcome.passed:
            break
        outcome = attempt(servers, replace(trial, passage=outcome.passed))
    return outcome
