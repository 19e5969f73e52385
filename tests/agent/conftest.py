"""Fixtures of the agent's tests: a piece of real video, a journal, a disk that fills up."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal import Journal
from agent.media.frame import Packet, StreamInfo
from tests.agent.rigs.stage import BOOT, at, read


@pytest.fixture(scope="session", autouse=True)
def quick_beat() -> Iterator[None]:
    """A service in a thread of the tests looks often whether it shall end."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("background", "live.post", "upload.diagnostics", "upload.uploader"):
            patch.setattr(f"agent.uplink.{module}.BEAT_S", 0.05)
        yield


class Street(tuple[StreamInfo, list[Packet]]):
    """Short to print: Hypothesis shows what a failing test was given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "the street"


@pytest.fixture(scope="session")
def street(
    needs_media: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StreamInfo, list[Packet]]:
    """Six seconds of H.264 at 10 frames a second, a keyframe each second."""
    path = tmp_path_factory.mktemp("street") / "street.mp4"
    make = "ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=10:duration=6 -c:v libx264"
    subprocess.run(
        [*make.split(), "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", str(path)], check=True
    )
    return Street(read(path))


@pytest.fixture
def small_disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def node_journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal whose clock stands still."""
    journal = Journal.open(tmp_path / "node.db", now=lambda: at(0), boot_id=BOOT)
    yield journal
    journal.close()
