"""A network with hundreds of ONVIF cameras; counts how many `matthan-agent cameras` finds.

    unshare --net python -m tests.rigs.onvif_wire --cameras 436 [--at-once]

In a network of its own each camera has an address and a socket of its own in WS-Discovery's
multicast group, hears the real question and answers from its own address: after up to half a
second, as the standard asks (APP_MAX_DELAY), or all at once, like cameras that ignore the standard.
Prints as JSON how many were found, in how many seconds, and how often each was asked.
"""

import argparse
import heapq
import json
import random
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from agent.cameras.onvif.discovery import EVERYBODY

APP_MAX_DELAY_S: Final = 0.5
LONG_SCOPES: Final = 12
"""Real cameras tell a dozen things about themselves: an answer has some 1.5 kB."""
ANSWER: Final = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header>
<a:MessageID>uuid:{number:08d}-0000-1000-8000-000000000000</a:MessageID>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>
<s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference>
<a:Address>urn:uuid:{number:08d}-0000-1000-8000-00000000000a</a:Address></a:EndpointReference>
<d:Types>n:NetworkVideoTransmitter</d:Types>
<d:Scopes>{scopes} onvif://www.onvif.org/name/Cam{number} onvif://www.onvif.org/hardware/X1</d:Scopes>
<d:XAddrs>http://{host}/onvif/device_service</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>
</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


def host_of(number: int) -> str:
    """Address of a camera: 10.0.0.1, and so on."""
    return f"10.0.{number // 250}.{number % 250 + 1}"


def answer_of(number: int) -> bytes:
    """Answer of a camera about itself."""
    scopes = " ".join(
        f"onvif://www.onvif.org/Profile/Streaming/{one}/of/camera/{number}"
        for one in range(LONG_SCOPES)
    )
    return ANSWER.format(number=number, host=host_of(number), scopes=scopes).encode()


def network(count: int) -> None:
    """Loopback with multicast and an address for each camera."""
    lines = ["link set lo up multicast on", "route add 224.0.0.0/4 dev lo"]
    lines += [f"address add {host_of(number)}/32 dev lo" for number in range(count)]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


@dataclass
class Wire:
    """The cameras, in a thread of their own until `stop` is set."""

    count: int
    most_delay_s: float
    dice: random.Random
    hears: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    asked: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Answer every question once from each camera."""
        selector = selectors.DefaultSelector()
        for number in range(self.count):
            selector.register(self._camera(number), selectors.EVENT_READ, number)
        self.hears.set()
        owed: list[tuple[float, int, int, tuple[str, int]]] = []
        lines = {key.data: key.fileobj for key in selector.get_map().values()}
        while not self.stop.is_set():
            now_s = time.monotonic()
            for key, _ in selector.select(0.005):
                _, who = key.fileobj.recvfrom(65_507)  # type: ignore[union-attr]
                self.asked[key.data] = self.asked.get(key.data, 0) + 1
                due_s = now_s + self.dice.uniform(0, self.most_delay_s)
                heapq.heappush(owed, (due_s, self.asked[key.data], key.data, who))
            while owed and owed[0][0] <= time.monotonic():
                _, _, number, who = heapq.heappop(owed)
                lines[number].sendto(answer_of(number), who)  # type: ignore[union-attr]

    def _camera(self, number: int) -> socket.socket:
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(EVERYBODY)
        here = struct.pack("4s4s", socket.inet_aton(EVERYBODY[0]), socket.inet_aton("127.0.0.1"))
        line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, here)
        return _FromOwnAddress(line, host_of(number))  # type: ignore[return-value]


class _FromOwnAddress:
    """Hears the group, and speaks from its camera's own address."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        self._voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._voice.bind((host, 0))

    def fileno(self) -> int:
        return self._line.fileno()

    def recvfrom(self, most_bytes: int) -> tuple[bytes, tuple[str, int]]:
        return self._line.recvfrom(most_bytes)

    def sendto(self, data: bytes, who: tuple[str, int]) -> int:
        return self._voice.sendto(data, who)


def survey() -> tuple[list[str], float]:
    """The hosts that the real command finds, and the seconds that it took."""
    began_s = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "agent", "cameras", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    took_s = time.monotonic() - began_s
    return [one["host"] for one in json.loads(ended.stdout)["onvif"]], took_s


def main() -> int:
    """See above; 1 where a camera was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", type=int, default=436)
    parser.add_argument("--at-once", action="store_true")
    args = parser.parse_args()
    network(args.cameras)
    wire = Wire(args.cameras, 0.0 if args.at_once else APP_MAX_DELAY_S, random.Random(1))  # noqa: S311 - made again
    cameras = threading.Thread(target=wire.run)
    cameras.start()
    wire.hears.wait()
    try:
        hosts, took_s = survey()
    finally:
        wire.stop.set()
        cameras.join()
    there = {host_of(number) for number in range(args.cameras)}
    told = {
        "cameras": args.cameras,
        "found": len(there & set(hosts)),
        "strangers": len(set(hosts) - there),
        "seconds": round(took_s, 2),
        "answer_bytes": len(answer_of(0)),
        "asked": sorted(set(wire.asked.values())),
        "hear_the_question": len(wire.asked),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["found"] == args.cameras and not told["strangers"] else 1


if __name__ == "__main__":
    sys.exit(main())
