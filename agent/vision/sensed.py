"""What a camera's own sensor found, for the detector port: no inference on the processor."""

from agent.media.frame import Frame, Glimpse, SensedFrame
from agent.vision.person import CUT_SHARE, Detection, DetectorSettings, ObjectKind, check, suppress
from agent.vision.zones import Area, Box, Polygon

INPUT_PX = 320, 320
"""Of Raspberry Pi's networks for people, of the whole picture."""
HIDDEN_SHARE = 0.5
"""The sensor looks before the masks are painted: what one covers so far was not seen."""


class SensedPeople:
    """As any network, but the answers came with the frame (`agent.media.frame.SensedFrame`)."""

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self._settings = settings or DetectorSettings()

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width): where to look is chosen by it, and each look is free."""
        return INPUT_PX

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        """Best first, of those in `region`; nobody where the sensor said nothing of this frame.

        ValueError for a frame with nothing in it.
        """
        check(frame)
        if not isinstance(frame, SensedFrame):
            return []
        found = [
            Detection(ObjectKind(one.kind), one.score, Box(*one.box).clipped())
            for one in frame.glimpses
            if one.score >= self._settings.score and one.kind in self._settings.kinds
        ]
        return suppress((one for one in found if _is_in(one.box, region)), self._settings.nms_iou)


def unmasked(glimpses: tuple[Glimpse, ...], outlines: tuple[Polygon, ...]) -> tuple[Glimpse, ...]:
    """Those that privacy masks of these outlines leave to be seen."""
    masks = Area(outlines)
    return tuple(one for one in glimpses if masks.share_of(Box(*one.box).clipped()) < HIDDEN_SHARE)


def _is_in(box: Box, region: Box) -> bool:
    """Whether its middle is, and no border of the region inside the picture cuts it."""
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    if not (region.x0 <= x <= region.x1 and region.y0 <= y <= region.y1):
        return False
    margin_x, margin_y = (region.x1 - region.x0) * CUT_SHARE, (region.y1 - region.y0) * CUT_SHARE
    return (
        (region.x0 <= 0 or box.x0 >= region.x0 + margin_x)
        and (region.y0 <= 0 or box.y0 >= region.y0 + margin_y)
        and (region.x1 >= 1 or box.x1 <= region.x1 - margin_x)
        and (region.y1 >= 1 or box.y1 <= region.y1 - margin_y)
    )
