"""A Picamera2 on libcamera's virtual camera, for machines without a board.

For a process started as `environment()` says. Debian's libcamera differs from a board's in ways
that are made up for here: the virtual camera has no raw stream and wants two planes in an NV12
buffer, and Picamera2 imports a display library that Debian does not have.
"""

import hashlib
import mmap
import os
import subprocess
import sys
import types
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any, Final

DEBIAN: Final = "/usr/lib/python3/dist-packages"
"""Where python3-libcamera is."""
PACKAGES: Final = ("picamera2==0.3.38", "videodev2==0.0.4")
UNNEEDED: Final = frozenset(
    {"pykms", "pidng", "piexif", "simplejpeg", "libarchive"}
    | {"OpenEXR", "prctl", "jsonschema", "tqdm", "PIL"}
)
"""What Picamera2 imports for windows, photographs and tuning files. Where one is missing here, an
empty module stands for it."""
PIP: Final = (sys.executable, "-m", "pip", "install", "-q", "--no-deps")
SHIM: Final = Path(__file__).with_name("board.c")
SIZES: Final = ((1920, 1080), (640, 360))


def make(place: Path) -> str:
    """Fill `place` with what is missing here, once; what could not be had, or an empty word."""
    if (place / "ready").exists():
        return ""
    place.mkdir(parents=True, exist_ok=True)
    steps = (
        [*PIP, "--target", str(place / "lib"), *PACKAGES],
        ["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(place / "board.so"), str(SHIM)],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            return f"{step[0]}: {(done.stderr.splitlines() or ['failed'])[-1]}"
    (place / "ready").touch()
    return ""


def version() -> str:
    """Changes when what `make` makes would."""
    return hashlib.sha256(SHIM.read_bytes() + " ".join(PACKAGES).encode()).hexdigest()[:16]


def environment(place: Path, pictures: Path, *, frames_per_s: int) -> dict[str, str]:
    """For a process whose camera 0 shows `pictures` (0.jpg, 1.jpg and so on) over and over."""
    cameras = pictures.parent / "virtual.yaml"
    sizes = "".join(
        f"  - width: {width}\n    height: {height}\n    frame_rates: [15, 30]\n"
        for width, height in SIZES
    )
    cameras.write_text(
        f'"Pi":\n  supported_formats:\n{sizes}  frames:\n    path: "{pictures}/"\n'
        '  location: "CameraLocationBack"\n  model: "virtual"\n'
    )
    return {
        **os.environ,
        "LD_PRELOAD": str(place / "board.so"),
        "BOARD_CAMERAS": str(cameras),
        "BOARD_RATE": str(frames_per_s),
        "BOARD_MOOD": str(mood_of(pictures)),
        "BOARD_LIBRARY": str(place / "lib"),
        "LIBCAMERA_LOG_LEVELS": "*:ERROR",
    }


def is_here() -> bool:
    """True in such a process."""
    return "BOARD_LIBRARY" in os.environ


def mood_of(pictures: Path) -> Path:
    """The file that makes the camera hang while it says so."""
    return pictures.parent / "mood"


def camera(number: int) -> Any:
    """What `picamera2.Picamera2(number)` is on a board."""
    picamera2 = _picamera2()
    kind = type("VirtualPicamera2", (picamera2.Picamera2,), {"_get_raw_modes": _raw_modes})
    return kind(number, allocator=_allocator(picamera2))


def _picamera2() -> Any:
    sys.path += [path for path in (os.environ["BOARD_LIBRARY"], DEBIAN) if path not in sys.path]
    sys.meta_path.append(_Unneeded())
    import picamera2  # noqa: PLC0415 - it is nowhere before

    return picamera2


class _Unneeded(MetaPathFinder, Loader):
    """Asked last, when nobody has the module."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        is_unneeded = name.partition(".")[0] in UNNEEDED
        return spec_from_loader(name, self, is_package=True) if is_unneeded else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is in it."""


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _AnyName(metaclass=_Names):
    """Has every attribute, and each is its own name."""


class _Empty(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _AnyName


def _raw_modes(self: Any) -> list[dict[str, Any]]:
    """Those of the video stream: there is no other."""
    import libcamera  # noqa: PLC0415 - it is nowhere before

    stream = self.camera.generate_configuration([libcamera.StreamRole.VideoRecording]).at(0)
    return [
        {"format": str(pixels), "size": (size.width, size.height)}
        for pixels in stream.formats.pixel_formats
        for size in stream.formats.sizes(pixels)
    ]


def _allocator(picamera2: Any) -> Any:
    """Buffers of one piece of memory, described as luma and chroma."""
    import libcamera  # noqa: PLC0415 - it is nowhere before
    from picamera2.allocators import DmaAllocator  # noqa: PLC0415 - likewise

    class TwoPlanes(DmaAllocator):
        def allocate(self, libcamera_config: Any, _use_case: Any) -> None:
            self.cleanup()
            self.libcamera_fds: list[Any] = []
            self.frame_buffers: dict[Any, Any] = {}
            self.open_fds: list[Any] = []
            for stream in libcamera_config:
                buffers = [self._buffer(stream) for _ in range(stream.buffer_count)]
                self.frame_buffers[stream.stream] = buffers

        def _buffer(self, stream: Any) -> Any:
            memory = self.dmaHeap.alloc("picture", stream.frame_size)
            self.open_fds.append(memory.get())
            luma = stream.stride * stream.size.height
            planes = [libcamera.FrameBuffer.Plane(), libcamera.FrameBuffer.Plane()]
            planes[0].fd = memory.get()
            planes[1].fd = planes[0].fd
            planes[0].offset, planes[0].length = 0, luma
            planes[1].offset, planes[1].length = luma, stream.frame_size - luma
            self.libcamera_fds.append(planes[0].fd)
            self.mapped_buffers_used[planes[0].fd] = False
            buffer = libcamera.FrameBuffer(planes)
            self.mapped_buffers[buffer] = mmap.mmap(planes[0].fd, stream.frame_size)
            return buffer

    return TwoPlanes()
