"""Queries of the service, each limited to a scope: conditions in, read models out.

Only services call these; they add the audit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Uuid,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
)

from hub.alerts.alert import State
from hub.alerts.grants import Right
from hub.alerts.kinds import Kind
from hub.alerts.moment import Moment
from hub.alerts.rules import from_text
from hub.store.alert_tables import alert_changes, alert_history, alerts, sightings, troubles
from hub.store.footage_tables import (
    growing_clips,
    growing_sightings,
    media,
    media_sightings,
    wishes,
)
from hub.store.keeping_tables import retention_rules
from hub.store.notify_tables import notifications, phones
from hub.store.registry_tables import areas, cameras, nodes
from hub.store.scope import (
    seen_alerts,
    seen_growing,
    seen_media,
    troubles_seen,
    visible_cameras,
    visible_to,
    visible_values,
)
from hub.store.signin_tables import people
from hub.store.views import (
    AlertChange,
    AlertRow,
    GrowingRow,
    HistoryRow,
    MediaRow,
    Removed,
    SightingRow,
    ToldRow,
    WishRow,
)

AnyRow = Row[*tuple[Any, ...]]


def alert_query(
    *conditions: ColumnElement[bool],
    newest_by: ColumnElement[int],
    limit: int | BindParameter[int] | None = None,
) -> Select[*tuple[Any, ...]]:
    """Query of the alerts that meet the conditions and that the person of `alert_rows` may see."""
    taker, closer = people.alias("taker"), people.alias("closer")
    offered = people.alias("offered")
    scope = visible_to(Right.SEE).subquery("scope")
    playable = visible_to(Right.CLIPS).subquery("playable")
    return (
        select(
            alerts,
            cameras.c.label,
            nodes.c.name.label("node_name"),
            func.coalesce(troubles.c.area_id, cameras.c.area_id).label("area_id"),
            taker.c.name.label("taken_by_name"),
            closer.c.name.label("closed_by_name"),
            offered.c.name.label("offered_to_name"),
            playable.c.camera_id.is_not(None).label("may_play"),
        )
        .outerjoin(scope, seen_alerts(scope))
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .outerjoin(troubles, troubles.c.alert_id == alerts.c.id)
        .outerjoin(playable, seen_alerts(playable))
        .outerjoin(taker, taker.c.id == alerts.c.taken_by)
        .outerjoin(closer, closer.c.id == alerts.c.closed_by)
        .outerjoin(offered, offered.c.id == alerts.c.offered_to)
        .where(*conditions, or_(scope.c.camera_id.is_not(None), troubles_seen()))
        .order_by(newest_by.desc(), alerts.c.id.desc())
        .limit(limit)
    )


_RUNNING: Final = alert_query(
    alerts.c.state.in_([State.OPEN, State.TAKEN]), newest_by=alerts.c.raised_utc_us
)
_HANDLED: Final = alert_query(
    alerts.c.closed_utc_us.is_not(None),
    newest_by=alerts.c.closed_utc_us,
    limit=bindparam("most", type_=Integer),
)
_ONE: Final = alert_query(
    alerts.c.id == bindparam("one_id", type_=Uuid), newest_by=alerts.c.raised_utc_us
)


def alert_rows(
    conn: Connection,
    person_id: UUID,
    *conditions: ColumnElement[bool],
    newest_by: ColumnElement[int],
    now: Moment,
    limit: int | None = None,
) -> list[AlertRow]:
    """The alerts this person may see that meet the conditions, newest first."""
    query = alert_query(*conditions, newest_by=newest_by, limit=limit)
    return _found(conn, query, visible_values(person_id, now))


def running_alerts(conn: Connection, person_id: UUID, now: Moment) -> list[AlertRow]:
    """Alerts this person may see that are not closed, newest first."""
    return _found(conn, _RUNNING, visible_values(person_id, now))


def handled_alerts(conn: Connection, person_id: UUID, now: Moment, most: int) -> list[AlertRow]:
    """Closed alerts, last closed first."""
    return _found(conn, _HANDLED, {**visible_values(person_id, now), "most": most})


def one_alert(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> AlertRow | None:
    """The alert, if this person may see it."""
    found = _found(conn, _ONE, {**visible_values(person_id, now), "one_id": alert_id})
    return found[0] if found else None


def _found(
    conn: Connection, query: Select[*tuple[Any, ...]], values: Mapping[str, object]
) -> list[AlertRow]:
    rows = conn.execute(query, values).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        _alert_row(row, "" if row.kind == Kind.BROKER_LOST else where[row.area_id]) for row in rows
    ]


_CLIPS: Final = visible_to(Right.CLIPS).subquery("scope")
_PLAYABLE: Final = (
    select(alerts.c.id)
    .join(_CLIPS, seen_alerts(_CLIPS))
    .where(alerts.c.id == bindparam("one_id", type_=Uuid))
)


def may_play(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> bool:
    """Whether this person may play the alert's clips."""
    values = {**visible_values(person_id, now), "one_id": alert_id}
    return conn.scalar(_PLAYABLE, values) is not None


