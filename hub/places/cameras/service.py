"""Service for camera pages and the map."""

from uuid import UUID

from hub.alerting.alerts import camera_queries
from hub.alerting.alerts.camera_queries import CameraPage
from hub.alerting.alerts.views import SeenCamera
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail


class CameraService:
    """Facts about cameras, limited to what a person may see. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def camera(self, asker: Asker, camera_id: UUID) -> CameraPage | None:
        """State of a camera, its latest events, and cameras near it."""
        with self._acting.reading(asker, "camera.open", On("camera", camera_id)) as look:
            page = camera_queries.camera_page(look.conn, asker.person_id, camera_id, look.now)
            look.answer(page)
        return page

    def seen_cameras(self, asker: Asker, *, is_refresh: bool = False) -> list[SeenCamera]:
        """Every camera this person may see, with its state: for the map and the table beside it.
        `is_refresh`: the page is already open, and its opening left a line in the log."""
        act = "cameras.glance" if is_refresh else "cameras.open"
        with self._acting.reading(asker, act) as look:
            found = camera_queries.seen_cameras(look.conn, asker.person_id, look.now)
            look.done(Detail("cameras.count", n=len(found)))
        return found
