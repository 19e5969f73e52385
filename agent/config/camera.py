"""Keys of a [[camera]] section: unit, default, bounds and consequence."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from agent.config.hours import HourTexts
from agent.config.outlines import Outlines
from agent.config.pi import PiSection
from agent.config.section import Name
from agent.config.zones import LineSection, ZoneSection
from agent.vision.motion.daylight import Sensitivity
from toml_settings import Section

Source = Literal["url", "device", "picamera", "recording"]
_SOURCES: Final[tuple[Source, ...]] = ("url", "device", "picamera", "recording")
MOST_PLACES: Final = 16
"""Most zones, and most lines: everything met at once still fits one message."""
LEAST_REASON_WORDS: Final = 3
NO_HORIZON: Final = 1.0
"""All ground lies below the horizon, so one at the bottom of the picture means none."""
_RECORDER: Final = re.compile(r"https?://[^/\s@]+(/[^\s@]*)?$")
_ADDRESS: Final = re.compile(r"rtsps?://[^/\s]+(/\S*)?$")


class CameraSection(Section):
    """One camera; the section can be repeated."""

    name: Name = Field(description="The name for node and hub: a-z, 0-9 and inner hyphens.")
    label: str = Field(
        "", max_length=200, description="The name that officers read. Empty: the name above."
    )
    url: str = Field(
        "",
        repr=False,
        description="A network camera: `rtsp://NAME:PASSWORD@HOST:554/PATH` of its main "
        "stream, which is kept as it comes. Set exactly one of `url`, `device`,"
        " `picamera` and `recording`.",
    )
    sub_url: str = Field(
        "",
        repr=False,
        description="The small stream of the same camera, for detection. Empty: the main "
        "stream is decoded, at several times the cost.",
    )
    device: str = Field(
        "", description="A USB camera: its device, such as `/dev/video0`. The node encodes it."
    )
    picamera: str = Field(
        "",
        pattern="^[0-3]?$",
        description="A Raspberry Pi's own camera: the number of its connector, from 0. "
        "Clips are 1080p; detection uses a small stream of the board. Needs "
        "`python3-picamera2`.",
    )
    recording: Annotated[str, BeforeValidator(str)] = Field(
        "",
        description="A video file, or a folder of numbered pictures, that is played as a camera.",
    )
    loop: bool = Field(
        True, description="Start the recording again at its end; `run --once` never does."
    )
    pace: bool = Field(
        True, description="Play the recording at its own speed; false: as fast as detection allows."
    )

    continuous: bool = Field(
        False,
        description="Record everything beside the clips, within `clips.max_bytes`. Needs a "
        "disk that lasts. `matthan-agent check` shows the amount per day.",
    )

    recorder: str = Field(
        "",
        description="The camera's own recorder (ONVIF Profile G): the address of its device"
        " service, usually `http://HOST/onvif/device_service`. The hub's "
        "requests for a time span also use it. Not yet tried with a real one.",
    )
    recorder_login_file: str = Field(
        "",
        description="A file with one line, `NAME:PASSWORD`, for the recorder; only the "
        "agent's user may read it. Empty: no login.",
    )
    recorder_token: str = Field(
        "",
        max_length=200,
        description="The recording of this camera in the recorder; `matthan-agent check` "
        "lists them. Empty: the only one.",
    )

    sound: str = Field(
        "",
        max_length=500,
        description="The reason to record the sound of this network camera, in words for "
        "the people concerned. Empty: no sound. Sound leaves the node only on a"
        " request with a reason.",
    )

    ignored: Outlines = Field(
        (),
        description="Regions without detection, such as a road: outlines of three or more "
        "points `[x, y]`, (0, 0) top left, (1, 1) bottom right. Clips still "
        "show them.",
    )
    private: Outlines = Field(
        (),
        description="Privacy masks, such as a neighbour's window: outlines as in `ignored`,"
        " painted over before anything leaves the node. They cost a multiple of"
        " the processor time.",
    )

    alert_hours: HourTexts = Field(
        (),
        description="Hours in which people raise alerts, in local time: `22:00-05:00`, "
        "`mon-fri 18:00-07:00`. At other hours they are only recorded, unless "
        "they meet a rule of a zone or line. Empty: always.",
    )
    least_change: float = Field(
        Sensitivity().least_change,
        ge=1,
        le=100,
        description="Grey levels (of 255) by which a part of the picture must change to "
        "count as motion. Lower: more looks, at a higher cost.",
    )
    night_least_change: float = Field(
        0.0, ge=0, le=100, description="The same at night. 0: as by day."
    )
    night_score: float = Field(
        0.0, ge=0, lt=1, description="`detector.score` at night. 0: as by day."
    )
    night_hours: HourTexts = Field(
        (),
        description="The hours of the night, in local time. Empty, or without a trusted "
        "clock: night is a dark picture, or one without colour (infrared).",
    )
    mast_height_m: float = Field(
        0.0,
        ge=0,
        le=30,
        description="Height of the camera above flat ground, in metres. With `horizon` the node "
        "estimates how tall people are. 0: not known, no heights.",
    )
    horizon: float = Field(
        NO_HORIZON,
        ge=-1,
        le=NO_HORIZON,
        description="Where the horizon lies, as a share of the picture's height from its top; "
        "negative: above the picture. 1: not known, no heights.",
    )
    pi: PiSection | None = Field(
        None,
        description="Settings of a `picamera`, in a `[camera.pi]` after the camera's other "
        "keys. Not yet tried on a real module.",
    )
    zone: tuple[ZoneSection, ...] = Field(
        (),
        max_length=MOST_PLACES,
        description="Parts of the picture with their own rules, each in a `[[camera.zone]]`"
        " after the camera's other keys.",
    )
    line: tuple[LineSection, ...] = Field(
        (),
        max_length=MOST_PLACES,
        description="Lines whose crossing is reported, each in a `[[camera.line]]`.",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = self._sources()
        who = f"camera {self.name}"
        if not given:
            raise ValueError(f"{who} has no source: give it url, device, picamera or recording")
        if len(given) > 1:
            raise ValueError(f"{who} has more than one source ({', '.join(given)}): keep one")
        if self.pi is not None and not self.picamera:
            raise ValueError(f"{who} has [camera.pi] and is none: give it picamera, or take it out")
        if self.sub_url and not self.url:
            raise ValueError(f"{who} has a sub_url without a url: give it the main stream's too")
        if self.sound and not self.url:
            raise ValueError(f"{who} has a sound without a url: only network cameras bring sound")
        if self.sound and len(self.sound.split()) < LEAST_REASON_WORDS:
            raise ValueError(f"{who}: sound is no switch but a reason: say in a sentence what for")
        for key in ("url", "sub_url"):
            if (address := getattr(self, key)) and not _ADDRESS.match(address):
                raise ValueError(f"{who}: {key} must be rtsp://HOST/PATH (or rtsps://)")
        return self

    @model_validator(mode="after")
    def _has_a_recorder_that_may_be_asked(self) -> Self:
        who = f"camera {self.name}"
        if self.recorder and not _RECORDER.match(self.recorder):
            raise ValueError(f"{who}: recorder must be http://HOST/PATH, without a login")
        if self.recorder and self.private:
            raise ValueError(
                f"{who}: what its recorder has knows no privacy masks: take recorder or private out"
            )
        if (self.recorder_token or self.recorder_login_file) and not self.recorder:
            raise ValueError(f"{who} has words for a recorder but none: give it recorder too")
        return self

    @model_validator(mode="after")
    def _has_names_once(self) -> Self:
        names = [zone.name for zone in self.zone] + [line.name for line in self.line]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(
                f"camera {self.name} has two zones or lines called {twice}: give each its own name"
            )
        return self

    @property
    def has_hours(self) -> bool:
        """True if something depends on the local time."""
        zones = any(zone.closed_hours for zone in self.zone)
        return bool(self.alert_hours or self.night_hours) or zones

    def by_day(self, score: float) -> Sensitivity:
        """Thresholds by day; `score` is the detector's."""
        return Sensitivity(least_change=self.least_change, least_score=score)

    def by_night(self, score: float) -> Sensitivity | None:
        """Thresholds by night; None if they are the same."""
        night = Sensitivity(
            least_change=self.night_least_change or self.least_change,
            least_score=self.night_score or score,
        )
        return None if night == self.by_day(score) else night

    @property
    def source(self) -> Source:
        """Kind of the camera's source."""
        return self._sources()[0]

    def _sources(self) -> list[Source]:
        return [key for key in _SOURCES if getattr(self, key)]
