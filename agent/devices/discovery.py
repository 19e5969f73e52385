"""Which cameras on the local wire answer to ONVIF's question who is there (WS-Discovery, by UDP).

What answers is not to be trusted: answers are bounded in number and size, and one that declares
entities is not read at all.
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
MOST_ANSWERS: Final = 2000
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
class Answer:
    """A camera that answered: its host, and what it calls itself."""

    host: str
    name: str
    hardware: str


def discover(*, whom: tuple[str, int] = EVERYBODY, wait_s: float = 4.0) -> list[Answer]:
    """Ask and listen for `wait_s`; each host once, in the order of their addresses.

    Raises OSError where there is no network to ask on.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # the local wire
        line.sendto(_QUESTION.format(message=uuid4()).encode(), whom)
        answers = [answer for data in _heard(line, wait_s) for answer in read(data)]
    by_host = {answer.host: answer for answer in reversed(answers)}
    return sorted(by_host.values(), key=lambda answer: (len(answer.host), answer.host))


def read(data: bytes) -> list[Answer]:
    """What one datagram says; nothing where it is not an answer."""
    if b"<!" in data:  # a document type: the place where entities are declared
        return []
    try:
        root = ET.fromstring(data)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError:
        return []
    matches = root.iter(f"{_DISCOVERY}ProbeMatch")
    return [answer for match in matches if (answer := _answer(match)) is not None]


def _heard(line: socket.socket, wait_s: float) -> Iterable[bytes]:
    until_s = time.monotonic() + wait_s
    for _ in range(MOST_ANSWERS):
        line.settimeout(max(0.001, until_s - time.monotonic()))
        try:
            yield line.recv(ANSWER_BYTES)
        except TimeoutError:
            return
        if time.monotonic() > until_s:
            return


def _answer(match: ET.Element) -> Answer | None:
    addresses = (match.findtext(f"{_DISCOVERY}XAddrs") or "").split()
    hosts = [host for address in addresses if (host := _host(address))]
    if not hosts:
        return None
    scopes = (match.findtext(f"{_DISCOVERY}Scopes") or "").split()
    said = {found.group(1): found.group(2) for one in scopes if (found := _SCOPE.match(one))}
    return Answer(hosts[0], _plain(said.get("name", "")), _plain(said.get("hardware", "")))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _plain(text: str) -> str:
    """A name as it may be printed on a terminal."""
    return "".join(letter for letter in unquote(text)[:80] if letter.isprintable())
