"""Networks of a node: for all looks, for wide pictures, and for whole pictures of a crowd."""

import sys
from dataclasses import dataclass
from pathlib import Path

from agent.config.sections import AgentSettings, DetectorSection
from agent.devices.litert import LaterModel


@dataclass(frozen=True)
class Networks:
    """Shared by all cameras of a node; each takes memory from its first look on."""

    common: LaterModel
    whole: LaterModel | None
    """For whole pictures of a crowd."""
    wide: LaterModel | None = None
    """For pictures that leave much of the common input grey."""

    def prove(self) -> None:
        """Load all now; raises ModelError."""
        for model in (self.common, self.whole, self.wide):
            if model is not None:
                model.load()


def load_networks(settings: AgentSettings) -> Networks:
    """The node's networks, shared by all cameras; raises ModelError.

    A configured one is loaded at once, so that its faults are reported at the start.
    """
    detector = settings.detector
    manifest = models_manifest(detector)

    def later(name: str) -> LaterModel:
        return LaterModel(manifest, name, num_threads=detector.threads)

    common = later(detector.model)
    if detector.model:
        common.load()
    needs_whole = detector.dense != "never" and detector.whole_model
    return Networks(
        common=common,
        whole=later(detector.whole_model) if needs_whole else None,
        wide=later(detector.wide_model) if detector.wide_model else None,
    )


def models_manifest(detector: DetectorSection) -> Path:
    """Manifest of the configured models, of the installed ones, or of the checkout."""
    if detector.models_dir:
        return Path(detector.models_dir) / "manifest.toml"
    installed = Path(sys.prefix) / "share" / "matthan" / "models" / "manifest.toml"
    checkout = Path(__file__).parents[2] / "models" / "manifest.toml"
    return checkout if checkout.exists() and not installed.exists() else installed