def whereabouts(conn: Connection, camera_id: UUID) -> tuple[float | None, float | None]:
    """Latitude and longitude of a camera in degrees, if recorded."""
    query = select(cameras.c.latitude_deg, cameras.c.longitude_deg)
    row = conn.execute(query.where(cameras.c.id == camera_id)).one()
    return row.latitude_deg, row.longitude_deg


def sound_reason(conn: Connection, camera_id: UUID) -> str | None:
    """Reason for a camera's sound recording; None: no sound is recorded."""
    return conn.scalar(select(cameras.c.sound).where(cameras.c.id == camera_id))


_SCOPES: Final = tuple(visible_to(right) for right in (Right.SEE, Right.MANAGE))


def scope_now(conn: Connection, person_id: UUID, now: Moment) -> frozenset[tuple[UUID, int]]:
    """Cameras this person may see or looks after, each with the start of their reach."""
    values = visible_values(person_id, now)
    rows = [row for scope in _SCOPES for row in conn.execute(scope, values)]
    return frozenset((row.camera_id, row.from_utc_us) for row in rows)


def _places_query() -> Select[UUID, str]:
    start = select(
        areas.c.id.label("of_id"),
        areas.c.id,
        areas.c.parent_id,
        areas.c.name,
        literal(0).label("depth"),
    ).where(areas.c.id.in_(bindparam("area_ids", expanding=True)))
    above = start.cte("above", recursive=True)
    step = select(
        above.c.of_id, areas.c.id, areas.c.parent_id, areas.c.name, (above.c.depth + 1)
    ).join(above, areas.c.id == above.c.parent_id)
    # A cycle of areas, possible only by a fault, must not loop for ever.
    above = above.union_all(step.where(above.c.depth < 12))
    return select(above.c.of_id, above.c.name).order_by(above.c.depth)


_PLACES: Final = _places_query()


