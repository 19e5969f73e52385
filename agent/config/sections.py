"""Keys of the configuration except a camera's: unit, default, bounds and consequence."""

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from agent.clips.recorder import ClipPolicy
from agent.clips.retention import ClassBounds
from agent.config.camera import CameraSection
from agent.config.hours import ZoneName
from agent.config.section import Name, Section
from agent.config.uploads import UploadsSection
from agent.delivery.session import BrokerAddress
from agent.journal import FootageClass, Limits
from agent.vision.crowd import CrowdSettings
from agent.vision.dense import Mode
from agent.vision.person import DetectorSettings
from agent.vision.pipeline import EyesSettings
from agent.vision.sighting import SightingSettings

PREFIX: Final = "MATTHAN_AGENT__"

_CLIPS: Final = ClipPolicy()
_DAY_S: Final = 86_400.0
_SIGHTING: Final = SightingSettings()


class NodeSection(Section):
    """Identity of this node."""

    name: Name = Field(
        description="The name its certificate was issued for: a-z, 0-9 and inner hyphens. "
        "Another name, and the broker passes nothing on."
    )
    language: Literal["vi", "en"] = Field(
        "vi", description="The language of `matthan-agent check`."
    )
    time_zone: ZoneName = Field(
        "Asia/Ho_Chi_Minh", description="The zone of all hours in this configuration."
    )


class BrokerSection(Section):
    """The MQTT broker, and the certificates of both sides."""

    host: str = Field("127.0.0.1", description="Must be a name in the broker's certificate.")
    port: int = Field(8883, ge=1, le=65535, description="The broker's TLS port.")
    ca_file: Path = Field(
        Path("/etc/matthan/ca.crt"),
        description="The authority that vouches for the broker and for the hub's uploads, PEM.",
    )
    cert_file: Path = Field(
        Path("/etc/matthan/node.crt"), description="This node's certificate, PEM."
    )
    key_file: Path = Field(
        Path("/etc/matthan/node.key"), description="Its key, readable by the agent alone, PEM."
    )

    def address(self) -> BrokerAddress:
        """In the form of the link."""
        return BrokerAddress(**self.model_dump())


class JournalSection(Section):
    """Events waiting for the hub, safe from power cuts."""

    path: Path = Field(
        Path("/var/lib/matthan/journal.db"), description="A file on a disk that keeps its promises."
    )
    max_events: int = Field(
        Limits().max_events,
        ge=10,
        description="Events kept while the hub is away. When it is full the oldest that is no "
        "alert goes first, and the hub is told its number.",
    )


class ClipsSection(Section):
    """Pictures and clips on the node's disk."""

    folder: Path = Field(
        Path("/var/lib/matthan/clips"), description="Where they lie; needs room for `max_bytes`."
    )
    preroll_s: float = Field(
        _CLIPS.preroll_s,
        ge=0,
        le=60,
        description="Seconds of video before a person came into view. More costs memory.",
    )
    postroll_s: float = Field(
        _CLIPS.postroll_s, ge=0, le=60, description="Seconds of video after the last one left."
    )
    max_s: float = Field(
        _CLIPS.longest_s,
        gt=0,
        le=600,
        description="Seconds after which a clip is cut and the next begins; at least twice "
        "`preroll_s`. Longer clips reach the officer later.",
    )
    max_bytes: int = Field(
        4 * 2**30,
        ge=2**20,
        description="Bytes all footage may take. When they are used up, the lowest class goes "
        "first (continuous, sighting, alert), in it what the hub already has, then the oldest. "
        "What is held for a case never goes; when nothing else is left, recording stops and the "
        "hub is told.",
    )
    alert_days: float = Field(
        30, gt=0, description="Days for which footage of alerts is kept. Older goes."
    )
    sighting_days: float = Field(
        7, gt=0, description="Days for which footage of sightings that raised no alert is kept."
    )
    sighting_bytes: int = Field(
        2 * 2**30,
        ge=0,
        description="Bytes that footage of sightings without an alert may take of `max_bytes`.",
    )
    continuous_days: float = Field(
        2, gt=0, description="Days for which continuous recording is kept. Older goes."
    )
    continuous_bytes: int = Field(
        2 * 2**30,
        ge=0,
        description="Bytes that continuous recording of all cameras may take of `max_bytes`; a "
        "camera of 4 Mbit/s writes 43 GB a day. It is the first to go when room is needed.",
    )
    spare_bytes: int = Field(
        256 * 2**20,
        ge=0,
        description="Bytes of the disk left free for the journal and the system, at the cost of "
        "footage.",
    )

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        self.policy()
        return self

    def classes(self) -> dict[FootageClass, ClassBounds]:
        """In the form of the clip store."""
        return {
            FootageClass.ALERT: ClassBounds(max_age_s=self.alert_days * _DAY_S),
            FootageClass.SIGHTING: ClassBounds(
                max_age_s=self.sighting_days * _DAY_S, max_bytes=self.sighting_bytes
            ),
            FootageClass.CONTINUOUS: ClassBounds(
                max_age_s=self.continuous_days * _DAY_S, max_bytes=self.continuous_bytes
            ),
        }

    def policy(self) -> ClipPolicy:
        """In the form of the recorder."""
        return ClipPolicy(
            preroll_s=self.preroll_s, postroll_s=self.postroll_s, longest_s=self.max_s
        )


