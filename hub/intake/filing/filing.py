"""Filing of events: rows, alerts and queued notifications, all in the caller's transaction."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.event import listen

from agent.wire.answers import Refusal, RefusalReason
from agent.wire.messages import (
    Body,
    CameraBack,
    CameraLost,
    ClipBegun,
    ClipDropped,
    ClipReady,
    ClockSet,
    Event,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
    TamperBegan,
    TamperEnded,
)
from hub.alerting.alerts.rules.grouping import Policy, age_s
from hub.base.db.bounds import bigint, text
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment
from hub.intake.filing import boot_clocks, node_plans, sighting_plans, tamper_plans
from hub.intake.filing.event import FilingPlan, NodeEvent
from hub.intake.filing.facts import BatchFacts
from hub.intake.filing.facts_reading import Placed, read_facts
from hub.intake.rules.boot_clock import BootClock, StampedTimes, happened
from hub.nodes.spool import event_rows
from hub.registry.registry import Origin
from hub.registry.tables import cameras, nodes
from hub.registry.tables import set_aside as aside

KEPT_BYTES: Final = 64 * 1024
"""Bytes kept of a message that cannot be filed."""


@dataclass(frozen=True, slots=True)
class Filed:
    """Result of one event: stored (now or before), or refused for good."""

    event_id: UUID
    is_stored: bool
    is_repeat: bool = False
    fate: str = ""
    """One of `alerted`, `grouped`, `silenced`, `muted`, `late`, `noted`. Empty for a refusal."""
    alert_id: UUID | None = None
    refusal: Refusal | None = None


OfNode = node_plans.OfTheNode | ClockSet
"""Messages about the node as a whole, not about one camera."""


class Filing:
    """Files events for one intake thread; caches ids of nodes and cameras."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._nodes: dict[str, UUID] = {}
        self._cameras: dict[tuple[UUID, str], UUID] = {}
        self._watched: Engine | None = None
        self._facts = BatchFacts()

    @contextmanager
    def looking_once(
        self, conn: Connection, batch: Sequence[Event], *, doubtful: Collection[UUID], now: Moment
    ) -> Iterator[None]:
        """For one transaction without other writers: the facts that these events need are read
        together. `doubtful`: events whose number may be another event's."""
        self._look_up(conn, batch)
        origins = ((event, self._origin(conn, event)) for event in batch)
        placed = [Placed(event, one) for event, one in origins if isinstance(one, Origin)]
        self._facts = read_facts(conn, placed, self._policy, doubtful=doubtful, now=now)
        try:
            yield
        finally:
            self._facts = BatchFacts()

    def file_event(self, conn: Connection, event: Event, *, now: Moment) -> Filed:
        """File one event; a repeat changes nothing and is answered as stored."""
        origin = self._origin(conn, event)
        if isinstance(origin, Refusal):
            return Filed(event.event_id, is_stored=False, refusal=origin)
        if (known := self._facts.stored.get(event.event_id)) is not None:
            return _stored_before(event, origin, *known)
        if isinstance(event.body, ClockSet):
            self._facts = BatchFacts()  # times of sightings and alerts may be corrected
        node_event = _node_event(conn, event, origin, now)
        plan = self._plan(conn, node_event, event)
        if not self._add(conn, _row(event, node_event, plan)):
            return _repeat(conn, event, origin)
        plan.write(conn)
        return Filed(event.event_id, is_stored=True, fate=plan.fate, alert_id=plan.alert_id)

    def forget(self) -> None:
        """Clear the cached ids; done automatically after a rollback."""
        self._nodes.clear()
        self._cameras.clear()

    def _add(self, conn: Connection, row: dict[str, Any]) -> bool:
        """Insert the event; False if it is not new."""
        event_id = row["id"]
        if event_id not in self._facts.new_events:
            return event_rows.add_event(conn, row)
        self._facts.stored[event_id] = row["node_id"], row["fate"]
        event_rows.add_new_event(conn, row)
        return True

    def _look_up(self, conn: Connection, batch: Sequence[Event]) -> None:
        """Read the ids of nodes and cameras that are not known yet."""
        self._forget_on_rollback(conn.engine)
        strange = {event.node for event in batch if not self._knows(event)}
        if not strange:
            return
        query = (
            select(nodes.c.id.label("node_id"), nodes.c.name, cameras.c.id, cameras.c.name)
            .outerjoin(cameras, cameras.c.node_id == nodes.c.id)
            .where(nodes.c.name.in_(strange))
        )
        for node_id, node, camera_id, camera in conn.execute(query):
            self._nodes[node] = node_id
            if camera_id is not None:
                self._cameras[node_id, camera] = camera_id

    def _knows(self, event: Event) -> bool:
        node_id = self._nodes.get(event.node)
        if node_id is None or isinstance(event.body, OfNode):
            return node_id is not None
        return (node_id, event.body.camera) in self._cameras

    def _plan(self, conn: Connection, node_event: NodeEvent, event: Event) -> FilingPlan:
        match event.body:
            case SightingOpened() as body:
                return sighting_plans.plan_opened(conn, self._facts, node_event, body, self._policy)
            case SightingUpdated() | SightingClosed() as body:
                return sighting_plans.plan_updated(
                    conn, self._facts, node_event, body, self._policy
                )
            case ClipReady() | ClipBegun() | ClipDropped() as body:
                return node_plans.plan_clip(conn, self._facts, node_event, body, self._policy)
            case CameraLost() | CameraBack() as body:
                return node_plans.plan_camera_state(conn, node_event, body)
            case TamperBegan() | TamperEnded() as body:
                return tamper_plans.plan_tampering(conn, node_event, body)
            case body:
                return _plan_of_node(conn, node_event, body, event=event)

    def _origin(self, conn: Connection, event: Event) -> Origin | Refusal:
        self._forget_on_rollback(conn.engine)
        node_id = self._nodes.get(event.node)
        if node_id is None:
            node_id = conn.scalar(select(nodes.c.id).where(nodes.c.name == event.node))
            if node_id is None:
                return _refuse(event, RefusalReason.UNKNOWN_NODE, f"no node is called {event.node}")
            self._nodes[event.node] = node_id
        if isinstance(event.body, OfNode):
            return Origin(node_id, None)
        camera = event.body.camera
        camera_id = self._cameras.get((node_id, camera))
        if camera_id is None:
            camera_id = conn.scalar(
                select(cameras.c.id).where(cameras.c.node_id == node_id, cameras.c.name == camera)
            )
            if camera_id is None:
                detail = f"{event.node} has named no camera {camera} at its birth"
                return _refuse(event, RefusalReason.UNKNOWN_CAMERA, detail)
            self._cameras[node_id, camera] = camera_id
        return Origin(node_id, camera_id)

    def _forget_on_rollback(self, engine: Engine) -> None:
        # After a rollback, a cached id may belong to a row that was never committed.
        if engine is not self._watched:
            self._watched = engine
            listen(engine, "rollback", lambda _conn: self.forget())
            listen(engine, "rollback_savepoint", lambda _conn, _name, _ctx: self.forget())


