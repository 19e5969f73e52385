"""Helpers of the tests of growing, used by more than one module."""

from base64 import b64encode
from uuid import UUID, uuid4

from agent.wire.messages import ClipBegun, ClipReady
from hub.console.service import InboxService
from hub.console.views import AlertPage
from tests.hub.rigs.streets import Mouth, Streets

DRAFT, HEAD, BODY = b"length 00 ", b"length 42 ", b"fragment one, fragment two, the end"


WHOLE = HEAD + BODY


class Clip:
    """A clip that a node records of somebody who raised an alert."""

    def __init__(self, streets: Streets, mouth: Mouth | None = None) -> None:
        self._streets, self._mouth = streets, mouth or streets.node
        self.clip_id, self.sighting_id = uuid4(), uuid4()
        [filed] = streets.file(self._mouth.opened(self.sighting_id))
        assert filed.alert_id is not None
        self.alert_id: UUID = filed.alert_id
        self.begun()

    def begun(self, *also: UUID) -> None:
        body = ClipBegun(
            camera=self._mouth.camera,
            clip_id=self.clip_id,
            sighting_ids=(self.sighting_id, *also),
            codec="h264",
            width=768,
            height=576,
            first_frame_utc_us=self._streets.clock.now().plus_s(-6).utc_us,
        )
        self._streets.file(self._mouth.says(body))

    def bring(self, data: bytes, *, node: str = "nga-tu") -> int:
        upload = self._streets.uploads.growing.open(node, self.clip_id)
        upload.write(data)
        return upload.finish()

    def ready(self, content: bytes = WHOLE, beginning: bytes | None = HEAD) -> None:
        event = self._mouth.clip(self.sighting_id, content=content)
        said = {
            "clip_id": self.clip_id,
            "beginning": b64encode(beginning).decode() if beginning else None,
        }
        body = event.body.model_copy(update=said)
        assert isinstance(body, ClipReady)
        self._streets.file(event.model_copy(update={"body": body}))


def page_of(streets: Streets, clip: Clip, login: str = "an") -> AlertPage:
    page = streets.services.use(InboxService).alert(streets.officer(login), clip.alert_id)
    assert page is not None
    return page
