"""Service for camera pages and the map."""

from uuid import UUID

from hub.store import camera_sights
from hub.store.acting import Acting, On
from hub.store.asker import Asker
from hub.store.camera_sights import CameraPage
from hub.store.views import SeenCamera


class CameraService:
    """What a person may know of cameras. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def camera(self, asker: Asker, camera_id: UUID) -> CameraPage | None:
        """State of a camera, its latest events, and cameras near it."""
        with self._acting.reading(asker, "camera.open", On("camera", camera_id)) as look:
            page = camera_sights.camera_page(look.conn, asker.person_id, camera_id, look.now)
            look.answer(page)
        return page

    def seen_cameras(self, asker: Asker) -> list[SeenCamera]:
        """Every camera this person may see, with its state: the map and the table beside it."""
        with self._acting.reading(asker, "cameras.open") as look:
            found = camera_sights.seen_cameras(look.conn, asker.person_id, look.now)
            look.done(f"{len(found)} cameras")
        return found