def set_aside(
    conn: Connection,
    *,
    topic: str,
    payload: bytes,
    reason: RefusalReason,
    detail: str,
    node_name: str | None,
    event_id: UUID | None,
    now: Moment,
) -> None:
    """Keep the first 64 KiB of a message that cannot be filed, with the reason."""
    conn.execute(
        insert(aside).values(
            id=new_id(now),
            topic=text(topic, 500),
            node_name=node_name,
            event_id=event_id,
            reason=reason.value,
            detail=text(detail, 500),
            size_bytes=len(payload),
            payload=payload[:KEPT_BYTES],
            **columns("received", now),
        )
    )


def _node_event(conn: Connection, event: Event, origin: Origin, now: Moment) -> NodeEvent:
    stamp = Moment(event.stamp.utc_us, event.stamp.error_ms)
    boot = None
    if stamp.error_ms is None:
        boot = boot_clocks.known(conn, origin.node_id, event.boot_id)
    told = StampedTimes(stamp, event.age_ms, event.uptime_ms)
    when = happened(told, boot, now=now)
    when = Moment(bigint(when.utc_us), when.error_ms)
    return NodeEvent(
        origin=origin,
        spool_id=event.spool_id,
        seq=event.seq,
        clock_source=event.stamp.source,
        happened=when,
        shift_us=when.utc_us - event.stamp.utc_us,
        age_s=age_s(
            received_utc_us=now.utc_us,
            stamp_utc_us=when.utc_us,
            # While the hub's clock is doubted, no timestamp is evidence of age.
            stamp_error_ms=None if now.is_doubted else when.error_ms,
            age_ms=event.age_ms,
        ),
        now=now,
    )