def places(conn: Connection, area_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Each area's name with those of the areas above: "Ngã tư 1, Khu phố 2, Tân Khai"."""
    wanted = list(area_ids)
    names: dict[UUID, list[str]] = {}
    for row in conn.execute(_PLACES, {"area_ids": wanted}) if wanted else ():
        names.setdefault(row.of_id, []).append(row.name)
    return {area_id: ", ".join(parts) for area_id, parts in names.items()}


def alert_sightings(conn: Connection, alert_id: UUID) -> list[SightingRow]:
    """The alert's sightings, first seen first."""
    query = (
        select(sightings)
        .where(sightings.c.alert_id == alert_id)
        .order_by(sightings.c.first_seen_utc_us, sightings.c.id)
    )
    return [
        SightingRow(
            sighting_id=row.id,
            object_kind=row.object_kind,
            people=row.people,
            score=row.score,
            x0=row.x0,
            y0=row.y0,
            x1=row.x1,
            y1=row.y1,
            first_seen_utc_us=row.first_seen_utc_us,
            confirmed_utc_us=row.confirmed_utc_us,
            last_seen_utc_us=row.last_seen_utc_us,
            closed_utc_us=row.closed_utc_us,
        )
        for row in conn.execute(query)
    ]


def alert_media(conn: Connection, alert_id: UUID, *, kinds: Sequence[str]) -> list[MediaRow]:
    """The alert's pictures and clips, announced or stored, by time."""
    its = media.alias("its")
    its_own = (
        select(its.c.id)
        .join(media_sightings, media_sightings.c.media_id == its.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(sightings.c.alert_id == alert_id, sightings.c.camera_id == its.c.camera_id)
    )
    return media_rows(conn, media.c.id.in_(its_own), media.c.kind.in_(kinds))


def media_rows(
    conn: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[MediaRow]:
    """Pictures and clips that meet the conditions, by time. The conditions must contain the
    scope."""
    rule = retention_rules
    wish = [wishes.c.asked_utc_us, wishes.c.answer, wishes.c.answered_utc_us]
    left = exists().where(growing_clips.c.remains_id == media.c.id)
    query = (
        select(media, rule.c.keep_days, rule.c.reason, areas.c.name.label("rule_area"))
        .add_columns(*(column.label(f"wish_{column.name}") for column in wish))
        .add_columns(people.c.name.label("wish_person_name"), left.label("is_remains"))
        .outerjoin(rule, rule.c.id == media.c.removed_rule_id)
        .outerjoin(areas, areas.c.id == rule.c.area_id)
        .outerjoin(wishes, wishes.c.media_id == media.c.id)
        .outerjoin(people, people.c.id == wishes.c.person_id)
        .where(*conditions)
        .order_by(media.c.first_frame_utc_us, media.c.id)
        .limit(limit)
    )
    return [
        MediaRow(
            media_id=row.id,
            kind=row.kind,
            codec=row.codec,
            width=row.width,
            height=row.height,
            size_bytes=row.size_bytes,
            first_frame_utc_us=row.first_frame_utc_us,
            duration_ms=row.duration_ms,
            is_stored=row.stored_utc_us is not None,
            removed=_removed(row),
            wish=_wish_row(row),
            from_recorder=bool(row.from_recorder),
            is_remains=row.is_remains,
            error_ms=row.first_frame_error_ms,
        )
        for row in conn.execute(query)
    ]


def _removed(row: AnyRow) -> Removed | None:
    if row.removed_why is None:
        return None
    return Removed(
        why=row.removed_why,
        at_utc_us=row.removed_utc_us,
        keep_days=row.keep_days,
        area=row.rule_area,
        reason=row.reason or "",
    )


@dataclass(frozen=True, slots=True)
class Unended:
    """A clip without a final stored file: its node, and its announced file, if any."""

    node_id: UUID
    media_id: UUID | None
    sha256: str | None
    row: GrowingRow


def alert_growing(conn: Connection, alert_id: UUID) -> list[Unended]:
    """The alert's clips without a final stored file."""
    query = (
        select(growing_clips, media.c.sha256)
        .distinct()
        .join(growing_sightings, growing_sightings.c.clip_id == growing_clips.c.id)
        .join(sightings, sightings.c.id == growing_sightings.c.sighting_id)
        .outerjoin(media, media.c.id == growing_clips.c.media_id)
        .where(
            sightings.c.alert_id == alert_id,
            sightings.c.camera_id == growing_clips.c.camera_id,
            media.c.stored_utc_us.is_(None),
            media.c.removed_why.is_(None),
            growing_clips.c.remains_id.is_(None),
        )
        .order_by(growing_clips.c.first_frame_utc_us, growing_clips.c.id)
    )
    return [
        Unended(
            row.node_id,
            row.media_id,
            row.sha256,
            GrowingRow(
                clip_id=row.id,
                codec=row.codec,
                width=row.width,
                height=row.height,
                first_frame_utc_us=row.first_frame_utc_us,
                is_dropped=row.dropped is not None,
            ),
        )
        for row in conn.execute(query)
    ]


def may_watch(conn: Connection, person_id: UUID, clip_id: UUID, now: Moment) -> bool:
    """Whether this person may play a clip that is still being recorded."""
    scope = visible_cameras(person_id, Right.CLIPS, now).subquery("scope")
    query = select(growing_clips.c.id).join(scope, seen_growing(scope))
    return conn.execute(query.where(growing_clips.c.id == clip_id)).first() is not None


def _wish_row(row: AnyRow) -> WishRow | None:
    if row.wish_asked_utc_us is None:
        return None
    return WishRow(
        person_name=row.wish_person_name,
        asked_utc_us=row.wish_asked_utc_us,
        answer=row.wish_answer,
        answered_utc_us=row.wish_answered_utc_us,
    )


def unbrought_clip(
    conn: Connection, person_id: UUID, media_id: UUID, *, alert_id: UUID, now: Moment
) -> bool:
    """Whether this clip belongs to that alert, is still at its node, and this person may play
    it."""
    scope = visible_cameras(person_id, Right.CLIPS, now).subquery("scope")
    query = (
        select(media.c.id)
        .join(scope, seen_media(scope))
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(
            media.c.id == media_id,
            media.c.kind == "clip",
            media.c.stored_utc_us.is_(None),
            media.c.removed_why.is_(None),
            sightings.c.alert_id == alert_id,
            sightings.c.camera_id == media.c.camera_id,
        )
    )
    return conn.execute(query).first() is not None


def is_node_here(conn: Connection, camera_id: UUID) -> bool:
    """Whether the node of a camera is online."""
    query = select(nodes.c.state).join(cameras, cameras.c.node_id == nodes.c.id)
    return conn.scalar(query.where(cameras.c.id == camera_id)) == "online"


def history(conn: Connection, alert_id: UUID) -> list[HistoryRow]:
    """The alert's life, oldest first."""
    query = (
        select(alert_history, people.c.name)
        .outerjoin(people, people.c.id == alert_history.c.person_id)
        .where(alert_history.c.alert_id == alert_id)
        .order_by(alert_history.c.at_utc_us, alert_history.c.id)
    )
    return [HistoryRow(row.act, row.name, row.at_utc_us, row.detail) for row in conn.execute(query)]


def told(conn: Connection, alert_id: UUID) -> list[ToldRow]:
    """The people notified of the alert, and the results."""
    query = (
        select(notifications, people.c.name, phones.c.channel, phones.c.label.label("phone_label"))
        .join(people, people.c.id == notifications.c.person_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .where(notifications.c.alert_id == alert_id)
        .order_by(notifications.c.owed_utc_us, notifications.c.id)
    )
    return [
        ToldRow(
            person_name=row.name,
            channel=row.channel,
            phone_label=row.phone_label,
            moment=row.moment,
            state=row.state,
            reason=row.reason,
            owed_utc_us=row.owed_utc_us,
            answered_utc_us=row.answered_utc_us,
            shown_utc_us=row.shown_utc_us,
            opened_utc_us=row.opened_utc_us,
            acknowledged_utc_us=row.acknowledged_utc_us,
        )
        for row in conn.execute(query)
    ]


def _changes_query() -> Select[*tuple[Any, ...]]:
    scope = visible_to(Right.SEE).subquery("scope")
    newest = func.max(alert_changes.c.cursor).label("cursor")
    return (
        select(
            alert_changes.c.alert_id, newest, func.max(alert_changes.c.revision).label("revision")
        )
        .join(alerts, alerts.c.id == alert_changes.c.alert_id)
        .outerjoin(scope, seen_alerts(scope))
        .where(
            alert_changes.c.cursor > bindparam("after", type_=BigInteger),
            or_(scope.c.camera_id.is_not(None), troubles_seen()),
        )
        .group_by(alert_changes.c.alert_id)
        .order_by(newest)
    )


_CHANGES: Final = _changes_query()


def changes(conn: Connection, person_id: UUID, *, after: int, now: Moment) -> list[AlertChange]:
    """Newest change, after a cursor, of each alert that this person may see."""
    rows = conn.execute(_CHANGES, {**visible_values(person_id, now), "after": after})
    return [AlertChange(row.cursor, row.alert_id, row.revision) for row in rows]


def last_cursor(conn: Connection) -> int:
    """Cursor of the newest change of all."""
    return conn.scalar(select(func.max(alert_changes.c.cursor))) or 0


def one_media(conn: Connection, person_id: UUID, media_id: UUID, now: Moment) -> AnyRow | None:
    """Kind, sha256, size and codec of a stored file this person may see; clips and sound need
    CLIPS."""
    kind = conn.scalar(select(media.c.kind).where(media.c.id == media_id))
    right = Right.SEE if kind == "picture" else Right.CLIPS
    scope = visible_cameras(person_id, right, now).subquery("scope")
    return conn.execute(
        select(media.c.kind, media.c.sha256, media.c.size_bytes, media.c.codec)
        .join(scope, seen_media(scope))
        .where(media.c.id == media_id, media.c.stored_utc_us.is_not(None))
    ).first()


def _label(row: AnyRow) -> str:
    """Name of the alert's subject for people: its camera, or the silent node."""
    match row.kind:
        case Kind.NODE_SILENT | Kind.NODE_RIVAL | Kind.NODE_UNRECORDED:
            return str(row.node_name)
        case Kind.LINK_LOST | Kind.BROKER_LOST:
            return ""
        case _:
            return str(row.label)


def _alert_row(row: AnyRow, place: str) -> AlertRow:
    return AlertRow(
        alert_id=row.id,
        camera_id=row.camera_id,
        camera_label=_label(row),
        place=place,
        kind=row.kind,
        state=State(row.state).value,
        people=row.people,
        began_utc_us=row.began_utc_us,
        confirmed_utc_us=row.confirmed_utc_us,
        last_seen_utc_us=row.last_seen_utc_us,
        raised_utc_us=row.raised_utc_us,
        error_ms=row.confirmed_error_ms,
        clock_source=row.clock_source,
        picture_id=row.picture_id,
        clip_id=row.clip_id if row.may_play else None,
        taken_by=row.taken_by,
        taken_by_name=row.taken_by_name,
        taken_utc_us=row.taken_utc_us,
        closed_by=row.closed_by,
        closed_by_name=row.closed_by_name,
        closed_utc_us=row.closed_utc_us,
        revision=row.revision,
        over_utc_us=row.over_utc_us,
        rules=from_text(row.rules),
        offered_to=row.offered_to,
        offered_to_name=row.offered_to_name,
        offered_utc_us=row.offered_utc_us,
        arrived_utc_us=row.arrived_utc_us,
        false_cause=row.false_cause,
    )
