#!/usr/bin/python3
"""An RTSP camera on loopback: loops recordings without encoding them, and makes faults on demand.

Runs under the system's Python, where GStreamer's bindings are (Debian: gir1.2-gst-rtsp-server-1.0
python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad):

    rtsp_server.py [--login NAME:PASSWORD [--digest]] [--sound] /main=FILE.mp4 /sub=FILE.mp4

Says `ready PORT` once it listens. Orders are lines on stdin: `freeze`, `resume`, `garbage [/mount]`
(the coded pictures become noise), `end` (end of stream), `jump SECONDS` (timestamps, either way),
`change /mount FILE.mp4` (another picture from here on), `quit`.
"""

import argparse
import os
import sys
import threading
import time
from dataclasses import dataclass, field

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions must be chosen first

PARSERS = {"video/x-h264": ("h264parse", "rtph264pay"), "video/x-h265": ("h265parse", "rtph265pay")}
HEAD_BYTES = 12
"""How much of a coded picture `garbage` leaves alone, so that it still passes for one."""
START = b"\0\0\1"
SOUND = (
    " appsrc name=sound is-live=true format=time do-timestamp=false max-bytes=0"
    " caps=audio/x-alaw,rate=8000,channels=1 ! rtppcmapay name=pay1 pt=8"
)
HUM = bytes([0x55, 0x95, 0xB5, 0x95, 0x55, 0x15, 0x35, 0x15])
"""Eight samples of A-law: a tone of 1 kHz."""


@dataclass
class Reel:
    """A recording in memory: access units with their keyframe marks, `tick_ns` apart."""

    media_type: str
    units: list[tuple[bytes, bool]]
    tick_ns: int


@dataclass
class Orders:
    """Faults that the camera shall make now."""

    is_frozen: bool = False
    garbled: set[str] = field(default_factory=set)
    is_over: bool = False
    shift_ns: int = 0
    has_sound: bool = False
    reels: dict[str, Reel] = field(default_factory=dict)


def load(path: str) -> Reel:
    """The video of an MP4 file, undecoded."""
    for media_type, (parser, _) in PARSERS.items():
        caps = f"{media_type},stream-format=byte-stream,alignment=au"
        line = (
            f'filesrc location="{path}" ! qtdemux ! {parser} ! {caps} ! appsink name=s sync=false'
        )
        units, tick_ns = _pull(Gst.parse_launch(line))
        if units:
            return Reel(media_type, units, tick_ns)
    raise SystemExit(f"{path} holds neither H.264 nor H.265")


def garbled(unit: bytes) -> bytes:
    """Parameters and the head of the picture as they were, then noise without start codes."""
    kept = unit.rfind(START) + HEAD_BYTES
    return unit[:kept] + os.urandom(max(0, len(unit) - kept)).replace(b"\0", b"\1")


def hum(pts: int, span_ns: int) -> Gst.Buffer:
    """So much of the tone."""
    buffer = Gst.Buffer.new_wrapped(HUM * round(span_ns / 1e6))
    buffer.pts, buffer.duration = pts, span_ns
    return buffer


def _pull(pipeline: Gst.Element) -> tuple[list[tuple[bytes, bool]], int]:
    sink = pipeline.get_by_name("s")
    pipeline.set_state(Gst.State.PLAYING)
    units, tick_ns = [], 0
    while True:
        sample = sink.emit("try-pull-sample", 50 * Gst.MSECOND)
        if sample is None:
            if sink.get_property("eos") or pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR):
                break  # an error: the file holds another kind of video
            continue
        buffer = sample.get_buffer()
        is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        units.append((buffer.extract_dup(0, buffer.get_size()), is_key))
        tick_ns = buffer.duration if buffer.duration != Gst.CLOCK_TIME_NONE else tick_ns
    pipeline.set_state(Gst.State.NULL)
    return units, tick_ns


