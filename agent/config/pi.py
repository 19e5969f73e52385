"""Picture settings of a Raspberry Pi camera: keys of `[camera.pi]` below a `[[camera]]`."""

from typing import Self

from pydantic import Field, model_validator

from agent.cameras.pi.controls import Exposure, PiControls
from toml_settings import Section


class PiSection(Section):
    """Keys of a camera with `picamera`. Opening the camera fails if its module cannot do what they
    ask for."""

    exposure: Exposure = Field(
        "normal",
        description="`short`: walkers are sharper and nights darker; `long`: the opposite.",
    )
    brightness_ev: float = Field(
        0.0, ge=-4, le=4, description="Exposure steps: above 0 brighter, below 0 darker."
    )
    focus_m: float = Field(
        0.0,
        ge=0,
        le=100,
        description="A fixed focus distance in metres, for a lens with focus. 0: automatic.",
    )
    focus_window: tuple[float, ...] = Field(
        (),
        description="The part of the picture to focus on: `[left, top, right, bottom]`, "
        "fractions from 0 to 1. Empty: the middle.",
    )
    hdr: bool = Field(
        False,
        description="High dynamic range, such as a gate before a bright street. Needs "
        "Module 3 or a Pi 5.",
    )
    tuning: str = Field(
        "",
        pattern=r"^([a-z0-9_]+\.json)?$",
        description="A tuning file of libcamera, such as `imx219_noir.json` for a module "
        "without an infrared filter. Empty: the module's own. The module itself"
        " switches a filter that moves at night.",
    )

    network: str = Field(
        "",
        pattern=r"^(/.+\.rpk)?$",
        description="A network for a sensor that runs one itself (IMX500): the full path of"
        " its `.rpk` file. It replaces `[detector]` and costs the node nothing."
        " Empty: none. Not yet tried on a real module.",
    )

    @model_validator(mode="after")
    def _has_a_window(self) -> Self:
        if not self.focus_window:
            return self
        if len(self.focus_window) != 4:
            raise ValueError("focus_window is [left, top, right, bottom]")
        left, top, right, bottom = self.focus_window
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError("focus_window lies within the picture: shares from 0 to 1")
        if self.focus_m:
            raise ValueError("a lens that stays at focus_m looks at no focus_window: keep one")
        return self

    def look(self) -> PiControls:
        """These keys in the form that the camera takes."""
        window = self.focus_window
        return PiControls(
            exposure=self.exposure,
            brightness_ev=self.brightness_ev,
            focus_m=self.focus_m,
            focus_window=(window[0], window[1], window[2], window[3]) if window else None,
            hdr=self.hdr,
            tuning=self.tuning,
        )
