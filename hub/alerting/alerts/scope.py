"""The joins of alerts and troubles to the scope of a person."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    select,
)

from hub.access.rules.grants import Right
from hub.access.scope import (
    IS_AMONG,
    NOW,
    entitled,
    grant_counts,
    recorded,
    visible_cameras,
    visible_to,
)
from hub.access.tables import grants
from hub.alerting.alerts.rules.kinds import TROUBLES, is_trouble
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts, trouble_cameras
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras

IS_TROUBLE: Final = alerts.c.kind.in_(sorted(TROUBLES))
"""Alerts about cameras and nodes themselves: for people who look after them (MANAGE)."""
IS_RUNNING: Final = alerts.c.state.in_([AlertState.OPEN, AlertState.TAKEN])
"""Alerts that are not closed."""


_RECORDED: Final = recorded(alerts.c.began_utc_us, alerts.c.began_error_ms, alerts.c.raised_utc_us)


_TROUBLE: Final = alerts.alias("trouble")


# Built once, like `hub.access.scope.ENTITLED`.
KEEPERS: Final = entitled(
    select(trouble_cameras.c.camera_id).where(
        trouble_cameras.c.alert_id == bindparam("scope_alert_id", type_=Uuid)
    )
)
"""Ids of the people who look after any camera of a trouble."""


def keepers_values(alert_id: UUID, now: Moment) -> dict[str, object]:
    """Values of the parameters of `KEEPERS`."""
    return {
        "scope_alert_id": alert_id,
        "scope_right": int(Right.MANAGE),
        "scope_now": now.utc_us,
    }


def seen_alerts(scope: Subquery) -> ColumnElement[bool]:
    """Join condition of alerts and `visible_cameras`: same camera, recorded within the grant's
    reach."""
    return and_(
        alerts.c.camera_id == scope.c.camera_id, ~IS_TROUBLE, scope.c.from_utc_us <= _RECORDED
    )


def told_alerts(scope: Subquery) -> ColumnElement[bool]:
    """Join condition of alerts and the cameras that a person is alerted of, for alerts that rang.

    The grant's reach counts for the time of the alert, not of the recording: whoever was rung for
    it can read it.
    """
    return and_(
        alerts.c.camera_id == scope.c.camera_id,
        ~IS_TROUBLE,
        alerts.c.quiet_reason.is_(None),
        scope.c.from_utc_us <= alerts.c.raised_utc_us,
    )


def able_people(
    conn: Connection, kinds: Mapping[UUID, str], person_ids: Collection[UUID], now: Moment
) -> set[tuple[UUID, UUID]]:
    """Pairs (alert, person): these people may see these alerts with their pictures, and so take and
    close them. For a trouble: people who look after one of its cameras.

    `kinds`: the kind of each alert, by its id.
    """
    troubles = [alert_id for alert_id, kind in kinds.items() if is_trouble(kind)]
    others = [alert_id for alert_id, kind in kinds.items() if not is_trouble(kind)]
    values = {"scope_people": list(person_ids), "scope_now": now.utc_us}
    return {
        (row.alert_id, row.person_id)
        for query, alert_ids in ((_ABLE_TO_SEE, others), (_ABLE_TO_TEND, troubles))
        if alert_ids
        for row in conn.execute(query, {**values, "alert_ids": alert_ids})
    }


def _able(about: CTE, right: Right) -> CompoundSelect[UUID, UUID]:
    """The people with this right on the camera of each row, whose grant reaches back to it."""
    above = (
        select(about.c.alert_id, about.c.recorded_utc_us, cameras.c.area_id, areas.c.parent_id)
        .join(cameras, cameras.c.id == about.c.camera_id)
        .join(areas, areas.c.id == cameras.c.area_id)
        .cte(f"{about.name}_above", recursive=True)
    )
    above = above.union(
        select(above.c.alert_id, above.c.recorded_utc_us, areas.c.id, areas.c.parent_id).join(
            above, areas.c.id == above.c.parent_id
        )
    )
    valid = and_(IS_AMONG, grant_counts(literal(int(right)), NOW))

    def of(rows: CTE, place: ColumnElement[bool]) -> Select[UUID, UUID]:
        reaches = func.coalesce(grants.c.history_from_utc_us, 0) <= rows.c.recorded_utc_us
        return select(rows.c.alert_id, grants.c.person_id).join(grants, place).where(valid, reaches)

    return of(above, grants.c.area_id == above.c.area_id).union(
        of(about, grants.c.camera_id == about.c.camera_id)
    )


_IDS: Final = bindparam("alert_ids", expanding=True, type_=Uuid)
_ABLE_TO_SEE: Final = _able(
    select(alerts.c.id.label("alert_id"), alerts.c.camera_id, _RECORDED.label("recorded_utc_us"))
    .where(alerts.c.id.in_(_IDS), ~IS_TROUBLE)
    .cte("seen"),
    Right.SEE,
)
_ABLE_TO_TEND: Final = _able(
    select(
        trouble_cameras.c.alert_id,
        trouble_cameras.c.camera_id,
        alerts.c.began_utc_us.label("recorded_utc_us"),
    )
    .join(alerts, alerts.c.id == trouble_cameras.c.alert_id)
    .where(alerts.c.id.in_(_IDS))
    .cte("tended"),
    Right.MANAGE,
)


def seen_troubles(person_id: UUID, now: Moment) -> ColumnElement[bool]:
    """Alerts that are troubles of a camera this person looks after, within the grant's reach."""
    return _troubles(visible_cameras(person_id, Right.MANAGE, now))


def troubles_seen() -> ColumnElement[bool]:
    """The condition of `seen_troubles`, with the values of `visible_values` as parameters."""
    return _troubles(visible_to(Right.MANAGE))


def _troubles(tended: Select[UUID, int]) -> ColumnElement[bool]:
    scope = tended.subquery("tended")
    return alerts.c.id.in_(
        select(trouble_cameras.c.alert_id)
        .join(scope, scope.c.camera_id == trouble_cameras.c.camera_id)
        .join(_TROUBLE, _TROUBLE.c.id == trouble_cameras.c.alert_id)
        .where(_TROUBLE.c.began_utc_us >= scope.c.from_utc_us)
    )
