"""Picture settings of a Pi's own camera (exposure, focus, dynamic range, tuning) as controls.

Pure. Names and numbers are those of libcamera's control_ids; each module lists those it supports.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from agent.cameras.port import CameraError
from agent.i18n import N_

Exposure = Literal["normal", "short", "long"]
_EXPOSURES: Final[dict[Exposure, int]] = {"normal": 0, "short": 1, "long": 2}
_FOCUS_FIXED: Final = 0
_FOCUS_GOES_ON: Final = 2
_IN_WINDOWS: Final = 1
_HDR_OF_ONE_EXPOSURE: Final = 3
_LEFT_OUT: Final = N_("Take {key} out of [camera.pi], or put a module in that can.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PiControls:
    """A technician's settings; shares are of the picture's width and height, 0 to 1."""

    exposure: Exposure = "normal"
    brightness_ev: float = 0.0
    """Exposure steps brighter (below 0: darker) than automatic."""
    focus_m: float = 0.0
    """A fixed distance in metres; 0: autofocus, if the lens has it."""
    focus_window: tuple[float, float, float, float] | None = None
    """Focus area: left, top, right, bottom, in shares."""
    hdr: bool = False
    tuning: str = ""
    """A tuning file of libcamera, such as `imx219_noir.json`; empty: the module's own."""


def controls(
    look: PiControls,
    *,
    known: Collection[str],
    field: tuple[int, int, int, int],
    is_hdr_set: bool = False,
) -> dict[str, Any]:
    """The libcamera controls for `look`; CameraError if the module lacks a control.

    `known` are the module's controls, `field` its largest picture on the sensor (x, y, width,
    height; ScalerCropMaximum), `is_hdr_set` whether HDR was set in the sensor already.
    """
    wanted: dict[str, Any] = {}
    keys: dict[str, str] = {}

    def want(key: str, name: str, value: Any) -> None:
        wanted[name], keys[name] = value, key

    if look.exposure != "normal":
        want("exposure", "AeExposureMode", _EXPOSURES[look.exposure])
    if look.brightness_ev:
        want("brightness_ev", "ExposureValue", look.brightness_ev)
    if look.focus_m:
        want("focus_m", "AfMode", _FOCUS_FIXED)
        want("focus_m", "LensPosition", 1 / look.focus_m)  # dioptres
    elif "AfMode" in known:  # an autofocus lens does not move until it gets a mode
        wanted["AfMode"] = _FOCUS_GOES_ON
    if look.focus_window is not None:
        want("focus_window", "AfMetering", _IN_WINDOWS)
        want("focus_window", "AfWindows", [_on_sensor(look.focus_window, field)])
    if look.hdr and not is_hdr_set:
        want("hdr", "HdrMode", _HDR_OF_ONE_EXPOSURE)
    for name, key in keys.items():
        if name not in known:
            raise CameraError(
                N_("The Pi camera's module has no control {control}."),
                _LEFT_OUT,
                {"control": name, "key": key},
            )
    return wanted


def _on_sensor(
    window: tuple[float, float, float, float], field: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    left, top, right, bottom = window
    x, y, width, height = field
    return (
        x + round(left * width),
        y + round(top * height),
        max(1, round((right - left) * width)),
        max(1, round((bottom - top) * height)),
    )
