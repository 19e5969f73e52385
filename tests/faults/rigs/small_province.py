"""A small province for the tests: it needs no package that the tests do not install.

Three brokers, two processes of the hub by roles, one PostgreSQL and a bucket, with a line between
any two. PostgreSQL has no follower: it comes back by itself.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import httpx
import psycopg

from deploy.broker import HOST, Broker, free_port
from hub.app.config.settings import HubSettings, load
from hub.base.db.schema import migrate
from hub.nodes.pki.authority import HUB_NAMES, Authority
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.faults.rigs.lines import Lines
from tests.faults.town import EACH_ON_ITS_OWN, Child
from tests.postgres import Server, server
from tests.waiting import until

HUBS: Final = {"hub-1": "intake,notify", "hub-2": "intake,web,notify,chores"}
BROKERS: Final = ("broker-1", "broker-2", "broker-3")


class SmallRig:
    """All below one folder."""

    parts: Final = (*HUBS, *BROKERS, "postgresql")

    def __init__(self, folder: Path, url: str, server: Server, bucket: str) -> None:
        """`url`: of an empty database of the server. `bucket`: its address."""
        self.folder = folder
        self.lines = Lines()
        self.authority = Authority.create(folder / "ca", datetime.now(UTC))
        self._url, self._server, self._bucket = url, server, bucket
        self._ports = {name: free_port() for name in HUBS}
        self._brokers = {name: Broker(folder / name, authority=self.authority) for name in BROKERS}
        self.brokers = [
            (name, self.lines.lay(f"nodes>{name}", broker.port))
            for name, broker in self._brokers.items()
        ]
        self._upload_port = self.lines.lay("nodes>uploads", self._ports["hub-2"])
        for name in HUB_NAMES[:2]:  # of each process with the intake, which takes a free one
            self.authority.issue_client(name, datetime.now(UTC))
        key_file = folder / "bucket.key"
        key_file.touch(mode=0o600)
        key_file.write_text(f"{KEY_ID}\n{SECRET}\n")
        self._hubs = {name: self._hub(name, roles) for name, roles in HUBS.items()}

    def up(self) -> HubSettings:
        """Tables, brokers, and the processes of the hub."""
        migrate(self._url)
        for broker in self._brokers.values():
            broker.start()
        for hub in self._hubs.values():
            hub.start()
        said = lambda: [hub.last_words() for hub in self._hubs.values()]  # noqa: E731
        until(lambda: not self.lacks(), said)
        return load(self.folder / "hub-2.toml")

    def kill(self, part: str) -> list[str]:
        """Kill the part like a power cut."""
        self._part(part).kill()
        return [part]

    def start(self, name: str) -> None:
        """Start it again."""
        self._part(name).start()

    def look(self) -> list[str]:
        """Parts that ended by themselves."""
        ended = []
        for hub in self._hubs.values():
            crashes = hub.crashes
            hub.look()
            ended += [hub.name] * (hub.crashes - crashes)
        return ended

    def lacks(self) -> list[str]:
        """Each process of the hub is there again, and has a line to each broker."""
        hubs = [name for name, port in self._ports.items() if not _is_well(port)]
        return [*hubs, *self.lines.unused("hub>broker")]

    def processes(self) -> Mapping[str, Sequence[int]]:
        """Not measured here."""
        return {}

    def down(self) -> None:
        """End all."""
        for hub in self._hubs.values():
            hub.kill()
        for broker in self._brokers.values():
            broker.kill()

    def _part(self, name: str) -> Child | Broker | Server:
        parts: dict[str, Child | Broker | Server] = {**self._hubs, **self._brokers}
        return parts.get(name, self._server)

    def _hub(self, name: str, roles: str) -> Child:
        config = self.folder / f"{name}.toml"
        config.write_text(self._toml(name))
        run = [sys.executable, "-m", "hub", "run", "--config", str(config), "--roles", roles]
        port = ["--port", str(self._ports[name])]
        return Child(name, run + port, self.folder / f"{name}.log")

    def _toml(self, name: str) -> str:
        papers, web = self.authority.folder, f"http://{HOST}:{self._ports['hub-2']}"
        first, *further = (
            self.lines.lay(f"{name}>{broker}", one.port) for broker, one in self._brokers.items()
        )
        return f"""\
[store]
url = "{self._by_line(name, "postgresql", self._url)}"
media_folder = "{self.folder}/media"
media_url = "{self._by_line(name, "bucket", self._bucket)}"
media_key_file = "{self.folder}/bucket.key"

[broker]
host = "{HOST}"
port = {first}
further = {[f"{HOST}:{port}" for port in further]}
ca_file = "{papers}/ca.crt"
cert_file = "{papers}/hub.crt"
key_file = "{papers}/hub.key"

[web]
host = "{HOST}"
public_url = "{web}"
upload_url = "http://{HOST}:{self._upload_port}/upload"

[secrets]
folder = "{self.folder}/secrets"

[push]
subject = "mailto:keeper@example.org"
allows_local = true
{EACH_ON_ITS_OWN}"""

    def _by_line(self, client: str, server: str, url: str) -> str:
        """The address with the port of a new line in place of the server's own."""
        port = urlsplit(url).port
        assert port is not None
        return url.replace(f":{port}/", f":{self.lines.lay(f'{client}>{server}', port)}/")


@contextmanager
def small_rig(folder: Path) -> Iterator[SmallRig]:
    """A new one, not up yet."""
    with (
        # Of its own, as the server's user may not pass through a test's folder.
        TemporaryDirectory(prefix="matthan-pg-") as home,
        server(Path(home)) as postgres,
        s3_server() as s3_port,
    ):
        plain = postgres.url.replace("+psycopg", "") + "/postgres"
        with psycopg.connect(plain, autocommit=True) as conn:
            conn.execute("CREATE DATABASE province TEMPLATE template0")
        rig = SmallRig(folder, f"{postgres.url}/province", postgres, new_bucket(s3_port))
        try:
            yield rig
        finally:
            rig.down()


def _is_well(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
