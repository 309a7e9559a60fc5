"""The crash points of a watcher."""

from functools import partial

from verification.crash.calls import (
    commits_within,
    gave_something,
    given,
    into,
    of_kind,
    routed_as,
    send_to_the_end,
)
from verification.crash.points import Point

_PUBLISH = "shared.messaging.rabbitmq:Publisher.publish"
_SEND = "pika.channel:Channel.basic_publish"
_ACK = "pika.adapters.blocking_connection:BlockingChannel.basic_ack"
_COMMIT = "pymysql.connections:Connection._execute_command"
_FEEDER = "services.extractor.round_robin:Feeder"
_FINISHING = "services.watcher.leaving.archiving"

_before = partial(Point, service="watcher", moment="before")
_after = partial(Point, service="watcher", moment="after")
_entered = partial(Point, service="watcher", moment="entered")

_CLAIMING = (
    _after(
        name="after load numbers are reserved",
        target="services.watcher.claiming.intake:Intake._reserve",
        when=given("count"),
    ),
    _before(name="before the claim's rename", target="os:rename", when=into("processing")),
    _after(name="after the claim's rename", target="os:rename", when=into("processing")),
    _after(name="before the commit of the claims", target="shared.storage.ledger.registration:register"),
    _after(name="in the commit of the claims", target=_COMMIT, when=commits_within("adopt")),
    _after(
        name="after the claims are in the ledger",
        target="services.watcher.claiming.intake:Intake.adopt",
        when=gave_something,
    ),
)

_PUBLISHING = (
    _after(
        name="after the header is in the ledger",
        target="services.extractor.extraction:Extractor._enter",
    ),
    _before(name="before a chunk is published", target=_PUBLISH, when=of_kind("rows.extracted")),
    _after(
        name="after a chunk is sent, before its confirm",
        target=_SEND,
        when=routed_as("rows.extracted"),
        last_act=send_to_the_end,
    ),
    _after(name="after a chunk is published", target=_PUBLISH, when=of_kind("rows.extracted")),
    _before(name="after the last chunk, before the manifest", target=_PUBLISH, when=of_kind("load.extracted")),
    _after(
        name="after the manifest is sent, before its confirm",
        target=_SEND,
        when=routed_as("load.extracted"),
        last_act=send_to_the_end,
    ),
    _after(name="after the manifest, before it is entered", target=_PUBLISH, when=of_kind("load.extracted")),
    _after(name="after the ledger says published", target=f"{_FEEDER}._finish"),
)

_ARCHIVING = (
    _before(name="before the rejects file is written", target=f"{_FINISHING}:write_rejects"),
    _entered(name="in the writing of the rejects file", target="services.extractor.rejects.rejects_file:replacing"),
    _before(name="before the rename of the rejects file", target="os:replace", when=into("rejected", ending=".csv")),
    _after(name="after the rejects file is written", target=f"{_FINISHING}:write_rejects"),
    _after(
        name="before the commit of the ledger that say archived",
        target="shared.storage.ledger.load_states:mark_archived",
    ),
    _after(name="in a commit while files are taken out", target=_COMMIT, when=commits_within("take_out")),
    _before(name="before the rename into archive/", target="os:rename", when=into("archive")),
    _after(name="after the rename into archive/", target="os:rename", when=into("archive")),
    _after(name="after finished files are out", target=f"{_FINISHING}:Finisher.take_out", when=gave_something),
    _before(name="before a completion is acknowledged", target=_ACK),
    _after(name="after a completion is acknowledged", target=_ACK),
)

_REFUSING = (
    _before(name="before a refusal is in the ledger", target="shared.storage.ledger.load_states:mark_refused"),
    _after(name="after the refusal of a header is in the ledger", target=f"{_FEEDER}._refuse"),
    _after(
        name="after the refusal of a file without dataset is in the ledger",
        target="services.watcher.watcher:Watcher._refuse",
    ),
    _before(name="before a refused file's reason is written", target=f"{_FINISHING}:Finisher._reject"),
    _entered(name="in the writing of a refused file's reason", target="shared.runtime.files:replacing"),
    _before(name="after the reason, before the refused file is moved", target="os:rename", when=into("rejected")),
    _after(name="after the refused file is moved", target="os:rename", when=into("rejected")),
)

WATCHER_POINTS = (*_CLAIMING, *_PUBLISHING, *_ARCHIVING, *_REFUSING)
