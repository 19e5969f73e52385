"""Thousands of nodes at three brokers, one of which is killed: how soon is each node back?

    .venv/bin/python tests/faults/rigs/many_connections.py --connections 20000 [--processes 4]

Mosquitto, certificates and access list are real, each node has a certificate of its own, and the
nodes wait as an agent does (`LinkPolicy`). A node is back when it has subscribed to its topic. Exit
code 0: all are back within 120 s. 1: they are not. 2: they did not all connect at first.
"""

import argparse
import asyncio
import json
import random
import resource
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from agent.uplink.backoff import Backoff
from agent.uplink.mqtt.conversation import LinkPolicy
from deploy.broker import HOST, Broker
from hub.nodes.pki.authority import Authority
from tests.faults.town import ROOT

BROKERS: Final = 3
POLICY: Final = LinkPolicy()
COMING_S: Final = 600.0
"""The longest wait until all have come."""
COME_EACH_S: Final = 200
"""So many come each second at first."""
REST_S: Final = 20.0
BACK_S: Final = 120.0
MOST_BACK_S: Final = 300.0
SUBACK: Final = 0x90
PING: Final = b"\xc0\x00"


class Connection(asyncio.Protocol):
    """One try of a node: TCP, TLS, MQTT up to the answer to its subscription."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._heard = ssl.MemoryBIO()
        self._said = ssl.MemoryBIO()
        self._tls = node.crowd.begin_tls(node, self._heard, self._said)
        self._is_secure = False
        self._plain = bytearray()
        self.is_up = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin TLS."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """From the broker."""
        self._heard.write(data)
        try:
            self._go_on()
        except ssl.SSLError:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The node is told."""
        if not self.ended.done():
            self.ended.set_result(None)

    def say(self, packet: bytes) -> None:
        """One packet."""
        self._tls.write(packet)
        self.transport.write(self._said.read())

    def _go_on(self) -> None:
        with suppress(ssl.SSLWantReadError):
            if not self._is_secure:
                self._tls.do_handshake()
                self._is_secure = True
                self.say(connect_packet(POLICY.keepalive_s))
                self.say(subscribe_packet(f"matthan/{self._node.name}/down/#"))
            while part := self._tls.read(4096):
                self._plain += part
        if self._said.pending:
            self.transport.write(self._said.read())
        # All answers are shorter than 128 bytes: a kind, a length, and the rest.
        while len(self._plain) >= 2 and len(self._plain) >= 2 + self._plain[1]:
            self.is_up |= self._plain[0] == SUBACK
            del self._plain[: 2 + self._plain[1]]


def connect_packet(keepalive_s: int) -> bytes:
    """MQTT 3.1.1, a clean session; the broker takes the client id from the certificate."""
    body = b"\x00\x04MQTT\x04\x02" + keepalive_s.to_bytes(2) + b"\x00\x00"
    return bytes([0x10, len(body)]) + body


def subscribe_packet(topic: str) -> bytes:
    """To one topic, QoS 1."""
    body = b"\x00\x01" + len(topic).to_bytes(2) + topic.encode() + b"\x01"
    return bytes([0x82, len(body)]) + body


