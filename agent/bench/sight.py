"""The detection networks for a benchmark: a node's defaults."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.cameras.codec.scaler import rgb
from agent.inference.litert import LaterModel
from agent.vision.detect.person import DetectorSettings, NanoDet

WHOLE_MODEL: Final = "nanodet_g_320x416_6c_int8"
"""For whole pictures of a crowd, as in the node's configuration."""
WIDE_MODEL: Final = "nanodet_g_192x320_6c_int8"
"""For wide pictures, likewise."""


@dataclass(frozen=True)
class Sight:
    """See `Eyes.for_frames`."""

    common: NanoDet
    whole: NanoDet | None
    fitted: tuple[NanoDet, ...]


def sight(manifest: Path, model: str = "", finds: DetectorSettings | None = None) -> Sight:
    """The networks, loaded on first use; a named `model` is used for all pictures. Raises
    ModelError."""
    common = NanoDet(LaterModel(manifest, model), rgb, finds)
    if model:
        return Sight(common, None, ())
    whole = NanoDet(LaterModel(manifest, WHOLE_MODEL), rgb, finds)
    return Sight(common, whole, (NanoDet(LaterModel(manifest, WIDE_MODEL), rgb, finds),))
