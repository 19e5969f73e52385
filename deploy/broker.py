"""A private Mosquitto on a loopback port: login by certificate, each node limited to its topics.

For tests and for the demonstration. It runs Debian's binary with its own configuration, folder and
port, and does not touch the system's Mosquitto.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agent.wire.topics import TOPICS
from hub.nodes.pki.authority import HUB_NAMES, Authority, TlsFiles

BINARY: Final = "/usr/sbin/mosquitto"
HOST: Final = "127.0.0.1"
START_S: Final = 120.0
_BELOW_OUTGOING: Final = range(20_000, 32_000)
_CLAIMS: Final = 32
_claims: Final[deque[int]] = deque()

GUARD: Final = Path(__file__).parents[1] / f"hub/intake/mqtt/guard-{os.uname().machine}.so"
"""The broker's plugin, which `deploy/kernel.py` compiles."""
SHUT_OUT: Final = "shut-out"
"""The list of shut-out nodes, in the broker's folder."""
_SPOKEN: Final = (
    *(topic.path for topic in TOPICS.values() if topic.path.startswith("up/")),
    *("up/spare-1", "up/spare-2"),  # for messages to come
)
_OF_NODES: Final = "".join(f"pattern write matthan/%u/{path}\n" for path in _SPOKEN)
_OF_HUB: Final = """\
user {name}
topic read matthan/+/up/#
topic write matthan/+/down/#
topic write matthan/hub/presence
"""
ACCESS: Final = f"""\
# The hub hears every node and answers every node. Each of its processes has a name, and no node can
# have one of them: its name has no dot.
{"".join(_OF_HUB.format(name=name) for name in HUB_NAMES)}
# Everyone else speaks and listens in the branch named as their certificate names them (%u), and on
# these topics only: a message can be retained on each, and each may have the size of a packet.
{_OF_NODES}\
pattern read matthan/%u/down/#
pattern read matthan/hub/presence
"""


class Broker:
    """One Mosquitto in `folder`, by default with its own certificate authority in `folder/ca`.

        with Broker(tmp_path) as broker:
            broker.port, broker.papers("nga-tu-01")

    A client's certificate is its identity: the broker takes the common name as user name and as
    client id, so two connections with one certificate disconnect each other.
    """

    host = HOST

    def __init__(self, folder: Path, *, authority: Authority | None = None, port: int = 0) -> None:
        """`port` 0 means a free one, kept over restarts."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = authority or _authority(folder / "ca")
        self.port = port or free_port()
        self._home = folder / "broker"
        self.crl_file = self._home / "crl.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare()

    def papers(self, name: str) -> TlsFiles:
        """Client certificate files for the node `name`, or for the hub; the same on every call."""
        into = self.authority.folder
        papers = TlsFiles(self.authority.ca_file, into / f"{name}.crt", into / f"{name}.key")
        if papers.cert_file.exists() and papers.key_file.exists():
            return papers
        return self.authority.issue_client(name, datetime.now(UTC))

    @property
    def log(self) -> str:
        """The broker's log so far."""
        return (self._home / "log").read_text(errors="replace")

    @property
    def pid(self) -> int | None:
        """The process id, or None before the first start."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start, or start again on the same port with the saved state; waits until it answers."""
        user = unprivileged()
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARY, "-c", "mosquitto.conf"],
                # Started in its folder with relative names: a test's folder may lie below one that
                # the unprivileged user cannot enter.
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # a broker that holds a test's pipe blocks its reader
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to the demonstration, which stops it
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        self._await_answer()
        return self

    def stop(self) -> None:
        """Ask it to end, which also saves its state; kill it if it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the broker, as a power cut would end it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def reload(self) -> None:
        """Reload the broker's certificates and the list of revoked ones."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def restart(self) -> Self:
        """Stop and start on the same port."""
        self.stop()
        return self.start()

    __enter__ = start

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> None:
        self._home.mkdir(exist_ok=True)
        papers = self.authority.issue_server(
            "broker", datetime.now(UTC), hosts=(HOST, "localhost"), into=self._home
        )
        shutil.copyfile(papers.ca_file, self._home / "ca.crt")
        now = datetime.now(UTC)
        self.crl_file.write_bytes(self.authority.revocations((), now))
        (self._home / "access").write_text(ACCESS)
        (self._home / "access").chmod(0o600)
        lines = configuration(self.port).splitlines(keepends=True)
        if GUARD.exists():
            shutil.copyfile(GUARD, self._home / "guard.so")
        else:  # a checkout without the compiler: the demonstration runs all the same
            lines = [line for line in lines if not line.startswith("plugin")]
        (self._home / "mosquitto.conf").write_text("".join(lines))
        self._home.chmod(0o700)
        if user := unprivileged():
            for path in (self._home, *self._home.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if not self.is_running:
                raise RuntimeError(f"mosquitto did not start: {self.log[-800:]}")
            try:
                socket.create_connection((HOST, self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.kill()
        raise RuntimeError(f"mosquitto does not answer on port {self.port}: {self.log[-800:]}")


def configuration(port: int) -> str:
    """Mosquitto's configuration; names are relative to the folder it runs in."""
    return f"""\
per_listener_settings false
listener {port} {HOST}

# Who one is, is what the certificate says: as user name for the access list, and as client id,
# because a stolen node could otherwise connect under the hub's id and throw it out.
cafile ca.crt
certfile broker.crt
keyfile broker.key
# The certificates that were revoked; read again on SIGHUP.
crlfile crl.pem
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file access
# What the access list cannot say: to what nodes subscribe, what they retain, who is shut out.
plugin ./guard.so
plugin_opt_shut_out shut-out

# Pictures travel over HTTPS; what is larger than this is no message of ours (64 KiB) by far.
max_packet_size 131072
# The hub takes many at once and acknowledges after its commit.
max_inflight_messages 1000
# Nodes keep everything until the hub's receipt, so a full queue costs a repeat, not an event.
max_queued_messages 20000
# The largest messages there may be would else take over a gigabyte; ours are some hundred bytes.
max_queued_bytes 67108864
set_tcp_nodelay true

# Nothing here must survive: nodes keep all until the hub's receipt, and say their birth again.
persistence false

log_dest stderr
log_type error
log_type warning
log_type notice
log_type subscribe
connection_messages true
"""


def free_port() -> int:
    """A loopback port that is free at this moment, and stays so until its server takes it.

    It lies below the ports that Linux gives to outgoing connections. No other process that asks
    here gets it while this one lives, unless this one asked for `_CLAIMS` more: a name in Linux's
    abstract namespace, which ends with its process, stands for the port.
    """
    while True:
        port = secrets.choice(_BELOW_OUTGOING)
        with socket.socket() as probe, socket.socket(socket.AF_UNIX) as claim, suppress(OSError):
            claim.bind(f"\0matthan port {port}")
            probe.bind((HOST, port))
            _claims.append(claim.detach())
            if len(_claims) > _CLAIMS:
                os.close(_claims.popleft())
            return port


def unprivileged() -> pwd.struct_passwd | None:
    """The user for the broker if we are root: "mosquitto", or "nobody" if that does not exist."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("mosquitto")
    except KeyError:
        return pwd.getpwnam("nobody")


def _authority(folder: Path) -> Authority:
    if (folder / "ca.key").exists():
        return Authority.open(folder)
    return Authority.create(folder, datetime.now(UTC))
