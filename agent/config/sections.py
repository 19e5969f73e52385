"""Keys of the configuration except a camera's: unit, default, bounds and consequence."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from agent.config.camera import CameraSection
from agent.config.hours import ZoneName
from agent.config.section import Name
from agent.config.uploads import UploadsSection
from agent.journal import FootageClass, JournalLimits
from agent.recording.recorder import ClipPolicy
from agent.recording.store.retention import ClassBounds
from agent.uplink.mqtt.session import BrokerAddress
from agent.vision.detect.person import DetectorSettings
from agent.vision.pipeline import PipelineSettings
from agent.vision.sightings.sightings import SightingSettings
from agent.wire.brokers import MOST_BROKERS, HostAndPort, host_and_port
from toml_settings import FileSettings, Section

SPARE_BYTES: Final = 256 * 2**20
"""Left free on the disk for the journal and the system, at the cost of footage."""
_CLIPS: Final = ClipPolicy()
_LONGEST_S: Final = _CLIPS.longest_s
_DAY_S: Final = 86_400.0
_SIGHTING: Final = SightingSettings()


class NodeSection(Section):
    """Section of the node's identity: name, language, time zone."""

    name: Name = Field(
        description="The name in its certificate: a-z, 0-9 and inner hyphens. The broker "
        "blocks another name."
    )
    language: Literal["vi", "en"] = Field(
        "vi", description="The language of `matthan-agent check`."
    )
    time_zone: ZoneName = Field(
        "Asia/Ho_Chi_Minh", description="The time zone of all hours in this file."
    )


class BrokerSection(Section):
    """The MQTT broker, and the certificates of both sides."""

    host: str = Field(
        "127.0.0.1", description="The address of the broker; must be a name in its certificate."
    )
    port: int = Field(8883, ge=1, le=65535, description="The TLS port of the broker.")
    further: tuple[HostAndPort, ...] = Field(
        (),
        max_length=MOST_BROKERS - 1,
        description="Further brokers of the same authority, as host:port, in the order in which "
        "they are tried when one is lost.",
    )
    ca_file: Path = Field(
        Path("/etc/matthan/ca.crt"),
        description="The authority of the broker and of the hub's uploads, PEM.",
    )
    cert_file: Path = Field(
        Path("/etc/matthan/node.crt"), description="The certificate of this node, PEM."
    )
    key_file: Path = Field(
        Path("/etc/matthan/node.key"),
        description="The key of this node, PEM; only the agent may read it.",
    )

    def address(self) -> BrokerAddress:
        """Address of the first broker, in the form of the link."""
        return BrokerAddress(**self.model_dump(exclude={"further"}))

    def addresses(self) -> tuple[BrokerAddress, ...]:
        """Addresses of all brokers, each once, the first one first."""
        first = self.address()
        further = (replace(first, host=host, port=port) for host, port in self._further())
        return tuple(dict.fromkeys((first, *further)))

    def _further(self) -> Iterator[tuple[str, int]]:
        return map(host_and_port, self.further)


class JournalSection(Section):
    """Events waiting for the hub, safe from power cuts."""

    removed: ClassVar = {
        "max_events": f"{JournalLimits().max_events} events are kept while the hub is away"
    }

    path: Path = Field(
        Path("/var/lib/matthan/journal.db"),
        description="The file of the journal, on a reliable disk.",
    )