class DetectorSection(Section):
    """The detector network."""

    model: str = Field(
        "", description="A name in the models' manifest. Empty: the one it names as default."
    )
    models_dir: str = Field(
        "", description="The folder of the manifest. Empty: the models that came with the agent."
    )
    threads: int = Field(
        1, ge=1, le=8, description="Processor cores one camera's look may use at once."
    )
    score: float = Field(
        DetectorSettings().score,
        gt=0,
        lt=1,
        description="The least score (0-1) of a find. Lower: people farther off, more mistakes.",
    )
    dense: Mode = Field(
        "auto",
        description="Looking tile by tile where many small people are: auto (from some fourteen "
        "people on, until there are fewer than nine), always or never. Finds more of a crowd with "
        "fewer looks, and a few far ones less.",
    )
    whole_model: str = Field(
        "nanodet_g_320x416_6c_int8",
        description="The network that looks at whole pictures then; loaded when first needed. "
        "Empty: the same as for the rest.",
    )
    wide_model: str = Field(
        "nanodet_g_192x320_6c_int8",
        description="The network that looks at wide pictures (16:9) wherever it shows them as "
        "large as the other; a third cheaper. Empty: the same as for the rest.",
    )
    looks_per_s: float = Field(
        EyesSettings().looks_per_s,
        ge=1,
        le=1000,
        description="Looks a second by all cameras together. When more would be wanted, what was "
        "unseen for longest goes first and the rest waits: people are told of later, no frame is. "
        "A look takes about 9 ms of a core on a PC, 90 ms on a Pi 4.",
    )


class SightingSection(Section):
    """When a sighting begins."""

    evidence: float = Field(
        _SIGHTING.evidence,
        gt=0,
        description="Scores that must add up before an alert. Higher is later and truer.",
    )
    evidence_s: float = Field(
        _SIGHTING.evidence_s, gt=0, description="The seconds within which they must add up."
    )
    gap_s: float = Field(
        _SIGHTING.gap_s,
        gt=0,
        description="Seconds a person may be out of view and still be the same sighting.",
    )
    update_every_s: float = Field(
        _SIGHTING.update_every_s,
        gt=0,
        description="The shortest span, seconds, between two messages about one sighting.",
    )
    crowd_from: int = Field(
        CrowdSettings().from_people,
        ge=2,
        description="So many people in view at once are told of as a crowd, about so many, and "
        "nobody in it alone; until fewer than six tenths of them are left.",
    )


class LogSection(Section):
    """Logs on stderr."""

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: for people on a terminal, JSON lines elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is written."
    )


class AgentSettings(Section):
    """All sections."""

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
