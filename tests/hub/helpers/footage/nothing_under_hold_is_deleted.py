"""Helpers of the tests of nothing under hold is deleted, used by more than one module."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from hub.base.audit.log import By
from hub.footage.retention import holds
from hub.footage.retention import rows as retention_rows
from hub.footage.retention.rules import FootageClass, Hold
from hub.footage.tables import media
from tests.hub.rigs.streets import Streets, sha

SHELL = By(came_from="shell")


def seen(streets: Streets, content: bytes) -> tuple[UUID, Any]:
    """The alert and the row of a clip that is at the hub."""
    streets.clock.pass_s(300)
    sighting = uuid4()
    [filed, _] = streets.file(
        streets.node.opened(sighting), streets.node.clip(sighting, content=content)
    )
    streets.bring(content)
    assert filed.alert_id is not None
    return filed.alert_id, row_of(streets, content)


def row_of(streets: Streets, content: bytes) -> Any:
    [row] = [row for row in streets.rows(media) if row.sha256 == sha(content)]
    return row


def hold(streets: Streets, what: Hold, case: str = "12/2026") -> UUID:
    with streets.db.writing() as conn:
        return holds.place_hold(
            conn, what, case_number=case, reason="trộm xe", by=SHELL, now=streets.clock.now()
        )


def end(streets: Streets, case: str = "12/2026") -> None:
    with streets.db.writing() as conn:
        holds.end_holds(conn, case_number=case, reason="xong", by=SHELL, now=streets.clock.now())


def rule(streets: Streets, days: int, *, area: UUID | None = None) -> None:
    with streets.db.writing() as conn:
        for footage_class in FootageClass:
            retention_rows.set_rule(
                conn,
                footage_class=footage_class,
                area_id=area,
                keep_days=days,
                reason="quyết định 12",
                now=streets.clock.now(),
            )


WAYS: Final[dict[str, Callable[[Streets, UUID, Any], Hold]]] = {
    "file": lambda _, __, row: Hold(media_id=row.id),
    "alert": lambda _, alert_id, __: Hold(alert_id=alert_id),
    "camera": lambda _, __, row: Hold(
        camera_id=row.camera_id,
        from_utc_us=row.first_frame_utc_us,
        until_utc_us=row.first_frame_utc_us + 1,
    ),
    "camera from then on": lambda _, __, row: Hold(
        camera_id=row.camera_id, from_utc_us=row.first_frame_utc_us
    ),
}
