"""The crash points of an aggregator."""

from functools import partial

from verification.crash.calls import commits_within, of_file, onto
from verification.crash.points import Point

_AGGREGATOR = "services.aggregator.aggregator:Aggregator"
_COUNTS = "shared.storage.counting.counts:Counts"
_FOLDING = "shared.storage.counting.folding:Folding"
_SUMMARISED = "shared.storage.ledger.completions:mark_summarised"
_ACK = "pika.adapters.blocking_connection:BlockingChannel.basic_ack"
_COMMIT = "pymysql.connections:Connection._execute_command"
_SUMMARY = "summary_output.json"

_before = partial(Point, service="aggregator", moment="before")
_after = partial(Point, service="aggregator", moment="after")
_entered = partial(Point, service="aggregator", moment="entered")

AGGREGATOR_POINTS = (
    _before(name="on an event", target=f"{_AGGREGATOR}.handle"),
    _before(name="before deltas are folded", target=f"{_FOLDING}._add"),
    _after(name="after the counts are added to, before the deltas are taken out", target=f"{_FOLDING}._add"),
    _after(name="after the deltas are taken out, before the commit", target=f"{_FOLDING}._remove"),
    _after(name="in the commit of a fold", target=_COMMIT, when=commits_within("_fold_some")),
    _after(name="after a fold", target=f"{_FOLDING}._fold_some"),
    _after(name="before the commit of a built count", target=f"{_COUNTS}._build"),
    _after(name="in the commit of a built count", target=_COMMIT, when=commits_within("build")),
    _before(name="before the query", target=f"{_AGGREGATOR}._render"),
    _after(name="after the query, before the temporary file", target=f"{_AGGREGATOR}._render"),
    _entered(name="in the writing of the summary", target="shared.runtime.files:replacing"),
    _before(name="before the fsync of the temporary file", target="os:fsync", when=of_file(".inflow-")),
    _before(name="before the rename of the summary", target="os:replace", when=onto(_SUMMARY)),
    _after(name="after the rename, before the folder's fsync", target="os:replace", when=onto(_SUMMARY)),
    _before(name="before the ledger says summarised", target=_SUMMARISED),
    _after(name="before the commit of the ledger that say summarised", target=_SUMMARISED),
    _after(name="in a commit of a recomputation", target=_COMMIT, when=commits_within("recompute")),
    _after(name="after the ledger says summarised", target=f"{_AGGREGATOR}.recompute"),
    _after(name="after an event is handled, before its ack", target=f"{_AGGREGATOR}.handle"),
    _before(name="in pika's thread, before the ack of an event", target=_ACK),
    _after(name="after the ack of an event", target=_ACK),
)
