"""A Raspberry Pi's own camera by Picamera2: a small YUV stream for detection, encoded packets kept.

The board scales the pictures, so detection needs no decoding. The board encodes where it has an
encoder (Pi 4 and before), else x264 does (Pi 5). The large and the small stream come from the same
exposure: frames are smaller than the announced stream, and boxes are shares of the picture.
"""

import importlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from agent.cameras.codec.encoder import bits_per_s
from agent.cameras.codec.parameter_sets import parameter_sets
from agent.cameras.pi.controls import PiControls, controls
from agent.cameras.pi.imx500 import HELD_S, SensorNetwork
from agent.cameras.port import CameraError, PacketSink
from agent.i18n import N_
from agent.media.frame import Frame, Glimpse, Instant, Packet, Plane, SensedFrame, StreamInfo

FRAMES_PER_S: Final = 15
KEPT_PX: Final = (1080, 1920)
SEEN_PX: Final = (360, 640)
BUFFERS: Final = 6
STALLED_S: Final = 3.0
OPEN_S: Final = 5.0
LOAD_S: Final = 240.0
"""Seconds: a sensor takes minutes to load its network for the first time."""
TICKS_PER_S: Final = 90_000
MOST_PACKETS: Final = 300
"""Packets that may wait for the camera's thread: twenty seconds of them mean that it is gone."""
BOARD_ENCODER: Final = Path("/dev/video11")
"""The H.264 encoder of a Pi up to 4, as Picamera2 opens it."""

_CHECK: Final = N_("See that its ribbon sits straight at both ends, then start the board again.")