class Mount(GstRtspServer.RTSPMediaFactory):
    """One address: an appsrc that a thread feeds at the speed of the street."""

    def __init__(self, path: str, orders: Orders) -> None:
        super().__init__()
        self._path, self._orders = path, orders
        media_type = orders.reels[path].media_type
        parser, payloader = PARSERS[media_type]
        self.set_shared(True)
        self.set_launch(
            "( appsrc name=src is-live=true format=time do-timestamp=false max-bytes=0 "
            f"caps={media_type},stream-format=byte-stream,alignment=au "
            f"! {parser} config-interval=-1 ! {payloader} name=pay0 pt=96 config-interval=-1"
            f"{SOUND if orders.has_sound else ''} )"
        )

    def do_configure(self, media: GstRtspServer.RTSPMedia) -> None:
        """A viewer came and there is no stream yet: feed one."""
        source = media.get_element().get_child_by_name("src")
        sound = media.get_element().get_child_by_name("sound")
        is_gone = threading.Event()
        media.connect("unprepared", lambda *_: is_gone.set())
        threading.Thread(target=self._feed, args=(source, sound, is_gone), daemon=True).start()

    def _feed(
        self, source: Gst.Element, sound: Gst.Element | None, is_gone: threading.Event
    ) -> None:
        pts, due_s, index, reel = 0, time.monotonic(), 0, None
        while not is_gone.is_set():
            if self._orders.reels[self._path] is not reel:
                reel, index = self._orders.reels[self._path], 0
            due_s += reel.tick_ns / 1e9
            time.sleep(max(0.0, due_s - time.monotonic()))
            pts += reel.tick_ns
            if self._orders.is_frozen:
                continue
            if self._orders.is_over:
                source.emit("end-of-stream")
                return
            if sound is not None:
                sound.emit("push-buffer", hum(pts, reel.tick_ns))
            data, is_key = reel.units[index % len(reel.units)]
            index += 1
            if self._path in self._orders.garbled:
                data = garbled(data)
            buffer = Gst.Buffer.new_wrapped(data)
            buffer.pts = buffer.dts = max(0, pts + self._orders.shift_ns)
            buffer.duration = reel.tick_ns
            if not is_key:
                buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
            if source.emit("push-buffer", buffer) not in (
                Gst.FlowReturn.OK,
                Gst.FlowReturn.FLUSHING,
            ):
                return


def obey(orders: Orders, loop: GLib.MainLoop) -> None:
    """Orders from stdin; its end is the camera's."""
    for line in sys.stdin:
        match line.split():
            case ["freeze"]:
                orders.is_frozen = True
            case ["resume"]:
                orders.is_frozen = False
                orders.garbled.clear()
            case ["garbage", *mounts]:
                orders.garbled.update(mounts or orders.reels)
            case ["end"]:
                orders.is_over = True
            case ["jump", seconds]:
                orders.shift_ns += round(float(seconds) * 1e9)
            case ["change", mount, path]:
                orders.reels[mount] = load(path)
            case ["quit"]:
                break
        print("done", flush=True)  # noqa: T201 - its answer
    loop.quit()


def lock(
    server: GstRtspServer.RTSPServer, login: str, *, by_digest: bool
) -> GstRtspServer.RTSPToken:
    """Only who knows the login gets in."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    name, _, password = login.partition(":")
    if by_digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(name, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    server.set_auth(auth)
    return token


def main() -> None:
    """Serve until told to quit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--login", help="NAME:PASSWORD")
    parser.add_argument("--digest", action="store_true", help="never asks for it plainly")
    parser.add_argument("--sound", action="store_true", help="a tone beside the pictures")
    parser.add_argument("mounts", nargs="+", help="/mount=FILE")
    args = parser.parse_args()
    Gst.init(None)
    orders, server = Orders(has_sound=args.sound), GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    token = lock(server, args.login, by_digest=args.digest) if args.login else None
    for given in args.mounts:
        path, _, file = given.partition("=")
        orders.reels[path] = load(file)
        mount = Mount(path, orders)
        if token is not None:
            may = "media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            mount.add_role_from_structure(Gst.Structure.new_from_string(f"viewer, {may}"))
        server.get_mount_points().add_factory(path, mount)
    if not server.attach(None):
        raise SystemExit("the port is taken")
    loop = GLib.MainLoop()
    threading.Thread(target=obey, args=(orders, loop), daemon=True).start()
    print("ready", server.get_bound_port(), flush=True)  # noqa: T201 - its answer
    loop.run()


if __name__ == "__main__":
    main()
