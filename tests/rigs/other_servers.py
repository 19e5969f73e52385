"""Our reader beside FFmpeg's on RTSP servers of several makes, on loopback.

    python -m tests.rigs.other_servers [--minutes 10] [--python VENV] [MAKE…]

Makes: `gstreamer` and `gstreamer-digest` (`rtsp_server.py`), and with `--python` `aio` and `root`,
where VENV has `pip install "aio-rtsp-toolkit[server]==0.1.4" rtsp==2.0.3`; the latter encodes by
itself, H.264, and stops at a GET_PARAMETER. Each is asked for H.264 and H.265, read by both for
so long, killed, and begun again. One JSON line each comes out. `vlc` (Debian: vlc-bin
vlc-plugin-base; as `nobody`, for it runs as no root) sends by UDP alone: what comes out is the
sentence. A command of its own: it needs what the tests do not install.

`alike`: of our pictures so many are to the byte ones of FFmpeg's. `missing`: pictures left out.
"""

import argparse
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from agent.devices.camera import CameraError
from agent.devices.clock import SystemClock
from agent.devices.rtsp import RtspSource
from agent.media.frame import Packet
from tests.agent.rtsp import RtspServer

FRAMES_PER_S: Final = 15
SECONDS: Final = 30
CODERS: Final = {"h264": "libx264", "hevc": "libx265"}
MAKES: Final = ("gstreamer", "gstreamer-digest", "aio", "root", "vlc")
PLAY: Final = """\
import sys, numpy, rtsp
from PIL import Image
dice = numpy.random.default_rng(1)
films = [Image.fromarray(dice.integers(0, 255, (240, 320, 3), numpy.uint8)) for _ in range(150)]
rtsp.Source(sys.argv[1], fps=15, frame_buffer=films).serve_forever()
"""
NOBODY: Final = 65_534
LOGIN: Final = "quan%20ly:wr0ng-or-right"
WITHIN_S: Final = 20.0


def street(file: Path, coder: str) -> Path:
    """A picture that moves, half a minute of it; no keyframe is like another."""
    scene = f"testsrc2=size=640x360:rate={FRAMES_PER_S}:duration={SECONDS},noise=alls=12:allf=t"
    options = ["-preset", "veryfast", "-bf", "0", "-g", "30", "-b:v", "700k", "-pix_fmt", "yuv420p"]
    quiet = ["-x265-params", "log-level=none", "-tag:v", "hvc1"] if coder == "libx265" else []
    ffmpeg = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", scene, "-c:v", coder]
    subprocess.run([*ffmpeg, *options, *quiet, str(file)], check=True)
    return file


@contextmanager
def process(line: list[str], **options: object) -> Iterator[None]:
    """A server that runs for so long, and is killed."""
    server = subprocess.Popen(
        line,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload] # as they are
    )
    try:
        yield
    finally:
        server.kill()
        server.wait()


@contextmanager
def serving(make: str, file: Path, port: int, venv: str) -> Iterator[str]:
    """The address at which that make plays the file over and over, once it is begun."""
    if make.startswith("gstreamer"):
        login = "quan ly:wr0ng-or-right" if make.endswith("digest") else ""
        with RtspServer(f"/main={file}", port=port, login=login, digest=bool(login)) as server:
            yield server.url(login=LOGIN if login else "")
    elif make == "vlc":
        out = f"#rtp{{sdp=rtsp://127.0.0.1:{port}/main}}"
        line = ["cvlc", "-I", "dummy", "--loop", str(file), "--sout", out, "--sout-keep"]
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        with process(line, env=os.environ | {"HOME": str(file.parent / "vlc")}, **who):
            yield f"rtsp://127.0.0.1:{port}/main"
    elif make == "root":
        url = f"rtsp://127.0.0.1:{port}/main"
        with process([str(Path(venv) / "bin" / "python"), "-c", PLAY, url]):
            yield url
    else:
        tool = Path(venv) / "bin" / "rtsp-server"
        line = [str(tool), "--dir", str(file.parent), "--host", "127.0.0.1", "--port", str(port)]
        with process([*line, "--control-port", str(port + 100)]):
            yield f"rtsp://127.0.0.1:{port}/{file.name}?play_count=0"