class PiCamera:
    """The camera at a connector of the board, numbered from 0."""

    def __init__(
        self,
        name: str,
        number: int,
        *,
        clock: Callable[[], Instant],
        kept_px: tuple[int, int] = KEPT_PX,
        seen_px: tuple[int, int] = SEEN_PX,
        look: PiControls | None = None,
        open_camera: Callable[[int], Any] | None = None,
        open_sensor: Callable[[], SensorNetwork] | None = None,
    ) -> None:
        """Sizes are (height, width). `open_camera` gives a Picamera2 or a compatible object;
        `open_sensor` gives the sensor's own network if that is to detect people."""
        self._look = look or PiControls()
        self._is_hdr_set = False
        self.name = name
        self._number = number
        self._clock = clock
        self._kept_px, self._seen_px = kept_px, seen_px
        self._open_camera = open_camera or self._picamera
        self._open_sensor = open_sensor
        self._sensor: SensorNetwork | None = None
        self._glimpsed: tuple[Instant, tuple[Glimpse, ...]] | None = None
        self._camera: Any = None
        self._film: _Film | None = None

    def open(self) -> StreamInfo:
        """Start the camera; raises CameraError. The answer describes the large stream."""
        self.close()
        self._camera = self._opened()
        try:
            return self._begin(self._camera)
        except (RuntimeError, OSError, ValueError) as error:
            self.close()
            raise self._error(
                N_("The Pi camera {number} does not start ({why})."), _CHECK, error
            ) from error
        except BaseException:
            self.close()
            raise

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """Frames until `stop()`; CameraError when the camera hangs."""
        camera, film, index = self._camera, self._film, 0
        if camera is None or film is None:
            raise RuntimeError("the camera is not open: call open() before frames()")
        while not stop():
            index += 1
            yuv, at, glimpses = self._next(camera)
            for packet in film.taken(self._clock):
                sink.push(packet)
            if sink.wants_keyframe():
                film.ask_for_keyframe()
            width, height = yuv.shape[1], yuv.shape[0] * 2 // 3
            if self._sensor is None:
                yield Frame(index, at, yuv, width, height)
            else:
                yield SensedFrame(index, at, yuv, width, height, glimpses)

    def close(self) -> None:
        """Release the camera.

        libcamera holds the interpreter's lock while it stops, and never returns if the camera
        hangs. Then only the system's watchdog ends the agent.
        """
        camera, self._camera, self._film = self._camera, None, None
        self._sensor = self._glimpsed = None
        if camera is not None:
            camera.stop_recording()
            camera.close()

    def _opened(self) -> Any:
        if self._open_sensor:  # its network must be loaded before the camera is opened
            self._sensor = self._open_sensor()
        try:
            return self._open_camera(self._number)
        except ImportError as error:
            raise self._error(
                N_("Picamera2 is not installed ({why})."),
                N_("Install it: apt install python3-picamera2. It is the system's Python's."),
                error,
            ) from error
        except (IndexError, RuntimeError, OSError) as error:
            raise self._error(
                N_("The Pi camera {number} cannot be had ({why})."),
                N_(
                    "`matthan-agent cameras` shows what is there. See that its ribbon sits straight"
                    " and that no other program uses it."
                ),
                error,
            ) from error

    def _begin(self, camera: Any) -> StreamInfo:
        """Start camera and encoder, and wait for the first keyframe."""
        (kept_h, kept_w), (seen_h, seen_w) = self._kept_px, self._seen_px
        camera.configure(
            camera.create_video_configuration(
                main={"size": (kept_w, kept_h), "format": "YUV420"},
                lores={"size": (seen_w, seen_h), "format": "YUV420"},
                raw=None if self._sensor is None else {},  # its boxes refer to the raw picture
                buffer_count=BUFFERS,
                controls={"FrameRate": FRAMES_PER_S},
            )
        )
        field = camera.camera_properties.get("ScalerCropMaximum", (0, 0, kept_w, kept_h))
        wanted = controls(
            self._look, known=camera.camera_controls, field=field, is_hdr_set=self._is_hdr_set
        )
        if wanted:
            camera.set_controls(wanted)
        width, height = camera.camera_configuration()["main"]["size"]
        encoder = _encoder(bits_per_s(width, height))
        self._film = film = _Film(encoder)
        camera.start_recording(encoder, film.output(), name="main")
        sets = film.first_parameter_sets(OPEN_S if self._sensor is None else LOAD_S)
        if not sets:
            raise self._error(N_("The Pi camera {number} gave no picture for 5 s."), _CHECK)
        base = Fraction(1, TICKS_PER_S)
        return StreamInfo("h264", width, height, base, float(FRAMES_PER_S), extradata=sets)

    def _next(self, camera: Any) -> tuple[Plane, Instant, tuple[Glimpse, ...]]:
        try:
            request = camera.capture_request(wait=STALLED_S)
        except TimeoutError:
            raise self._error(
                N_("The Pi camera {number} gave no picture for 3 s."), _CHECK
            ) from None
        try:
            layout = camera.camera_configuration()["lores"]
            yuv = tight_i420(request.make_array("lores"), layout["size"], layout["format"])
            metadata = request.get_metadata()
            at = exposed(metadata["SensorTimestamp"], self._clock)
            return yuv, at, self._glimpses(metadata, camera, at)
        finally:
            request.release()

    def _glimpses(self, metadata: Any, camera: Any, at: Instant) -> tuple[Glimpse, ...]:
        """The sensor's detections for this picture, or for one shortly before."""
        if self._sensor is None:
            return ()
        found = self._sensor.glimpses(metadata, camera)
        if found is not None:
            self._glimpsed = at, found
        if self._glimpsed is None or at.seconds_since(self._glimpsed[0]) > HELD_S:
            return ()
        return self._glimpsed[1]

    def _picamera(self, number: int) -> Any:
        """Open the camera. A sensor with its own high dynamic range is set before it is opened."""
        kind = importlib.import_module("picamera2").Picamera2
        if self._look.hdr:
            self._is_hdr_set = _tell_sensor(number)
        if self._look.tuning:
            return kind(number, tuning=kind.load_tuning_file(self._look.tuning))
        return kind(number)

    def _error(self, sentence: str, cure: str, failure: Exception | None = None) -> CameraError:
        why = " ".join(str(failure).split())[:200] if failure else ""
        return CameraError(sentence, cure, {"number": self._number, "why": why})


