"""A machine's root with all its writes on a separate disk, whose plug can be pulled.

This machine's own root is visible in it and never written (overlay); writes go to an ext4 in a
file. The kernel itself pulls the plug: the file system is shut down without writing what is still
in memory, and the next start replays its journal. Needs root.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import stat
import struct
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.waiting import until

EXT4_SHUTDOWN: Final = 0x8004587D
WITHOUT_WHAT_IT_OWES: Final = 2
SIZE_BYTES: Final = 1600 * 1024 * 1024
DEVICES: Final = {"null": 3, "zero": 5, "random": 8, "urandom": 9}
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NEW_MOUNTS: Final = 0x00020000
_SET_CHILD_SUBREAPER: Final = 36


def apart() -> None:
    """From here on no other process sees what this one mounts, and all of it goes with it.

    Processes that lost their parent become children of this one: `kill` can wait for them.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "mounts of one's own are not allowed here")
    if libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot adopt orphans")
    _do("mount", "--make-rprivate", "/")


def why_not() -> str:
    """Why there can be no such root here; empty where there can."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("mkfs.ext4", "systemctl", "chroot") if _where(name) is None]
    return f"needs {', '.join(missing)}" if missing else ""


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder that needs no disk of this machine, and no waiting for it.

    What is mounted below it is let go of with it, and nothing below is removed file by file: a
    machine's root lies there.
    """
    folder = Path(tempfile.mkdtemp(prefix="matthan-root-"))
    _do("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _do("umount", "--recursive", "--lazy", str(folder))
        folder.rmdir()


class Root:
    """One machine; plugged in it lies at `path`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "root"
        self._image = folder / "disk.img"
        self._disk = folder / "disk"
        for place in (self.path, self._disk):
            place.mkdir(exist_ok=True)

    def make_disk(self) -> None:
        """A new disk, empty."""
        with self._image.open("wb") as file:
            file.truncate(SIZE_BYTES)
        _do(str(_where("mkfs.ext4")), "-q", "-F", str(self._image))

    def keep(self, where: Path) -> None:
        """The disk as it is, for another time; it is not plugged in meanwhile."""
        _do("cp", "--sparse=always", str(self._image), str(where))

    def lay(self, kept: Path) -> None:
        """The disk becomes that one."""
        _do("cp", "--sparse=always", str(kept), str(self._image))

    def plug_in(self, *, commit_s: int = 5, played: Path | None = None) -> None:
        """Mount it; the file system owes the disk for `commit_s` at most what nobody asked for.

        `played` is seen at /srv/played, and at /srv/packages those of the tests, which a slot of
        these releases lacks.
        """
        options = f"loop,commit={commit_s}"
        _do("mount", "-t", "ext4", "-o", options, str(self._image), str(self._disk))
        for name in ("upper", "work"):
            (self._disk / name).mkdir(exist_ok=True)
        layers = f"lowerdir=/,upperdir={self._disk}/upper,workdir={self._disk}/work"
        _do("mount", "-t", "overlay", "-o", layers, "overlay", str(self.path))
        _do("mount", "-t", "proc", "proc", str(self.path / "proc"))
        for name in ("run", "tmp", "dev"):
            _do("mount", "-t", "tmpfs", "tmpfs", str(self.path / name))
        for name, number in DEVICES.items():
            os.mknod(self.path / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, number))
        (self.path / "dev/fd").symlink_to("/proc/self/fd")
        (self.path / "run/systemd/system").mkdir(parents=True)
        # What is mounted apart, as a checkout may be, does not show through the overlay.
        seen = {"srv/packages": Path(sysconfig.get_path("purelib")), "srv/played": played}
        for name, folder in seen.items():
            if folder is not None:
                (self.path / name).mkdir(parents=True, exist_ok=True)
                _do("mount", "--bind", str(folder), str(self.path / name))

    def clear_locks(self) -> None:
        """Remove the locks of Debian's programs for users, as its tmpfiles.d does at each boot."""
        for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid"):
            (self.path / f"etc/{name}.lock").unlink(missing_ok=True)

    def unplug(self) -> None:
        """In peace: all that is owed is written; after `pull` it is lost already."""
        for place in (self.path, self._disk):
            until(lambda place=place: _is_unmounted(place), f"{place} is unmounted")  # type: ignore[misc]

    def pull(self) -> None:
        """The plug: not one byte more reaches the disk."""
        handle = os.open(self._disk, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, EXT4_SHUTDOWN, struct.pack("I", WITHOUT_WHAT_IT_OWES))
        finally:
            os.close(handle)

    def begin(
        self, *words: str, env: dict[str, str], fds: tuple[int, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        """A program in it, with processes of its own group."""
        return subprocess.Popen(
            ["chroot", self.path, *words],
            env={"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "SYSTEMD_OFFLINE": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=fds,
        )

    def run(self, *words: str, env: dict[str, str] | None = None) -> tuple[int, str]:
        """A program in it, to its end: its code and what it said."""
        with self.begin(*words, env=env or {}) as process:
            said = process.communicate()[0]
        return process.returncode, said.decode("utf-8", "replace")


def _is_unmounted(place: Path) -> bool:
    """Takes off one mount of those that lie on each other; busy ones are asked again."""
    if os.path.ismount(place):
        subprocess.run(["umount", "-R", place], check=False, capture_output=True)
    return not os.path.ismount(place)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """-9, with all that it began; returns once each of them is gone (after `apart`).

    A killed program that still ends holds its lock: Debian's `useradd` takes a lock from a process
    that is gone, never from one that is there.
    """
    with suppress(ProcessLookupError):  # all of them had ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with suppress(ChildProcessError):  # no child of this group is left
        while True:
            os.waitpid(-process.pid, 0)


def _where(name: str) -> str | None:
    return shutil.which(name, path=f"{os.defpath}:{PATH}")


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