def refused(make: str, codec: str, folder: Path, args: argparse.Namespace) -> dict[str, object]:
    """What is said of a make that cannot be read."""
    until_s, said = time.monotonic() + WITHIN_S, ""
    with serving(make, folder / f"{codec}.mp4", port_of(make, codec, args), args.python) as url:
        while "TCP" not in said and time.monotonic() < until_s:
            try:
                opened(url, may_be_direct=True, within_s=0).close()
            except CameraError as error:
                said = str(error)
            time.sleep(0.5)
    return {"make": make, "codec": codec, "refused": said}


def port_of(make: str, codec: str, args: argparse.Namespace) -> int:
    return int(args.port) + 2 * MAKES.index(make) + (codec == "hevc")


def opened(url: str, *, may_be_direct: bool, within_s: float = WITHIN_S) -> RtspSource:
    """As soon as the server listens."""
    until_s = time.monotonic() + within_s
    while True:
        source = RtspSource(url, key="url", clock=SystemClock().now, may_be_direct=may_be_direct)
        try:
            source.open(for_clips=True)
        except CameraError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.5)
        else:
            return source


@dataclass
class Reading:
    """What one of the two readers got."""

    packets: list[Packet] = field(default_factory=list)
    why: str = ""
    """It ended by itself."""
    longest_s: float = 0.0
    """From one picture to the next."""

    def read(self, source: RtspSource, stop: threading.Event) -> None:
        """Until it ends, or `stop` is set."""
        before_s = time.monotonic()
        try:
            for one in source.packets(stop.is_set):
                self.packets.append(one.packet)
                now_s = time.monotonic()
                self.longest_s, before_s = max(self.longest_s, now_s - before_s), now_s
        except CameraError as error:
            self.why = str(error)
        finally:
            source.close()


def tried(make: str, codec: str, folder: Path, args: argparse.Namespace) -> dict[str, object]:
    """One make with one codec."""
    file = folder / f"{codec}.mp4"
    port = port_of(make, codec, args)
    ours, theirs, stop = Reading(), Reading(), threading.Event()
    with serving(make, file, port, args.python) as url:
        threads = []
        for reading in (theirs, ours):  # what ours gets, FFmpeg has had
            source = opened(url, may_be_direct=reading is ours)
            is_direct = source.is_direct
            threads.append(threading.Thread(target=reading.read, args=(source, stop)))
            threads[-1].start()
        time.sleep(args.minutes * 60)
        lasted = not ours.why and not theirs.why
    killed_s = time.monotonic()
    threads[1].join()
    noticed_s = time.monotonic() - killed_s
    threads[0].join()
    with serving(make, file, port, args.python) as url:
        again = opened(url, may_be_direct=True)
        is_back = again.is_direct == is_direct
        again.close()
    return {
        "make": make,
        "codec": codec,
        "direct": is_direct,
        "pictures": len(ours.packets),
        "ffmpeg": len(theirs.packets),
        "alike": alike(ours.packets, theirs.packets),
        "missing": missing(ours.packets),
        "missing_ffmpeg": missing(theirs.packets),
        "longest_s": round(ours.longest_s, 2),
        "lasted": lasted,
        "end": ours.why,
        "noticed_s": round(noticed_s, 1),
        "back": is_back,
    }


def alike(ours: list[Packet], theirs: list[Packet]) -> int:
    known = {packet.data: packet.is_keyframe for packet in theirs}
    return sum(known.get(packet.data) == packet.is_keyframe for packet in ours)


def missing(packets: list[Packet]) -> int:
    """By the times: pictures that should stand between two."""
    tick = 90_000 // FRAMES_PER_S
    return sum(max(0, round((b.pts - a.pts) / tick) - 1) for a, b in pairwise(packets))


def main() -> None:
    """Try all that are asked for, side by side."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--port", type=int, default=18_600)
    parser.add_argument("--python", default="", help="a virtual environment with their packages")
    parser.add_argument("makes", nargs="*")
    args = parser.parse_args()
    makes = args.makes or [*MAKES[:2], *(MAKES[2:4] if args.python else ())]
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "vlc").mkdir(mode=0o777)
        for codec, coder in CODERS.items():
            street(folder / f"{codec}.mp4", coder).chmod(0o644)

        def run(make: str, codec: str) -> None:
            trial = refused if make == "vlc" else tried
            print(json.dumps(trial(make, codec, folder, args)), flush=True)  # noqa: T201 - its answer

        for make in makes:
            for codec in CODERS if make != "root" else ["h264"]:
                thread = threading.Thread(target=run, args=(make, codec))
                thread.start()
                stack.callback(thread.join)


if __name__ == "__main__":
    main()
