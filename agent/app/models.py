"""Networks of a node: one for each usual shape of pictures."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.config.sections import AgentSettings
from agent.inference.grids import FOLDER
from agent.inference.litert import LaterModel

FITTED_MODELS: Final = (
    "nanodet_g_192x320_6c_int8",
    "nanodet_g_256x448_6c_int8",
    "nanodet_g_288x384_6c_int8",
)
"""Three models: for 16:9; for crowds in 16:9; for crowds in 4:3 and 5:4."""


@dataclass(frozen=True)
class Models:
    """Shared by all cameras of a node; each takes memory from its first look on."""

    common: LaterModel
    fitted: tuple[LaterModel, ...]
    """Detectors for pictures that leave much of the common input grey, and for crowds."""

    def prove(self) -> None:
        """Load all networks now; raises ModelError."""
        for model in (self.common, *self.fitted):
            model.load()


def load_models(settings: AgentSettings, *, keeps: bool) -> Models:
    """The node's networks, shared by all cameras; raises ModelError.

    A configured one is used for all pictures, and loaded at once, so that its faults are reported
    at the start. With `keeps`, networks that are made are kept beside the journal; only the running
    agent may write there.
    """
    detector = settings.detector
    manifest = models_manifest(Path(detector.models_dir) if detector.models_dir else None)
    kept = settings.journal.path.parent / FOLDER if keeps else None
    common = LaterModel(manifest, detector.model, kept)
    if detector.model:
        common.load()
        return Models(common, ())
    return Models(common, tuple(LaterModel(manifest, name, kept) for name in FITTED_MODELS))


def models_manifest(folder: Path | None = None) -> Path:
    """The manifest in `folder`, of the checkout, or of the installed models."""
    if folder is not None:
        return folder / "manifest.toml"
    installed = Path(sys.prefix) / "share" / "matthan" / "models" / "manifest.toml"
    checkout = Path(__file__).parents[2] / "models" / "manifest.toml"
    return checkout if checkout.exists() else installed
