"""Detections of a camera's own sensor behind the detector port: no inference on the processor."""

from agent.media.frame import Frame, Glimpse, SensedFrame
from agent.vision.detect.person import CUT_SHARE, Detection, DetectorSettings, ObjectKind, suppress
from agent.vision.geometry import Area, Box, Polygon

INPUT_PX = 320, 320
"""Input of Raspberry Pi's networks for people, for the whole picture."""
HIDDEN_SHARE = 0.5
"""The sensor sees the picture before masks are painted: a detection covered by this share is
dropped."""


class SensedPeople:
    """A detector whose results come with the frame (`agent.media.frame.SensedFrame`)."""

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self._settings = settings or DetectorSettings()

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width), used to choose looks; a look costs nothing."""
        return INPUT_PX

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        """Best first, inside `region`; empty if the sensor reported nothing for this frame.

        ValueError for an empty frame.
        """
        frame.check()
        if not isinstance(frame, SensedFrame):
            return []
        found = [
            Detection(ObjectKind(one.kind), one.score, Box(*one.box).clipped())
            for one in frame.glimpses
            if one.score >= self._settings.score and one.kind in self._settings.kinds
        ]
        return suppress((one for one in found if _is_in(one.box, region)), self._settings.nms_iou)


def unmasked(glimpses: tuple[Glimpse, ...], outlines: tuple[Polygon, ...]) -> tuple[Glimpse, ...]:
    """Detections that no privacy mask with these outlines covers."""
    masks = Area(outlines)
    return tuple(one for one in glimpses if masks.share_of(Box(*one.box).clipped()) < HIDDEN_SHARE)


def _is_in(box: Box, region: Box) -> bool:
    """True if its middle is inside and no inner border of the region cuts it."""
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
