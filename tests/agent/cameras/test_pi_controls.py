"""Picture settings of a Pi's own camera: from the configuration to libcamera's controls."""

from pathlib import Path
from typing import Any

import pytest

from agent.cameras.pi.camera import PiCamera
from agent.cameras.pi.controls import PiControls, controls
from agent.cameras.port import CameraError
from agent.config import ConfigError, load
from tests.agent.rigs.hubside import now

pytestmark = pytest.mark.promise(
    "Cameras: A Pi camera's exposure, focus, HDR and tuning can be set."
)

ALL = ("AeExposureMode", "ExposureValue", "AfMode", "LensPosition", "AfMetering", "AfWindows")
FIELD = (16, 8, 4000, 2000)


def of(look: PiControls, *known: str, is_hdr_set: bool = False) -> dict[str, Any]:
    return controls(look, known=known, field=FIELD, is_hdr_set=is_hdr_set)


def written(folder: Path, more: str, source: str = 'picamera = "0"') -> Path:
    path = folder / "agent.toml"
    path.write_text(
        f'[node]\nname = "n"\n[[camera]]\nname = "c"\n{source}\n[camera.pi]\n{more}\n',
        encoding="utf-8",
    )
    return path


def test_a_lens_that_can_focus_follows_unless_told_otherwise() -> None:
    assert of(PiControls(), *ALL) == {"AfMode": 2}
    assert of(PiControls()) == {}
    assert of(PiControls(focus_m=4), *ALL) == {"AfMode": 0, "LensPosition": 0.25}


def test_a_window_is_laid_on_the_sensors_field() -> None:
    found = of(PiControls(focus_window=(0.25, 0.5, 0.75, 1.0)), *ALL)
    assert found == {"AfMode": 2, "AfMetering": 1, "AfWindows": [(1016, 1008, 2000, 1000)]}


def test_exposure_and_brightness_are_passed_on() -> None:
    found = of(PiControls(exposure="short", brightness_ev=-1.5), "AeExposureMode", "ExposureValue")
    assert found == {"AeExposureMode": 1, "ExposureValue": -1.5}


def test_high_dynamic_range_is_the_sensors_or_else_the_boards() -> None:
    assert of(PiControls(hdr=True), is_hdr_set=True) == {}
    assert of(PiControls(hdr=True), "HdrMode") == {"HdrMode": 3}


@pytest.mark.parametrize(
    ("look", "control", "key"),
    [
        (PiControls(hdr=True), "HdrMode", "hdr"),
        (PiControls(focus_m=2), "AfMode", "focus_m"),
        (PiControls(focus_window=(0, 0, 1, 1)), "AfMetering", "focus_window"),
        (PiControls(exposure="long"), "AeExposureMode", "exposure"),
    ],
)
def test_what_the_module_cannot_do_is_said_with_the_key_to_take_out(
    look: PiControls, control: str, key: str
) -> None:
    with pytest.raises(CameraError, match=f"no control {control}.*Take {key} out"):
        of(look)


def test_the_configuration_says_it_in_shares_and_metres(tmp_path: Path) -> None:
    (camera,) = load(
        written(tmp_path, 'exposure = "short"\nfocus_window = [0.2, 0.3, 0.8, 0.9]\nhdr = true')
    ).camera
    assert camera.pi is not None
    assert camera.pi.look() == PiControls(
        exposure="short", focus_window=(0.2, 0.3, 0.8, 0.9), hdr=True
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("focus_window = [0.5, 0, 0.2, 1]", "lies within the picture"),
        ("focus_window = [0, 0, 1]", r"is \[left, top, right, bottom\]"),
        ("focus_window = [0, 0, 1, 1]\nfocus_m = 2", "keep one"),
        ('tuning = "../../etc/passwd"', "camera.pi.tuning"),
        ("hdrr = true", "Did you mean camera.pi.hdr"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(written(tmp_path, more))


def test_a_camera_that_is_no_pis_has_no_such_keys(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give it picamera, or take it out"):
        load(written(tmp_path, "hdr = true", source='device = "/dev/video0"'))


class Module:
    """The part of Picamera2 that is asked before it films."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.camera_controls = dict.fromkeys(ALL, (0, 1, 0))
        self.camera_properties = {"ScalerCropMaximum": FIELD}

    def create_video_configuration(self, **_: object) -> dict[str, Any]:
        return {}

    def configure(self, _: object) -> None:
        """Nothing."""

    def set_controls(self, told: dict[str, Any]) -> None:
        self.told = told
        raise RuntimeError("far enough")

    def stop_recording(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def test_the_camera_tells_its_module_before_it_films() -> None:
    module = Module()
    look = PiControls(focus_m=5)
    camera = PiCamera("c", 0, clock=now, look=look, open_camera=lambda _: module)
    with pytest.raises(CameraError, match="far enough"):
        camera.open()
    assert module.told == {"AfMode": 0, "LensPosition": 0.2}
