"""A whole agent watching a 1080p15 camera, beside Debian's `motion` in the same minute.

    python -m tests.rigs.watching [--street quiet|still|busy] [--cameras N] [--looks N]

Quiet: nobody; still: people who stand like statues; busy: people in every frame; sensor noise over
the first two. The cameras (H.264, 15 frames a second, a keyframe every two seconds, 4 Mbit/s; a
sub-stream of 640×360) are made from the street scene once, and play by RTSP on loopback. The agent
has a broker of its own and is measured as by `python -m tests.bench.agent agent`; one JSON object
comes out. This is a command; no test asserts its result.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from agent.cameras.file.reel import ReelPicture, VideoReel
from agent.media.frame import Plane
from deploy.broker import Broker
from tests.agent.rigs.rtsp import RtspServer
from tests.bench.agent.agent import Watching, measure

ROOT: Final = Path(__file__).parents[2]
FRAMES_PER_S: Final = 15
LABELLED_FRAMES: Final = 395
"""Of the street scene; the rest is kept for judging."""
SECONDS: Final = 60
NOISE: Final = 4.0
"""Standard deviation of the sensor's noise, in grey levels, at the size of the recording."""
STREETS: Final = ("quiet", "still", "busy")
SHAPES: Final = {"main": ("1920:1080", "4M"), "sub": ("640:360", "500k")}

MOTION: Final = """\
daemon off
log_level 4
netcam_url {url}
netcam_params rtsp_transport = tcp
width 1920
height 1080
framerate 15
pre_capture 150
picture_output off
movie_output on
movie_passthrough on
target_dir {folder}
webcontrol_port 0
stream_port 0
"""


def footage(street: str) -> dict[str, Path]:
    """The camera's two streams, made once and kept beside the recording."""
    recording = subprocess.run(
        [ROOT / "deploy" / "recording.sh"], capture_output=True, text=True, check=True
    ).stdout.strip()
    made = {name: Path(recording).with_name(f"{street}-{name}.mp4") for name in SHAPES}
    for name, file in made.items():
        if not file.exists():
            half = file.with_suffix(".part.mp4")
            encode(pictures(street, Path(recording)), half, *SHAPES[name])
            half.rename(file)
    return made


def pictures(street: str, recording: Path) -> Iterator[Plane]:
    """I420, as the recording is large."""
    shown: list[Plane] = []
    for piece in VideoReel(recording).play(with_packets=False):
        if isinstance(piece, ReelPicture) and len(shown) < LABELLED_FRAMES:
            shown.append(piece.yuv)
    if street == "busy":
        yield from shown
        return
    still = shown[0] if street == "still" else np.median(np.stack(shown[::5]), axis=0)
    dice = np.random.default_rng(0)
    for _ in range(SECONDS * FRAMES_PER_S):
        noisy = dice.normal(0.0, NOISE, still.shape).astype(np.float32)
        yield np.clip(still + noisy, 0, 255).astype(np.uint8)


def encode(street: Iterator[Plane], file: Path, size: str, rate: str) -> None:
    """Encode the video like a camera."""
    first = next(street)
    height, width = first.shape[0] * 2 // 3, first.shape[1]
    source = f"-f rawvideo -pix_fmt yuv420p -s {width}x{height} -r {FRAMES_PER_S} -i -"
    coder = f"-c:v libx264 -preset veryfast -b:v {rate} -g 30 -sc_threshold 0 -bf 0"
    words = f"ffmpeg -v error -y {source} -vf scale={size} {coder} -pix_fmt yuv420p".split()
    with subprocess.Popen([*words, str(file)], stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for picture in (first, *street):
            ffmpeg.stdin.write(picture.tobytes())
    assert ffmpeg.returncode == 0


def configuration(
    folder: Path, broker: Broker, server: RtspServer, *, cameras: int, looks: float | None
) -> Path:
    """A node with so many cameras, all alike, and so many looks a second for all of them."""
    papers = broker.papers("nga-tu-01")
    heads = [
        '[node]\nname = "nga-tu-01"',
        f'[broker]\nhost = "localhost"\nport = {broker.port}\nca_file = "{papers.ca_file}"\n'
        f'cert_file = "{papers.cert_file}"\nkey_file = "{papers.key_file}"',
        f'[journal]\npath = "{folder / "journal.db"}"',
        f'[clips]\nfolder = "{folder / "clips"}"',
    ]
    heads += [
        f'[[camera]]\nname = "cam-{number}"\nurl = "{server.url("/main")}"\n'
        f'sub_url = "{server.url("/sub")}"'
        for number in range(cameras)
    ]
    if looks:
        heads.append(f"[detector]\nlooks_per_s = {looks}")
    file = folder / "agent.toml"
    file.write_text("\n\n".join(heads) + "\n", encoding="utf-8")
    return file


@contextmanager
def motion(folder: Path, url: str) -> Iterator[Watching]:
    """Debian's `motion`, armed to write the stream through."""
    (folder / "movies").mkdir()
    file = folder / "motion.conf"
    file.write_text(MOTION.format(url=url, folder=folder / "movies"), encoding="utf-8")
    with Watching(["motion", "-n", "-c", str(file)], folder / "motion.log") as watching:
        yield watching


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--street", choices=STREETS, default="quiet")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--looks", type=float, help="most looks a second (60)")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-motion", action="store_true", help="measure the agent alone")
    args = parser.parse_args()
    made = footage(args.street)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="matthan-watching-")))
        server = stack.enter_context(RtspServer(f"/main={made['main']}", f"/sub={made['sub']}"))
        broker = stack.enter_context(Broker(folder / "broker"))
        beside = {}
        if not args.no_motion:
            beside["motion"] = stack.enter_context(motion(folder, server.url("/main")))
        config = configuration(folder, broker, server, cameras=args.cameras, looks=args.looks)
        answer = measure(config, seconds=args.seconds, beside=beside)
    print(json.dumps({"street": args.street, **answer}, indent=2))  # noqa: T201 a command's answer


if __name__ == "__main__":
    main()
