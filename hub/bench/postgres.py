"""A real PostgreSQL cluster for tests: its own, on a free loopback port, gone at the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

INITDB = ("-U", "matthan", "--auth=trust", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8")
WANTED = "PostgreSQL is not installed here: apt-get install postgresql"


def binaries() -> Path:
    """The folder of the newest installed server; a missing one fails and says what to install."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        raise RuntimeError(WANTED)
    return max(found, key=lambda path: float(path.parent.name))


@contextmanager
def cluster(*, fsync: bool = False) -> Iterator[str]:
    """The address of a running cluster's `postgres` database, user `matthan`, no password."""
    tools = binaries()
    home = Path(tempfile.mkdtemp(prefix="matthan-pg-"))
    user = _owner(home)
    try:
        data = home / "data"
        subprocess.run(
            [*_as(user), tools / "initdb", "-D", data, *INITDB],
            check=True,
            capture_output=True,
            cwd=home,
        )
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "50",
            "fsync": "on" if fsync else "off",
            "full_page_writes": "on" if fsync else "off",
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [*_as(user), tools / "postgres", "-D", data, "-p", str(port), *flags],
                cwd=home,
                stdout=log,
                stderr=log,
            )
        try:
            url = f"postgresql+psycopg://matthan@127.0.0.1:{port}"
            _await(server, url, home / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # "fast": rolls back and ends
            server.wait(30)
    finally:
        shutil.rmtree(home)


def _owner(home: Path) -> str | None:
    """Who shall run the server: PostgreSQL refuses root. None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    entry = pwd.getpwnam(user)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return user


def _as(user: str | None) -> list[str]:
    # The server ends with the test run even when that is killed.
    death = ["setpriv", "--pdeathsig", "INT"]
    if user is None:
        return death
    entry = pwd.getpwnam(user)
    return [*death, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
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