@dataclass(eq=False)
class Node:
    """Connects, stays, and goes to the next broker as an agent does."""

    name: str
    cert: bytes
    crowd: "Crowd"
    at: int
    is_up: bool = False

    async def live(self, after_s: float) -> None:
        """For ever."""
        await asyncio.sleep(after_s)
        backoff, lost = Backoff(POLICY.retry_base_s, POLICY.retry_cap_s), 0
        while True:
            if await self._stay():
                lost = 0
            self.at = (self.at + 1) % BROKERS
            lost += 1
            if lost < BROKERS:
                wait_s = random.uniform(0.0, POLICY.next_broker_s)
            else:
                lost, wait_s = 0, backoff.next_s()
            await asyncio.sleep(wait_s)

    async def _stay(self) -> bool:
        """Until the connection ends; whether it was there."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(POLICY.answer_s):
                _, line = await loop.create_connection(
                    lambda: Connection(self), HOST, self.crowd.ports[self.at]
                )
        except (OSError, TimeoutError):
            return False
        until_s = time.monotonic() + POLICY.answer_s
        while not line.ended.done() and not line.is_up and time.monotonic() < until_s:
            await asyncio.wait([line.ended], timeout=0.25)
        self.is_up = was_up = line.is_up
        while self.is_up:
            await asyncio.wait([line.ended], timeout=POLICY.keepalive_s)
            self.is_up = not line.ended.done()
            if self.is_up:
                line.say(PING)
        line.transport.abort()
        return was_up


@dataclass
class Crowd:
    """The nodes of one process, on one context: the certificate is set before each handshake."""

    authority: Authority
    ports: list[int]
    pem: Path

    def __post_init__(self) -> None:
        self.nodes: list[Node] = []
        self._context = ssl.create_default_context(cafile=str(self.authority.ca_file))
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def add(self, number: int) -> None:
        """A node with its certificate."""
        name = f"n-{number}"
        cert = self.authority.sign_client(name, self._key.public_key(), datetime.now(UTC))
        pem = cert.public_bytes(Encoding.PEM)
        self.nodes.append(Node(name, pem, self, number % BROKERS))

    def begin_tls(self, node: Node, heard: ssl.MemoryBIO, said: ssl.MemoryBIO) -> ssl.SSLObject:
        """Begin TLS on one connection."""
        self.pem.write_bytes(node.cert + self._key_pem)
        self._context.load_cert_chain(self.pem)
        return self._context.wrap_bio(heard, said, server_hostname=HOST)

    async def live(self, coming_s: float) -> None:
        """All nodes; how many are there is said each half second."""
        for number, node in enumerate(self.nodes):
            asyncio.ensure_future(node.live(coming_s * number / len(self.nodes)))  # noqa: RUF006 - the nodes end with the process
        while True:
            there = Counter(node.at for node in self.nodes if node.is_up)
            print(json.dumps([there[broker] for broker in range(BROKERS)]), flush=True)
            await asyncio.sleep(0.5)


def crowd(asked: argparse.Namespace) -> None:
    """One process with nodes."""
    folder: Path = asked.folder
    pem = folder / f"crowd-{asked.crowd}.pem"
    one = Crowd(Authority.open(folder / "ca"), asked.ports, pem)
    for number in range(asked.crowd, asked.crowd + asked.connections):
        one.add(number)
    asyncio.run(one.live(asked.coming))


class Watched:
    """A process with nodes, and how many it says are there, by broker."""

    def __init__(self, command: list[str]) -> None:
        self.at = [0] * BROKERS
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.at = json.loads(line)


def run(folder: Path, *, connections: int, processes: int) -> dict[str, Any]:
    """Let all come, kill a broker, and wait; TimeoutError if they do not come."""
    with ExitStack() as parts:
        authority = Authority.create(folder / "ca", datetime.now(UTC))
        brokers = [
            parts.enter_context(Broker(folder / f"broker-{number}", authority=authority))
            for number in range(BROKERS)
        ]
        crowds = []
        for number in range(processes):
            first, end = (connections * one // processes for one in (number, number + 1))
            command = [
                *(
                    sys.executable,
                    "-m",
                    "tests.faults.rigs.many_connections",
                    "--crowd",
                    str(first),
                ),
                *("--connections", str(end - first), "--folder", str(folder)),
                *("--coming", str(connections / COME_EACH_S)),
                *("--ports", *(str(broker.port) for broker in brokers)),
            ]
            crowds.append(Watched(command))
            parts.callback(crowds[-1].process.kill)

        def there(of: Sequence[int] = range(BROKERS)) -> int:
            return sum(one.at[broker] for one in crowds for broker in of)

        came = watch(there, connections, COMING_S)
        if there() < connections:
            raise TimeoutError(f"only {there()} of {connections} came in {COMING_S:.0f} s")
        time.sleep(REST_S)
        at_rest = [there([broker]) for broker in range(BROKERS)]
        programs = [psutil.Process(broker.pid) for broker in brokers]
        mib = [one.memory_info().rss / 2**20 for one in programs]
        spent_s = _spent_s(programs[1:])
        brokers[0].kill()
        others = watch(lambda: there([1, 2]), connections, MOST_BACK_S)
        back = [(at_s, up - sum(at_rest[1:])) for at_s, up in others]
        return {
            "connections": connections,
            "processes": processes,
            "came_s": round(came[-1][0], 1),
            "at_rest": at_rest,
            "broker_kib_each": round(sum(mib) * 1024 / connections, 1),
            "lost": at_rest[0],
            "back": back[-1][1],
            "back_s": {
                f"{share} %": next(
                    (round(at_s, 1) for at_s, up in back if up * 100 >= at_rest[0] * share), None
                )
                for share in (50, 90, 99, 100)
            },
            "broker_ms_each_back": round(
                (_spent_s(programs[1:]) - spent_s) * 1000 / max(1, back[-1][1]), 2
            ),
        }


def watch(there: Callable[[], int], wanted: int, longest_s: float) -> list[tuple[float, int]]:
    """Until so many are there: how many were, by the seconds from now on."""
    began_s = time.monotonic()
    seen: list[tuple[float, int]] = []
    while True:
        seen.append((time.monotonic() - began_s, there()))
        if seen[-1][1] >= wanted or seen[-1][0] > longest_s:
            return seen
        time.sleep(0.2)


def _spent_s(programs: Sequence[psutil.Process]) -> float:
    return float(sum(sum(one.cpu_times()[:2]) for one in programs))


def main() -> int:
    """Run the command of the arguments."""
    parser = argparse.ArgumentParser(description="Kill a broker of many nodes.")
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    for name in ("--crowd", "--ports", "--folder", "--coming"):  # of a process with nodes
        kind = {"--folder": Path, "--coming": float}.get(name, int)
        nargs = "*" if name == "--ports" else None
        parser.add_argument(name, type=kind, nargs=nargs, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.crowd is not None:
        crowd(asked)
        return 0
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and asked.connections / (BROKERS - 1) + 50 > most:
        print(f"many: a broker may open {most} files only: ulimit -n", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="matthan-many-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the brokers' user passes through
        try:
            counted = run(folder, connections=asked.connections, processes=asked.processes)
        except TimeoutError as why:
            print(f"many: {why}", file=sys.stderr)
            return 2
    print(json.dumps(counted, indent=None if asked.json else 2))
    back_s = counted["back_s"]["100 %"]
    return 0 if back_s is not None and back_s <= BACK_S else 1


if __name__ == "__main__":
    sys.exit(main())