def _plan_of_node(
    conn: Connection, node_event: NodeEvent, body: OfNode, *, event: Event
) -> FilingPlan:
    if isinstance(body, ClockSet):
        return _plan_clock(event, node_event)
    return node_plans.plan_node(conn, node_event, body)


def _plan_clock(event: Event, node_event: NodeEvent) -> FilingPlan:
    """The boot's clock is trusted now: correct the times of its earlier events."""
    error_ms, uptime_ms = event.stamp.error_ms, event.uptime_ms
    if error_ms is None or uptime_ms is None:
        return FilingPlan("noted", "a clock that nobody vouches for")
    clock = BootClock(Moment(event.stamp.utc_us, error_ms), uptime_ms)

    def write(conn: Connection) -> None:
        boot_clocks.learn(
            conn, node_event.origin.node_id, event.boot_id, clock=clock, now=node_event.now
        )

    return FilingPlan("noted", "the clock of this boot is trusted now", None, write)


def _row(event: Event, node_event: NodeEvent, plan: FilingPlan) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "node_id": node_event.origin.node_id,
        "spool_id": event.spool_id,
        "seq": event.seq,
        "boot_id": event.boot_id,
        "kind": event.body.kind,
        "camera_id": node_event.origin.camera_id,
        "sighting_id": _spoken_of(event.body),
        **columns("happened", node_event.happened),
        "clock_source": event.stamp.source.value,
        "age_ms": event.age_ms,
        "uptime_ms": event.uptime_ms,
        **columns("received", node_event.now),
        "body": event.body.model_dump_json(),
        "fate": plan.fate,
        "fate_reason": plan.reason,
    }


def _spoken_of(body: Body) -> UUID | None:
    """The sighting or tampering of this message."""
    match body:
        case SightingOpened() | SightingUpdated() | SightingClosed():
            return body.sighting_id
        case TamperBegan() | TamperEnded():
            return body.tamper_id
        case _:
            return None


def _repeat(conn: Connection, event: Event, origin: Origin) -> Filed:
    """Reason of a failed insert: the row exists already, or its number belongs to another event."""
    known = event_rows.stored(conn, [event.event_id]).get(event.event_id)
    if known is not None:
        return _stored_before(event, origin, *known)
    return _taken(event, f"number {event.seq} of this spool is another event's")


def _stored_before(event: Event, origin: Origin, node_id: UUID, fate: str) -> Filed:
    if node_id == origin.node_id:
        return Filed(event.event_id, is_stored=True, is_repeat=True, fate=fate)
    return _taken(event, "this event id is another node's")


def _taken(event: Event, detail: str) -> Filed:
    refusal = _refuse(event, RefusalReason.NUMBER_TAKEN, detail)
    return Filed(event.event_id, is_stored=False, refusal=refusal)


def _refuse(event: Event, reason: RefusalReason, detail: str) -> Refusal:
    return Refusal(event_id=event.event_id, reason=reason, detail=detail)
