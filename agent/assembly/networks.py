"""The networks of a node: one for all looks, and one for whole pictures of a crowd."""

import sys
from dataclasses import dataclass
from pathlib import Path

from agent.config.sections import AgentSettings, DetectorSection
from agent.devices.litert import LaterModel, LitertModel


@dataclass(frozen=True)
class Networks:
    """What all eyes of a node share."""

    common: LitertModel
    whole: LaterModel | None
    """For whole pictures of a crowd."""


def load_networks(settings: AgentSettings) -> Networks:
    """The node's networks, which all its eyes share; raises ModelError."""
    detector = settings.detector
    manifest = models_manifest(detector)
    common = LitertModel(manifest, detector.model, num_threads=detector.threads)
    if detector.dense == "never" or not detector.whole_model:
        return Networks(common, None)
    whole = LaterModel(manifest, detector.whole_model, num_threads=detector.threads)
    return Networks(common, whole)


def models_manifest(detector: DetectorSection) -> Path:
    """The manifest of the configured models, of the installed ones, or of the checkout."""
    if detector.models_dir:
        return Path(detector.models_dir) / "manifest.toml"
    installed = Path(sys.prefix) / "share" / "matthan" / "models" / "manifest.toml"
    checkout = Path(__file__).parents[2] / "models" / "manifest.toml"
    return checkout if checkout.exists() and not installed.exists() else installed
