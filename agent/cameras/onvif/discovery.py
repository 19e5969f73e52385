"""Finds ONVIF cameras on the local network by WS-Discovery over UDP.

Answers are untrusted: their number and size are limited, and one that declares XML entities is not
parsed.
"""

import re
import socket
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

EVERYBODY: Final = ("239.255.255.250", 3702)
"""Multicast group and port of WS-Discovery 1.0 (April 2005)."""
ASKED_AT: Final = (0.0, 0.2, 0.4, 0.6)
"""Times of the probes, as parts of the wait: an answer lost in the crowd gets another chance."""
MOST_ANSWERS: Final = 6000
MOST_BYTES: Final = 32 * 2**20
ROOM_BYTES: Final = 4 * 2**20
"""Receive buffer for answers that arrive meanwhile: hundreds of cameras may answer at once."""
_RCVBUFFORCE: Final = 33
"""Linux's SO_RCVBUFFORCE, missing in `socket`: exceeds the system limit, for root only."""
ANSWER_BYTES: Final = 65_507
_DISCOVERY: Final = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"
_SCOPE: Final = re.compile(r"onvif://www\.onvif\.org/(name|hardware|location)/(.+)")

_QUESTION: Final = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header>
<w:MessageID>uuid:{message}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>
</e:Header><e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body>
</e:Envelope>"""


@dataclass(frozen=True, slots=True)
class ProbeMatch:
    """A camera that answered: its host and its own name."""

    host: str
    name: str
    hardware: str


def discover(*, whom: tuple[str, int] = EVERYBODY, wait_s: float = 4.0) -> list[ProbeMatch]:
    """Send several probes and listen for `wait_s` seconds; each host once, sorted by address.

    Raises OSError if there is no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # the local network only
        _make_room(line)
        # Receive everything before parsing: a datagram that arrives during parsing may be lost.
        heard = list(_heard(line, whom, wait_s))
    answers = [answer for data in heard for answer in read(data)]
    by_host = {answer.host: answer for answer in reversed(answers)}
    return sorted(by_host.values(), key=lambda answer: (len(answer.host), answer.host))


def read(data: bytes) -> list[ProbeMatch]:
    """The answers in one datagram; none if it is not an answer."""
    if b"<!" in data:  # a document type could declare entities
        return []
    try:
        root = ET.fromstring(data)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, LookupError, ValueError):  # the last two: its encoding
        return []
    matches = root.iter(f"{_DISCOVERY}ProbeMatch")
    return [answer for match in matches if (answer := _answer(match)) is not None]


def _make_room(line: socket.socket) -> None:
    try:
        line.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, ROOM_BYTES)
    except OSError:  # not root: use the kernel's limit
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)


def _heard(line: socket.socket, whom: tuple[str, int], wait_s: float) -> Iterable[bytes]:
    """Each distinct datagram once; probes are sent at the times of `ASKED_AT`."""
    began_s, known, size_bytes = time.monotonic(), set[bytes](), 0
    moments_s = [began_s + part * wait_s for part in ASKED_AT]
    until_s = began_s + wait_s
    while (now_s := time.monotonic()) < until_s:
        if moments_s and now_s >= moments_s[0]:
            moments_s.pop(0)
            line.sendto(_QUESTION.format(message=uuid4()).encode(), whom)
        line.settimeout(max(0.001, min([until_s, *moments_s]) - time.monotonic()))
        try:
            data = line.recv(ANSWER_BYTES)
        except TimeoutError:
            continue
        if data in known:
            continue
        known.add(data)
        size_bytes += len(data)
        yield data
        if len(known) >= MOST_ANSWERS or size_bytes >= MOST_BYTES:
            return


def _answer(match: ET.Element) -> ProbeMatch | None:
    addresses = (match.findtext(f"{_DISCOVERY}XAddrs") or "").split()
    hosts = [host for address in addresses if (host := _host(address))]
    if not hosts:
        return None
    scopes = (match.findtext(f"{_DISCOVERY}Scopes") or "").split()
    said = {found.group(1): found.group(2) for one in scopes if (found := _SCOPE.match(one))}
    return ProbeMatch(hosts[0], _plain(said.get("name", "")), _plain(said.get("hardware", "")))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _plain(text: str) -> str:
    """A name made safe for printing on a terminal."""
    return "".join(letter for letter in unquote(text)[:80] if letter.isprintable())
