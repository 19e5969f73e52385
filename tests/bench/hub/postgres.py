"""A real PostgreSQL cluster for tests, on a free loopback port; removed at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg

from deploy.broker import free_port

INITDB = ("-U", "matthan", "--auth=trust", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8")
STOP_S: Final = 120.0
"""Limit for an end; a checkpoint waits for the disk."""
WANTED = "PostgreSQL is not installed here: apt-get install postgresql"


def binaries() -> Path:
    """The folder of the newest installed server; if there is none, an error says what to
    install."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        raise RuntimeError(WANTED)
    return max(found, key=lambda path: float(path.parent.name))


@contextmanager
def cluster(*, fsync: bool = False, folder: Path | None = None) -> Iterator[str]:
    """The address of a running cluster's `postgres` database, user `matthan`, no password.

    Its data is below `folder`, by default the system's folder for temporary files.
    """
    home = Path(tempfile.mkdtemp(prefix="matthan-pg-", dir=folder))
    try:
        with server(home, fsync=fsync) as one:
            yield one.url
    finally:
        shutil.rmtree(home)


@contextmanager
def server(home: Path, *, fsync: bool = False) -> Iterator["Server"]:
    """A running cluster below a folder of its own."""
    one = Server(home, fsync=fsync)
    one.found()
    one.start()
    try:
        yield one
    finally:
        one.stop()


class Server:
    """A cluster with its data at `home`; it may stop by itself, as on a full disk, and be
    restarted."""

    def __init__(self, home: Path, *, fsync: bool) -> None:
        self._home = home
        self._user = _owner(home)
        self._port = free_port()
        self._fsync = "on" if fsync else "off"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://matthan@127.0.0.1:{self._port}"

    @property
    def is_running(self) -> bool:
        """Whether its main process runs."""
        return self._process is not None and self._process.poll() is None

    def found(self) -> None:
        """Create the cluster."""
        subprocess.run(
            [*_as(self._user), binaries() / "initdb", "-D", self._home / "data", *INITDB],
            check=True,
            capture_output=True,
            cwd=self._home,
        )

    def start(self) -> None:
        """Start the cluster, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "50",
            "fsync": self._fsync,
            "full_page_writes": self._fsync,
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        program, data = binaries() / "postgres", self._home / "data"
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as(self._user), program, "-D", data, "-p", str(self._port), *flags],
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        _await(self._process, self.url, self._home / "log")

    def kill(self) -> None:
        """Kill all processes of the cluster, as a power cut would."""
        if self._process is not None and self.is_running:
            children = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
            pids = [self._process.pid, *map(int, Path(children).read_text().split())]
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(STOP_S)

    def stop(self) -> None:
        """Roll back open transactions, and stop."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_S)


def _owner(home: Path) -> str | None:
    """The user for the server, because PostgreSQL refuses root. None: the present user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    entry = pwd.getpwnam(user)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return user


def _as(user: str | None) -> list[str]:
    # The server ends with the test run, even if that is killed.
    death = ["setpriv", "--pdeathsig", "INT"]
    if user is None:
        return death
    entry = pwd.getpwnam(user)
    return [*death, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _await(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    plain = url.replace("+psycopg", "") + "/postgres"
    while True:
        try:
            psycopg.connect(plain, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
