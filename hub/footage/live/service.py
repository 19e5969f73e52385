"""Service for live pictures: checks the permission to watch, and logs the start and end of each
view.

The pictures are not stored; `hub.footage.live.views` delivers them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select, update

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.registry.areas import places
from hub.registry.condition import CameraCondition
from hub.registry.condition_queries import condition_of, condition_values, node_columns
from hub.registry.placing import placing
from hub.registry.registry import is_bearing
from hub.registry.tables import cameras, nodes


class Purpose(StrEnum):
    """Reason for watching live; the audit log names its acts after it."""

    LIVE = "live"
    """Watching to see what happens there."""
    AIM = "aim"
    """To point the camera and draw its zones; for people who look after it."""


RIGHTS: Final[Mapping[Purpose, Right]] = {
    Purpose.LIVE: Right.LIVE,
    Purpose.AIM: Right.MANAGE,
}


@dataclass(frozen=True, slots=True)
class LiveCamera:
    """A camera that may be watched."""

    camera_id: UUID
    label: str
    place: str
    node: str
    name: str
    """The name its node uses."""
    condition: CameraCondition
    bearing_deg: float | None = None
    """Viewing direction in degrees, clockwise from north; None: not recorded."""


class LiveService:
    """Live viewing. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def may_see_live(self, asker: Asker, camera_id: UUID, purpose: Purpose) -> bool:
        """Whether this person may watch; used for links, and repeatedly during a view. Logs
        nothing."""
        return self._live_camera(asker, camera_id, purpose) is not None

    def live_camera(self, asker: Asker, camera_id: UUID, purpose: Purpose) -> LiveCamera | None:
        """The camera, if this person may watch it now. Logs a refusal; `begin_live` logs the
        view."""
        camera = self._live_camera(asker, camera_id, purpose)
        if camera is None:
            on = On("camera", camera_id)
            self._acting.note(asker, f"{purpose}.begin", on, is_done=False)
        return camera

    def live_cameras(self, asker: Asker) -> list[LiveCamera]:
        """Every camera this person may watch live, by place and name."""
        with self._acting.reading(asker, "live.choose") as look:
            found = live_cameras(look.conn, asker.person_id, Purpose.LIVE, look.now)
            look.done(Detail("cameras.count", n=len(found)))
        return sorted(found, key=lambda one: (by_name(one.place), by_name(one.label)))

    def begin_live(self, asker: Asker, camera_id: UUID, purpose: Purpose) -> None:
        """Log the start of a view."""
        self._acting.note(asker, f"{purpose}.begin", On("camera", camera_id))

    def end_live(self, asker: Asker, camera_id: UUID, purpose: Purpose, *, detail: Detail) -> None:
        """Log the end of a view; `detail` gives its length and the reason for its end."""
        self._acting.note(asker, f"{purpose}.end", On("camera", camera_id), detail)

    def set_bearing(self, asker: Asker, camera_id: UUID, bearing_deg: float | None) -> bool:
        """Record a camera's viewing direction in degrees, clockwise from north; None: unknown.
        False if the asker does not look after the camera. RegistryError for an invalid bearing."""
        with self._acting.changing(asker, "camera.place", On("camera", camera_id)) as change:
            if bearing_deg is not None and not is_bearing(bearing_deg):
                raise RegistryError("a bearing is from 0 to 360 degrees, clockwise from north")
            scope = visible_cameras(asker.person_id, Right.MANAGE, change.now).subquery("scope")
            mine = select(scope.c.camera_id).where(scope.c.camera_id == camera_id)
            if change.conn.scalar(mine) is None:
                change.refuse()
                return False
            value = None if bearing_deg is None else bearing_deg % 360
            this = cameras.c.id == camera_id
            change.conn.execute(update(cameras).where(this).values(bearing_deg=value))
            change.done(placing({"bearing_deg": value}))
        return True

    def _live_camera(self, asker: Asker, camera_id: UUID, purpose: Purpose) -> LiveCamera | None:
        act = f"{purpose}.begin"
        with self._acting.part_of(asker, act) as look:
            return live_camera(look.conn, asker.person_id, camera_id, purpose, look.now)


def live_camera(
    conn: Connection, person_id: UUID, camera_id: UUID, purpose: Purpose, now: Moment
) -> LiveCamera | None:
    """The camera, if this person may watch it now."""
    found = live_cameras(conn, person_id, purpose, now, cameras.c.id == camera_id)
    return found[0] if found else None


def live_cameras(
    conn: Connection,
    person_id: UUID,
    purpose: Purpose,
    now: Moment,
    *conditions: ColumnElement[bool],
) -> list[LiveCamera]:
    """The cameras that meet the conditions and that this person may watch now."""
    scope = visible_cameras(person_id, RIGHTS[purpose], now).subquery("scope")
    query = (
        select(
            cameras,
            nodes.c.name.label("node"),
            *node_columns(),
        )
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .join(scope, scope.c.camera_id == cameras.c.id)
        .where(*conditions)
    )
    rows = conn.execute(query, condition_values(now)).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        from_row(
            LiveCamera,
            row,
            camera_id=row.id,
            place=where[row.area_id],
            condition=condition_of(row, now),
        )
        for row in rows
    ]
