"""The joins of alerts and troubles to the scope of a person."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, Uuid, and_, bindparam, select

from hub.access.rules.grants import Right
from hub.access.scope import entitled, recorded, visible_cameras, visible_to
from hub.alerting.alerts.rules.kinds import KINDS
from hub.alerting.alerts.tables import alerts, trouble_cameras
from hub.base.moment import Moment

IS_TROUBLE: Final = alerts.c.kind.in_(sorted(KINDS))
"""Alerts about cameras and nodes themselves: for people who look after them (MANAGE)."""


_RECORDED: Final = recorded(alerts.c.began_utc_us, alerts.c.began_error_ms, alerts.c.raised_utc_us)


_TROUBLE: Final = alerts.alias("trouble")


# Built once, like `hub.access.scope.ENTITLED`.
KEEPERS: Final = entitled(
    select(trouble_cameras.c.camera_id).where(
        trouble_cameras.c.alert_id == bindparam("scope_alert_id", type_=Uuid)
    )
)


def keepers_of(alert_id: UUID, now: Moment) -> Select[UUID]:
    """Ids of the people who look after any camera of this trouble."""
    return KEEPERS.params(keepers_values(alert_id, now))


def keepers_values(alert_id: UUID, now: Moment) -> dict[str, object]:
    """Parameters of `KEEPERS`."""
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


def seen_troubles(person_id: UUID, now: Moment) -> ColumnElement[bool]:
    """Alerts that are troubles of a camera this person looks after, within the grant's reach."""
    return _troubles(visible_cameras(person_id, Right.MANAGE, now))


def troubles_seen() -> ColumnElement[bool]:
    """The same, with the values of `visible_values` as parameters."""
    return _troubles(visible_to(Right.MANAGE))


def _troubles(tended: Select[UUID, int]) -> ColumnElement[bool]:
    scope = tended.subquery("tended")
    return alerts.c.id.in_(
        select(trouble_cameras.c.alert_id)
        .join(scope, scope.c.camera_id == trouble_cameras.c.camera_id)
        .join(_TROUBLE, _TROUBLE.c.id == trouble_cameras.c.alert_id)
        .where(_TROUBLE.c.began_utc_us >= scope.c.from_utc_us)
    )
