"""A separate network in which every address is this machine, so that no packet leaves unseen.

    unshare --net python -m tests.rigs.walled REPORT COMMAND...

The kernel takes every packet, to any address, as its own. So a program that speaks to a stranger is
heard and refused, and nothing goes out. The report is JSON: the addresses that were spoken to
(`spoken`), and the number of packets that were not read (`missed`).
"""

import ctypes
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

ALL_PROTOCOLS: Final = 3
SOL_PACKET: Final = 263
PACKET_STATISTICS: Final = 6
SO_ATTACH_FILTER: Final = 26
SO_RCVBUFFORCE: Final = 33
BUFFER_BYTES: Final = 64 * 2**20
ETHERNET: Final = 14
TCP: Final = 6
UDP: Final = 17
IPV4: Final = 0x0800
IPV6: Final = 0x86DD

Spoken = tuple[str, str, int]
"""Protocol, address, port."""


def main() -> int:
    """Run the command within; its exit code."""
    report, command = Path(sys.argv[1]), sys.argv[2:]
    for words in (
        "link set lo up",
        "route add local 0.0.0.0/0 dev lo",
        "-6 route add local ::/0 dev lo",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    ear = Ear()
    code = subprocess.run(command, check=False).returncode
    ear.stop()
    said = {"spoken": sorted(ear.spoken), "missed": ear.missed}
    report.write_text(json.dumps(said), encoding="utf-8")
    return code


class Ear:
    """Hears the beginning of every conversation, whoever begins it."""

    def __init__(self) -> None:
        self.spoken: set[Spoken] = set()
        self.missed = 0
        self._asked: set[tuple[Spoken, Spoken]] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        only_beginnings(self._socket)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear what is still waiting, and no more."""
        self._is_over.set()
        self._thread.join()
        counts = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.missed = struct.unpack("II", counts)[1]
        self._socket.close()

    def _listen(self) -> None:
        while True:
            if select.select([self._socket], [], [], 0.2)[0]:
                self._hear(self._socket.recv(256)[ETHERNET:])
            elif self._is_over.is_set():
                return

    def _hear(self, packet: bytes) -> None:
        ends = ends_of(packet)
        if ends is None:
            return
        source, target = ends
        if (target, source) not in self._asked:  # otherwise it is the answer
            self._asked.add((source, target))
            self.spoken.add(target)


def ends_of(packet: bytes) -> tuple[Spoken, Spoken] | None:
    """From whom to whom, of a packet that begins something; None for all others."""
    if packet[0] >> 4 == 4:
        kind, rest = packet[9], packet[(packet[0] & 15) * 4 :]
        family, source, target = socket.AF_INET, packet[12:16], packet[16:20]
    else:
        kind, rest = packet[6], packet[40:]
        family, source, target = socket.AF_INET6, packet[8:24], packet[24:40]
    names = {TCP: "tcp", UDP: "udp"}
    if kind not in names or (kind == TCP and rest[13] & 0x12 != 0x02):  # SYN, without an ACK
        return None
    ports = struct.unpack(">HH", rest[:4])
    return (
        (names[kind], socket.inet_ntop(family, source), ports[0]),
        (names[kind], socket.inet_ntop(family, target), ports[1]),
    )


def only_beginnings(ear: socket.socket) -> None:
    """Have the kernel pass on SYN, UDP and IPv6 only: films would flood everything else out.

    Classic BPF, as `setsockopt(SO_ATTACH_FILTER)` takes it; Linux's filter.h tells the codes.
    """
    program = [
        (0x28, 0, 0, 12),  # the protocol of the frame
        (0x15, 0, 7, IPV4),
        (0x30, 0, 0, ETHERNET + 9),
        (0x15, 6, 0, UDP),
        (0x15, 0, 6, TCP),
        (0xB1, 0, 0, ETHERNET),  # X: the length of IPv4's header
        (0x50, 0, 0, ETHERNET + 13),  # TCP's flags
        (0x54, 0, 0, 0x12),
        (0x15, 1, 2, 0x02),
        (0x15, 0, 1, IPV6),
        (0x06, 0, 0, 256),
        (0x06, 0, 0, 0),
    ]
    packed = b"".join(struct.pack("HBBI", *line) for line in program)
    lines = ctypes.create_string_buffer(packed)
    filtering = struct.pack("HP", len(program), ctypes.addressof(lines))
    ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