class _Film:
    """Queue of encoder packets from Picamera2's thread to the camera's."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._waiting: deque[tuple[bytes, int, bool]] = deque(maxlen=MOST_PACKETS)
        self._first_us: int | None = None
        self._last_pts = -1

    def output(self) -> Any:
        """The output object for Picamera2's packets."""
        kind = importlib.import_module("picamera2.outputs").Output
        return type("Output", (kind,), {"outputframe": self._keep})()

    def _keep(self, frame: bytes, keyframe: bool = True, timestamp: int = 0, *_: object) -> None:
        """Runs on Picamera2's thread, with the signature of its `Output.outputframe`."""
        self._waiting.append((bytes(frame), timestamp, keyframe))

    def first_parameter_sets(self, patience_s: float) -> bytes:
        """The parameter sets before the first keyframe; empty if none comes in time."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._waiting:
                data, _, is_keyframe = self._waiting[0]
                if is_keyframe and (sets := parameter_sets("h264", data)):
                    return sets
                self._waiting.popleft()
            time.sleep(0.01)
        return b""

    def ask_for_keyframe(self) -> None:
        """Ask the board's encoder for a keyframe.

        x264 makes one each second and is not asked: Picamera2 0.3 does it in a way that newer PyAV
        refuses, and then recording stops.
        """
        if BOARD_ENCODER.exists():
            self._encoder.force_key_frame()

    def taken(self, clock: Callable[[], Instant]) -> Iterator[Packet]:
        """All packets so far. Times are the sensor's, so they fit the times of the frames."""
        while self._waiting:
            data, since_first_us, is_keyframe = self._waiting.popleft()
            sensor_us = self._encoder.firsttimestamp + since_first_us
            if self._first_us is None:
                self._first_us = sensor_us
            pts = round((sensor_us - self._first_us) * TICKS_PER_S / 1e6)
            self._last_pts = pts = max(pts, self._last_pts + 1)
            at, length = exposed(sensor_us * 1000, clock), TICKS_PER_S // FRAMES_PER_S
            yield Packet(data, at, pts, pts, length, is_keyframe)


def _tell_sensor(number: int) -> bool:
    """Turn on the sensor's own HDR; true if it has one (Camera Module 3) and was set."""
    try:
        sensor = importlib.import_module("picamera2.devices.imx708").IMX708
        with sensor(number) as told:
            told.set_sensor_hdr_mode(True)
    except Exception:  # noqa: BLE001 - whatever it is: then the board's own way is taken, or refused
        return False
    return True


def exposed(sensor_ns: int, clock: Callable[[], Instant]) -> Instant:
    """Exposure time of a picture, from libcamera's SensorTimestamp (nanoseconds since the boot)."""
    now, age_ns = clock(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) - sensor_ns
    if not 0 <= age_ns < 2_000_000_000:  # the sensor counts from another zero
        return now
    return Instant(now.mono_ns - age_ns, now.utc_us - age_ns // 1000)


def tight_i420(picture: Plane, size: tuple[int, int], layout: str) -> Plane:
    """libcamera's YUV420 or NV12 picture, with padded rows, as I420 without padding.

    `size` is (width, height). A Pi gives YUV420; libcamera gives NV12 on other hardware.
    """
    width, height = size
    stride = picture.shape[1]
    chroma = picture[height:].reshape(-1)[: height // 2 * stride]
    if layout == "NV12":
        pairs = chroma.reshape(height // 2, stride)[:, :width]
        parts = [pairs[:, 0::2], pairs[:, 1::2]]
    else:
        half = chroma.reshape(2, height // 2, stride // 2)
        parts = [half[0, :, : width // 2], half[1, :, : width // 2]]
    rows = [picture[:height, :width], *(part.reshape(-1, width) for part in parts)]
    return np.concatenate(rows)


def _encoder(bit_rate: int) -> Any:
    """The board's own encoder if it has one, else x264; a keyframe each second."""
    kind = "H264Encoder" if BOARD_ENCODER.exists() else "LibavH264Encoder"
    encoders = importlib.import_module("picamera2.encoders")
    return getattr(encoders, kind)(bitrate=bit_rate, iperiod=FRAMES_PER_S, framerate=FRAMES_PER_S)
