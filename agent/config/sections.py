"""Every key of the configuration: its unit, default, bounds and consequence."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agent.clips.recorder import ClipPolicy
from agent.delivery.session import BrokerAddress
from agent.journal import Limits
from agent.vision.person import DetectorSettings
from agent.vision.sighting import SightingSettings

PREFIX: Final = "MATTHAN_AGENT__"

_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Source = Literal["url", "device", "recording"]
_SOURCES: Final[tuple[Source, ...]] = ("url", "device", "recording")
_ADDRESS: Final = re.compile(r"rtsps?://[^/\s]+(/\S*)?$")
_CLIPS: Final = ClipPolicy()
_SIGHTING: Final = SightingSettings()


class Section(BaseModel):
    """The base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSection(Section):
    """Who this node is."""

    name: _Name = Field(
        description="The name its certificate was issued for: a-z, 0-9 and inner hyphens. "
        "Another name, and the broker passes nothing on."
    )
    language: Literal["vi", "en"] = Field(
        "vi", description="The language of `matthan-agent check`."
    )


class BrokerSection(Section):
    """The MQTT broker, and the papers by which broker and node know each other."""

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
        """As the link wants it."""
        return BrokerAddress(**self.model_dump())


class CameraSection(Section):
    """One view of the street; the section may stand several times."""

    name: _Name = Field(description="What node and hub call it: a-z, 0-9 and inner hyphens.")
    label: str = Field(
        "", max_length=200, description="What officers read. Empty: the name is shown."
    )
    url: str = Field(
        "",
        repr=False,
        description="A network camera: `rtsp://NAME:PASSWORD@HOST:554/PATH` of its main stream, "
        "which is kept as it comes. Exactly one of `url`, `device` and `recording` is set.",
    )
    sub_url: str = Field(
        "",
        repr=False,
        description="The same camera's small stream, which is looked at. Empty: the main stream "
        "is decoded, at several times the cost.",
    )
    device: str = Field(
        "", description="A USB camera: its device, such as `/dev/video0`. Encoded by the node."
    )
    recording: Annotated[str, BeforeValidator(str)] = Field(
        "",
        description="The video file, or folder of numbered pictures, that is played as a camera.",
    )
    loop: bool = Field(True, description="Begin again at its end; `run --once` never does.")
    pace: bool = Field(
        True, description="Play at the speed of the street; false: as fast as the node can look."
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [key for key in _SOURCES if getattr(self, key)]
        who = f"camera {self.name}"
        if not given:
            raise ValueError(f"{who} has no source: give it url, device or recording")
        if len(given) > 1:
            raise ValueError(f"{who} has more than one source ({', '.join(given)}): keep one")
        if self.sub_url and not self.url:
            raise ValueError(f"{who} has a sub_url without a url: give it the main stream's too")
        for key in ("url", "sub_url"):
            if (address := getattr(self, key)) and not _ADDRESS.match(address):
                raise ValueError(f"{who}: {key} must be rtsp://HOST/PATH (or rtsps://)")
        return self

    @property
    def source(self) -> Source:
        """The kind of its source."""
        return next(key for key in _SOURCES if getattr(self, key))


class JournalSection(Section):
    """What the node has not handed over yet, safe from power cuts."""

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
        description="Bytes all footage may take. When they are used up, what the hub already has "
        "goes first, then the oldest.",
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

    def policy(self) -> ClipPolicy:
        """As the recorder wants it."""
        return ClipPolicy(
            preroll_s=self.preroll_s, postroll_s=self.postroll_s, longest_s=self.max_s
        )


class DetectorSection(Section):
    """The network that tells people from the rest."""

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


class SightingSection(Section):
    """When somebody is worth a message."""

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


class LogSection(Section):
    """What the agent writes to stderr."""

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: for people on a terminal, JSON lines elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is written."
    )


class AgentSettings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    node: NodeSection
    broker: BrokerSection = BrokerSection()
    camera: tuple[CameraSection, ...]
    journal: JournalSection = JournalSection()
    clips: ClipsSection = ClipsSection()
    detector: DetectorSection = DetectorSection()
    sighting: SightingSection = SightingSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - called by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - called by these names
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - called by these names
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what was read from the file."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _cameras_fit(self) -> Self:
        if not self.camera:
            raise ValueError("there is no camera: give at least one [[camera]]")
        names = [camera.name for camera in self.camera]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two cameras are called {twice}: give each its own name")
        return self
