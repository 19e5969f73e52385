"""The detection networks for a recording: a node's defaults."""

from dataclasses import dataclass
from pathlib import Path

from agent.app.models import FITTED_MODELS
from agent.cameras.codec.scaler import rgb
from agent.inference.litert import LaterModel
from agent.vision.detect.fitted import fitting
from agent.vision.detect.person import DetectorSettings, NanoDet, PersonDetector


@dataclass(frozen=True)
class Sight:
    """See `Pipeline.for_frames`."""

    common: NanoDet
    fitted: tuple[NanoDet, ...]

    def for_crowds(self, size_px: tuple[int, int]) -> PersonDetector:
        """The network for crowds in pictures of (height, width)."""
        return fitting(self.common, self.fitted, size_px, is_crowd=True)


def sight(manifest: Path, model: str = "", finds: DetectorSettings | None = None) -> Sight:
    """The networks, loaded on first use; a named `model` is used for all pictures. Raises
    ModelError."""
    names = () if model else FITTED_MODELS
    common, *fitted = (NanoDet(LaterModel(manifest, one), rgb, finds) for one in (model, *names))
    return Sight(common, tuple(fitted))
