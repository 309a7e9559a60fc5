"""The crash points of a writer."""

from functools import partial

from verification.crash.calls import commits_within, gave_something, given, of_kind, routed_as, send_to_the_end, within
from verification.crash.points import Point

_HANDLERS = "services.writer.handlers:WriterHandlers"
_PROGRESS = "services.writer.load_progress"
_PUBLISH = "shared.messaging.rabbitmq:Publisher.publish"
_SEND = "pika.channel:Channel.basic_publish"
_ACK = "pika.adapters.blocking_connection:BlockingChannel.basic_ack"
_COMMIT = "pymysql.connections:Connection._execute_command"

_before = partial(Point, service="writer", moment="before")
_after = partial(Point, service="writer", moment="after")

_APPLYING = (
    _before(name="on a delivery, before the transaction", target=f"{_HANDLERS}.handle"),
    _after(name="after the ledger entry", target=f"{_PROGRESS}:enter_chunk", when=gave_something),
    _after(name="after the merge, before the accounts", target="services.writer.merge:Merger.merge"),
    _after(name="after the rejects are entered", target=f"{_PROGRESS}:record_rejections", when=given("rejections")),
    _after(name="after the deltas are left, before the accounts", target=f"{_PROGRESS}:record_deltas"),
    _after(name="after the accounts, before the completion", target=f"{_PROGRESS}:count_chunk"),
    _after(
        name="before the commit of a chunk",
        target=f"{_PROGRESS}:complete_if_balanced",
        when=within("_apply_chunk"),
    ),
    _after(name="in the commit of a chunk", target=_COMMIT, when=commits_within("_apply_chunk")),
    _after(
        name="before the commit of a manifest",
        target=f"{_PROGRESS}:complete_if_balanced",
        when=within("_apply_manifest"),
    ),
    _after(name="in the commit of a manifest", target=_COMMIT, when=commits_within("_apply_manifest")),
    _after(name="before the commit of a completion", target=f"{_PROGRESS}:complete_if_balanced", when=gave_something),
    _after(name="after the commit, before the ack", target=f"{_HANDLERS}.handle"),
    _before(name="in pika's thread, before the ack", target=_ACK),
    _after(name="after the ack", target=_ACK),
)

_RELAYING = (
    # By its manifest, which comes last if one writer handles all messages in order.
    _after(
        name="after the commit of a completion, before the relay hears of it",
        target=f"{_HANDLERS}._apply_manifest",
        when=gave_something,
    ),
    _before(name="before load.completed is published", target=_PUBLISH, when=of_kind("load.completed")),
    _after(
        name="after load.completed is sent, before its confirm",
        target=_SEND,
        when=routed_as("load.completed"),
        last_act=send_to_the_end,
    ),
    _after(name="after load.completed is published", target=_PUBLISH, when=of_kind("load.completed")),
    _after(name="before the commit that takes the event out", target="services.writer.relay:waiting_references"),
    _after(name="after the event is out", target="services.writer.relay:Relay.run_once", when=gave_something),
)

WRITER_POINTS = (*_APPLYING, *_RELAYING)
