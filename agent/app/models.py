"""Networks of a node: for all looks, for wide pictures, and for whole pictures of a crowd."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.config.sections import AgentSettings
from agent.inference.grids import FOLDER
from agent.inference.litert import LaterModel

WHOLE_MODEL: Final = "nanodet_g_320x416_6c_int8"
"""For whole pictures of a crowd."""
WIDE_MODEL: Final = "nanodet_g_192x320_6c_int8"
"""For wide pictures (16:9), wherever it shows them as large as the common one; a third cheaper."""


@dataclass(frozen=True)
class Models:
    """Shared by all cameras of a node; each takes memory from its first look on."""

    common: LaterModel
    whole: LaterModel
    """For whole pictures of a crowd."""
    wide: LaterModel
    """For pictures that leave much of the common one's input grey."""

    def prove(self) -> None:
        """Load all now; raises ModelError."""
        for model in (self.common, self.whole, self.wide):
            model.load()


def load_models(settings: AgentSettings, *, keeps: bool) -> Models:
    """The node's networks, shared by all cameras; raises ModelError.

    A configured one is loaded at once, so that its faults are reported at the start. With `keeps`,
    networks that are made are kept beside the journal; only the running agent may write there.
    """
    detector = settings.detector
    manifest = models_manifest(Path(detector.models_dir) if detector.models_dir else None)
    kept = settings.journal.path.parent / FOLDER if keeps else None
    common = LaterModel(manifest, detector.model, kept)
    if detector.model:
        common.load()
    return Models(
        common=common,
        whole=LaterModel(manifest, WHOLE_MODEL, kept),
        wide=LaterModel(manifest, WIDE_MODEL, kept),
    )


def models_manifest(folder: Path | None = None) -> Path:
    """The manifest in `folder`, of the installed models, or of the checkout."""
    if folder is not None:
        return folder / "manifest.toml"
    installed = Path(sys.prefix) / "share" / "matthan" / "models" / "manifest.toml"
    checkout = Path(__file__).parents[2] / "models" / "manifest.toml"
    return checkout if checkout.exists() and not installed.exists() else installed
