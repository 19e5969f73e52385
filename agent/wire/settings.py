"""Settings of a node that can be changed remotely: names, ranges, and their hash.

Only detection, recording and upload settings, and the list of further brokers: never a secret or a
certificate. So nobody can take over a node or read its camera's password this way: a broker must
have a certificate of the authority in the node's own file. A test compares every key with the
node's own configuration.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from agent.wire.brokers import MOST_BROKERS, HostAndPort
from agent.wire.terms import VERSION, Fraction, Label, Name, Sha256, Words

MOST_BYTES: Final = 24 * 1024
"""For all settings of one node: a report with two copies fits one message."""
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
    """Invalid settings: one line per fault, with key and cure."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class _Part(BaseModel):
    """Base class: an unset value stays as in the node's own file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ZoneSettings(_Part):
    """See `[[camera.zone]]`."""

    name: Name
    label: Label = ""
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
    label: Label = ""
    start: Point
    end: Point
    towards: Literal["both", "left", "right"] = "both"


class CameraHabits(_Part):
    """Settings that can be the same for all cameras of a group."""

    alert_hours: HourList | None = None
    night_hours: HourList | None = None
    least_change: Annotated[float, Field(ge=1, le=100)] | None = None
    night_least_change: Annotated[float, Field(ge=0, le=100)] | None = None
    night_score: Annotated[float, Field(ge=0, lt=1)] | None = None
    continuous: bool | None = None


class CameraSettings(CameraHabits):
    """Settings of one camera's view."""

    ignored: Outlines | None = None
    private: Outlines | None = None
    zone: Annotated[tuple[ZoneSettings, ...], Field(max_length=16)] | None = None
    line: Annotated[tuple[LineSettings, ...], Field(max_length=16)] | None = None
    mast_height_m: Annotated[float, Field(ge=0, le=30)] | None = None
    """0: not known. Without both of these two keys no heights of people are estimated."""
    horizon: Annotated[float, Field(ge=-1, le=1)] | None = None
    """1: not known."""


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


class BrokerSettings(_Part):
    """See `[broker]`."""

    further: Annotated[tuple[HostAndPort, ...], Field(max_length=MOST_BROKERS - 1)] | None = None


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
    """Desired settings for every node of a group."""

    every_camera: CameraHabits | None = None
    clips: ClipSettings | None = None
    uploads: UploadSettings | None = None
    detector: DetectorSettings | None = None
    sighting: SightingSettings | None = None
    broker: BrokerSettings | None = None


class NodeSettings(GroupSettings):
    """Desired settings for one node; a camera's own value overrides `every_camera`."""

    cameras: dict[Name, CameraSettings] | None = None


def setting_keys(model: type[BaseModel] = NodeSettings, above: str = "") -> Iterator[str]:
    """Every key of the settings with the keys that it is below: "clips", "clips.preroll_s",
    "cameras.zone.label". Names of cameras and places in a list are left out."""
    for name, field in model.model_fields.items():
        yield f"{above}{name}"
        for part in _models(field.annotation):
            yield from setting_keys(part, f"{above}{name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, such as that in `tuple[ZoneSettings, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


SECTIONS: Final = ("clips", "uploads", "detector", "sighting", "broker")
"""Sections whose keys equal the node's own."""


class SettingsName(Words):
    """Identity of settings: the hub's version number for this node, and their hash."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256


class SettingsAnswer(Words):
    """Result of the last settings given to the node."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """One of `on_probation`, `in_force`, `refused`, `fell_back`. A newer node may send others."""
    reason: Annotated[str, Field(max_length=1000)]
    """Reason of a refusal or a fall-back, in plain words."""


SettingKey = Annotated[str, Field(max_length=120)]


class SettingsReport(Words):
    """Effective settings of a node and result of the last ones. Retained."""

    v: Literal[1] = VERSION
    node: Name
    in_force: SettingsName | None
    """None: only its own file."""
    last: SettingsAnswer | None
    own: dict[str, JsonValue] | None
    """Values of these keys in its own file; None if too large for a message."""
    from_afar: dict[str, JsonValue] | None
    """Remote settings in force above it."""
    keys: Annotated[tuple[SettingKey, ...], Field(max_length=1000)] | None = Field(
        default=None, exclude_if=lambda said: said is None
    )
    """Keys that the node knows, see `setting_keys`: the hub sends it no others. Left out by release
    0.2.0 and older."""


class Configure(Words):
    """Use these settings above the node's own file, in place of earlier ones.

    The node checks them: it refuses unknown or unusable ones with the reason and keeps the present
    ones. An empty `settings`: only its own file.
    """

    kind: Literal["configure"] = "configure"
    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    """Hash of `settings`, see `settings_hash`."""
    within_s: Annotated[int, Field(ge=10, le=3600)]
    """A node that does not reach the broker with them within this time goes back by itself."""
    settings: dict[str, JsonValue]


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Identity of settings: SHA-256 of their JSON with sorted keys and no spaces, in hex."""
    return hashlib.sha256(canonical(settings)).hexdigest()


def canonical(settings: Mapping[str, Any]) -> bytes:
    """Canonical bytes of settings; ValueError for values that JSON does not have."""
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
