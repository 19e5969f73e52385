"""The settings of a node that may be changed from afar: their names, ranges, and one hash.

Only what the eyes look for, and what is kept and brought: never an address, a secret or a
certificate, so that whoever writes here can neither take a node away nor read its camera's
password. A test holds every key to the node's own configuration.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from agent.wire.terms import VERSION, Fraction, Name, Sha256, Words

MOST_BYTES: Final = 24 * 1024
"""Of all settings of one node: what it reports of them twice still fits a message."""
MOST_OUTLINES: Final = 32
MOST_CORNERS: Final = 64

Hours = Annotated[
    str,
    Field(
        max_length=80,
        pattern=r"^\s*([a-zA-Z,-]+\s+)?\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d\s*$",
        description='a span of the week: "22:00-05:00", "mon-fri 18:00-07:00"',
    ),
]
HourList = Annotated[tuple[Hours, ...], Field(max_length=32)]
Point = tuple[Fraction, Fraction]
Outline = Annotated[tuple[Point, ...], Field(min_length=3, max_length=MOST_CORNERS)]
Outlines = Annotated[tuple[Outline, ...], Field(max_length=MOST_OUTLINES)]
Size = Annotated[int, Field(ge=0, lt=2**53)]
Days = Annotated[float, Field(gt=0, le=36_500)]


class SettingsFault(ValueError):  # noqa: N818 - it is said of settings, as faults are elsewhere
    """Settings that nobody may wish for: a line for each fault, with the key and the cure."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class _Part(BaseModel):
    """The base: what is not set stays as the node's own file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ZoneSettings(_Part):
    """See `[[camera.zone]]`."""

    name: Name
    outline: Annotated[tuple[Point, ...], Field(max_length=MOST_CORNERS)] = ()
    entry: bool = False
    loiter_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    group: Annotated[int, Field(ge=0, le=1000)] = 0
    closed_hours: HourList = ()

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if not (self.entry or self.loiter_s or self.group or self.closed_hours):
            raise ValueError("it has no rule: give it entry, loiter_s, group or closed_hours")
        return self


class LineSettings(_Part):
    """See `[[camera.line]]`."""

    name: Name
    start: Point
    end: Point
    towards: Literal["both", "left", "right"] = "both"


class CameraHabits(_Part):
    """What may be the same for all cameras of a group."""

    alert_hours: HourList | None = None
    night_hours: HourList | None = None
    least_change: Annotated[float, Field(ge=1, le=100)] | None = None
    night_least_change: Annotated[float, Field(ge=0, le=100)] | None = None
    night_score: Annotated[float, Field(ge=0, lt=1)] | None = None
    continuous: bool | None = None


class CameraSettings(CameraHabits):
    """What belongs to one camera's view."""

    ignored: Outlines | None = None
    private: Outlines | None = None
    zone: Annotated[tuple[ZoneSettings, ...], Field(max_length=16)] | None = None
    line: Annotated[tuple[LineSettings, ...], Field(max_length=16)] | None = None


class ClipSettings(_Part):
    """See `[clips]`."""

    preroll_s: Annotated[float, Field(ge=0, le=60)] | None = None
    postroll_s: Annotated[float, Field(ge=0, le=60)] | None = None
    max_s: Annotated[float, Field(gt=0, le=600)] | None = None
    max_bytes: Annotated[int, Field(ge=2**20, lt=2**53)] | None = None
    alert_days: Days | None = None
    sighting_days: Days | None = None
    sighting_bytes: Size | None = None
    continuous_days: Days | None = None
    continuous_bytes: Size | None = None
    spare_bytes: Size | None = None


class UploadSettings(_Part):
    """See `[uploads]`."""

    bring: Literal["all", "alerts", "asked"] | None = None
    max_kbit_per_s: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class DetectorSettings(_Part):
    """See `[detector]`."""

    score: Annotated[float, Field(gt=0, lt=1)] | None = None
    dense: Literal["auto", "always", "never"] | None = None
    looks_per_s: Annotated[float, Field(ge=1, le=1000)] | None = None


class SightingSettings(_Part):
    """See `[sighting]`."""

    evidence: Annotated[float, Field(gt=0, le=1000)] | None = None
    evidence_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    gap_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    update_every_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    crowd_from: Annotated[int, Field(ge=2, le=10_000)] | None = None


class GroupSettings(_Part):
    """What may be wanted of every node of a group."""

    every_camera: CameraHabits | None = None
    clips: ClipSettings | None = None
    uploads: UploadSettings | None = None
    detector: DetectorSettings | None = None
    sighting: SightingSettings | None = None


class NodeSettings(GroupSettings):
    """What may be wanted of one node; a camera's own word goes before `every_camera`."""

    cameras: dict[Name, CameraSettings] | None = None


SECTIONS: Final = ("clips", "uploads", "detector", "sighting")
"""Those whose keys are the node's own, one for one."""


class SettingsName(Words):
    """Which settings: the hub's running number of them for this node, and what they are."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256


class SettingsAnswer(Words):
    """What the node made of the last settings that it was given."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """on_probation, in_force, refused, fell_back; a newer node may know more."""
    reason: Annotated[str, Field(max_length=1000)]
    """Of a refusal or a fall: in plain words."""


class SettingsReport(Words):
    """By which settings a node works, and what it made of the last ones. Retained."""

    v: Literal[1] = VERSION
    node: Name
    in_force: SettingsName | None
    """None: its own file alone."""
    last: SettingsAnswer | None
    own: dict[str, JsonValue] | None
    """What its own file says of these keys; None where that was too much for a message."""
    from_afar: dict[str, JsonValue] | None
    """What is in force above it."""


class Configure(Words):
    """Work by these settings, above the node's own file and in place of earlier ones.

    They are checked by the node: what it does not know or cannot use it refuses, with the reason,
    and keeps what it has. Nothing in `settings`: its own file alone.
    """

    kind: Literal["configure"] = "configure"
    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    """Of `settings`, see `settings_hash`."""
    within_s: Annotated[int, Field(ge=10, le=3600)]
    """A node that does not reach the broker with them within so long goes back by itself."""
    settings: dict[str, JsonValue]


def settings_hash(settings: Mapping[str, Any]) -> str:
    """The name of settings: SHA-256 of their JSON with sorted keys and no spaces, in hex."""
    return hashlib.sha256(canonical(settings)).hexdigest()


def canonical(settings: Mapping[str, Any]) -> bytes:
    """The one way of writing settings; ValueError for what JSON cannot say."""
    text = json.dumps(
        settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def check_settings(settings: Mapping[str, Any], model: type[GroupSettings] = NodeSettings) -> None:
    """Raise SettingsFault with a line for every key that is unknown or out of range."""
    try:
        text = canonical(settings)
    except (ValueError, TypeError, RecursionError) as error:
        raise SettingsFault(f"no settings: {error}") from error
    if len(text) > MOST_BYTES:
        raise SettingsFault(f"{len(text)} bytes of settings, at most {MOST_BYTES} go: fewer zones")
    try:
        model.model_validate_json(text)
    except ValidationError as error:
        raise SettingsFault(*_lines(error)) from error


def _lines(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False)[:10]:
        place = ".".join(str(part) for part in fault["loc"]) or "settings"
        if fault["type"] == "extra_forbidden":
            yield f"{place}: this key is not known here, or not to be changed from afar"
        else:
            yield f"{place}: {fault['msg'].removeprefix('Value error, ')}"