class ClipsSection(Section):
    """Pictures and clips on the node's disk."""

    removed: ClassVar = {
        "max_s": f"a clip ends after {_LONGEST_S:g} s, or after twice preroll_s",
        "sighting_bytes": "footage without an alert takes at most half of max_bytes",
        "continuous_bytes": "continuous recording takes what the rest leaves of max_bytes",
        "spare_bytes": f"{SPARE_BYTES // 2**20} MiB of the disk stay free",
    }

    folder: Path = Field(
        Path("/var/lib/matthan/clips"),
        description="The folder of clips and pictures; needs room for `max_bytes`.",
    )
    preroll_s: float = Field(
        _CLIPS.preroll_s,
        ge=0,
        le=60,
        description="Seconds of video before a person came into view. More costs memory.",
    )
    postroll_s: float = Field(
        _CLIPS.postroll_s, ge=0, le=60, description="Seconds of video after the last person left."
    )
    max_bytes: int = Field(
        4 * 2**30,
        ge=2**20,
        description="Bytes that all footage may take. Then the lowest class goes first "
        "(continuous, sighting, alert). Footage held for a case never goes; if "
        "nothing else is left, recording stops and the hub is told. Footage without an alert "
        f"takes at most half of them, and {SPARE_BYTES // 2**20} MiB of the disk stay free.",
    )
    alert_days: float = Field(
        30,
        gt=0,
        description="Days to keep footage of alerts. A node without a trusted clock removes "
        "footage by bytes only, not by days.",
    )
    sighting_days: float = Field(
        7, gt=0, description="Days to keep footage of sightings without an alert."
    )
    continuous_days: float = Field(
        2,
        gt=0,
        description="Days to keep continuous recording. A camera of 4 Mbit/s writes 43 GB a day.",
    )

    def classes(self) -> dict[FootageClass, ClassBounds]:
        """Bounds of each class of footage, in the form of the clip store."""
        return {
            FootageClass.ALERT: ClassBounds(max_age_s=self.alert_days * _DAY_S),
            FootageClass.SIGHTING: ClassBounds(
                max_age_s=self.sighting_days * _DAY_S, max_bytes=self.max_bytes // 2
            ),
            FootageClass.CONTINUOUS: ClassBounds(max_age_s=self.continuous_days * _DAY_S),
        }

    def policy(self) -> ClipPolicy:
        """Policy for clips, in the form of the recorder."""
        return ClipPolicy(
            preroll_s=self.preroll_s,
            postroll_s=self.postroll_s,
            longest_s=max(_LONGEST_S, 2 * self.preroll_s),
        )


class DetectorSection(Section):
    """Section of the detector: network, threshold, looks."""

    removed: ClassVar = {
        "threads": "a look uses one processor core",
        "dense": "a crowd is looked at tile by tile while it lasts",
        "whole_model": "the network for whole pictures of a crowd comes with the agent",
        "wide_model": "the network for wide pictures comes with the agent",
    }

    model: str = Field(
        "", description="A name in the manifest of models, for all pictures. Empty: by their shape."
    )
    models_dir: str = Field(
        "", description="The folder of the manifest. Empty: the models that came with the agent."
    )
    score: float = Field(
        DetectorSettings().score,
        gt=0,
        lt=1,
        description="The least score (0-1) of a find. Lower: people farther away, more mistakes.",
    )
    looks_per_s: float = Field(
        PipelineSettings().looks_per_s,
        ge=1,
        le=1000,
        description="Most looks (runs of the network) per second, all cameras together. A slow "
        "board takes fewer: what a look takes is measured at the first start (about 9 ms of a core "
        "on a PC, 90 ms on a Pi 4), and looks fill .7 of a core at most. At the limit people are "
        "reported later; no frame is lost unless one look takes more than two frames.",
    )


class SightingSection(Section):
    """Section of sightings: when a sighting begins."""

    removed: ClassVar = {
        "evidence_s": f"scores add up within {_SIGHTING.evidence_s:g} s",
        "gap_s": f"{_SIGHTING.gap_s:g} s out of view are still the same sighting",
        "update_every_s": f"{_SIGHTING.update_every_s:g} s lie between two messages about one",
        "crowd_from": f"{_SIGHTING.crowd.from_people} people in view are a crowd",
    }

    evidence: float = Field(
        _SIGHTING.evidence,
        gt=0,
        description="Scores that must add up within a second before an alert. Higher is "
        "later and more certain.",
    )


class LogSection(Section):
    """Log of the agent on stderr: text for people on a terminal, JSON lines elsewhere."""

    removed: ClassVar = {"format": "for people on a terminal, JSON lines elsewhere"}

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level that is logged."
    )


class AgentSettings(FileSettings):
    """The whole configuration file of the agent."""

    model_config = SettingsConfigDict(env_prefix="MATTHAN_AGENT__")
    program = "agent"

    node: NodeSection
    broker: BrokerSection = BrokerSection()
    camera: tuple[CameraSection, ...]
    journal: JournalSection = JournalSection()
    clips: ClipsSection = ClipsSection()
    uploads: UploadsSection = UploadsSection()
    detector: DetectorSection = DetectorSection()
    sighting: SightingSection = SightingSection()
    log: LogSection = LogSection()

    @model_validator(mode="after")
    def _cameras_fit(self) -> Self:
        if not self.camera:
            raise ValueError("there is no camera: give at least one [[camera]]")
        names = [camera.name for camera in self.camera]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two cameras are called {twice}: give each its own name")
        return self
