"""A camera at an RTSP address on loopback, and other servers that may answer there."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.broker import free_port

SERVER = Path(__file__).parents[2] / "rigs" / "rtsp_server.py"
SYSTEM_PYTHON = "/usr/bin/python3"
PROBE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
)


def need_gstreamer() -> None:
    """Skip where Debian's GStreamer is not installed; deploy/setup.sh test installs it."""
    if (
        shutil.which(SYSTEM_PYTHON) is None
        or subprocess.run([SYSTEM_PYTHON, "-c", PROBE], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0 (deploy/setup.sh test)")


class RtspServer:
    """`tests/rigs/rtsp_server.py` as a child process."""

    def __init__(
        self,
        *mounts: str,
        login: str = "",
        port: int = 0,
        sound: bool = False,
        digest: bool = False,
    ) -> None:
        need_gstreamer()
        # No outgoing connection takes such a port while a test has the camera away.
        options = ["--port", str(port or free_port()), *(["--login", login] if login else [])]
        options += ["--sound"] if sound else []
        options += ["--digest"] if digest else []
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SERVER), *options, *mounts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        word, _, port_said = self._process.stdout.readline().partition(" ")
        assert word == "ready"
        self.port = int(port_said)

    def url(self, mount: str = "/main", login: str = "") -> str:
        return f"rtsp://{login + '@' if login else ''}127.0.0.1:{self.port}{mount}"

    def order(self, line: str) -> None:
        """Have it misbehave; returns when it does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "RtspServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A port at which everything is answered with `answer`, or with silence for None."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        is_over = threading.Event()
        thread = threading.Thread(target=_answer, args=(server, answer, is_over))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


def _answer(server: socket.socket, answer: bytes | None, is_over: threading.Event) -> None:
    callers: list[socket.socket] = []
    while not is_over.is_set():
        try:
            caller, _ = server.accept()
        except TimeoutError:
            continue
        callers.append(caller)
        if answer is not None:
            caller.recv(1000)
            caller.sendall(answer)
            caller.close()
    for caller in callers:
        caller.close()
