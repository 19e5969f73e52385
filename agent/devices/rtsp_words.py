"""RTSP 1.0 (RFC 2326) as words: requests, answers, the login, and what an SDP says. Pure."""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin

from agent.devices.rtp_units import START, Codec
from agent.devices.soap import DeviceLogin

_PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]*))')
_CODECS: Final[Mapping[str, Codec]] = {"H264": "h264", "H265": "hevc"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Video:
    """The first stream of pictures that an SDP offers."""

    codec: Codec
    payload_type: int
    control: str
    parameter_sets: bytes
    """As Annex B; empty where they come in the stream alone."""


def request(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    """As it goes over the line."""
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def head_of(data: bytes) -> tuple[int, dict[str, str]] | None:
    """Status and headers of an answer's head; status 0 for a request; None for neither."""
    lines = data.decode("utf-8", "replace").split("\r\n")
    words = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if words[0].startswith("RTSP/") and len(words) > 1 and words[1].isdigit():
        return int(words[1]), headers
    return (0, headers) if lines[0].endswith("RTSP/1.0") else None


class Credentials:
    """Answers a server's challenge, by digest (RFC 2617, 7616) or, where it wants that, plainly."""

    def __init__(self, login: DeviceLogin) -> None:
        self._login = login
        self._challenge: dict[str, str] = {}
        self._scheme = ""
        self._count = 0

    def challenged(self, said: str) -> bool:
        """Take what a 401 asks for; False for what cannot be answered."""
        self._scheme, _, rest = said.partition(" ")
        self._scheme = self._scheme.lower()
        self._challenge = {one[1].lower(): one[2] or one[3] for one in _PAIR.finditer(rest)}
        self._count = 0
        return self._scheme in {"basic", "digest"}

    def header(self, method: str, url: str) -> dict[str, str]:
        """The header that signs a request in; none before a challenge."""
        name, password = self._login.name, self._login.password
        if self._scheme == "basic":
            plain = base64.b64encode(f"{name}:{password}".encode()).decode()
            return {"Authorization": f"Basic {plain}"}
        if self._scheme != "digest":
            return {}
        told, is_sha = self._challenge, "256" in self._challenge.get("algorithm", "")

        def hashed(text: str) -> str:
            data = text.encode()
            if is_sha:
                return hashlib.sha256(data).hexdigest()
            return hashlib.md5(data, usedforsecurity=False).hexdigest()

        realm, nonce = told.get("realm", ""), told.get("nonce", "")
        who, what = hashed(f"{name}:{realm}:{password}"), hashed(f"{method}:{url}")
        words = f'Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{url}"'
        if "auth" in told.get("qop", "").split(","):
            self._count += 1
            count, own = f"{self._count:08x}", os.urandom(8).hex()
            words += f', qop=auth, nc={count}, cnonce="{own}"'
            proof = hashed(f"{who}:{nonce}:{count}:{own}:auth:{what}")
        else:
            proof = hashed(f"{who}:{nonce}:{what}")
        words += f', response="{proof}"'
        for key in ("algorithm", "opaque"):
            if key in told:
                words += f', {key}="{told[key]}"'
        return {"Authorization": words}


def clock_range(from_utc_us: int, until_utc_us: int) -> str:
    """`clock=20261125T020911.500Z-20261125T021011.500Z`: by the device's own clock."""

    def said(utc_us: int) -> str:
        moment = datetime.fromtimestamp(utc_us / 1e6, UTC)
        return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"

    return f"clock={said(from_utc_us)}-{said(until_utc_us)}"


def video_of(sdp: str, base: str) -> Video | None:
    """The first H.264 or H.265 of an SDP; None where there is none."""
    sections = re.split(r"(?m)^(?=m=)", sdp)
    for section in sections[1:]:
        if not section.startswith("m=video"):
            continue
        named = re.search(r"(?m)^a=rtpmap:(\d+) (H26[45])/90000", section)
        if named is None:
            continue
        control = re.search(r"(?m)^a=control:(\S+)", section)
        sets = re.search(rf"(?m)^a=fmtp:{named[1]} (.*)$", section)
        return Video(
            codec=_CODECS[named[2]],
            payload_type=int(named[1]),
            control=_joined(base, control[1] if control else ""),
            parameter_sets=_parameter_sets(sets[1] if sets else ""),
        )
    return None


def _joined(base: str, control: str) -> str:
    if not control or control == "*":
        return base
    if "://" in control:
        return control
    if control.startswith("/"):
        return urljoin(base.replace("rtsp://", "http://", 1), control).replace(
            "http://", "rtsp://", 1
        )
    return f"{base.rstrip('/')}/{control}"


def _parameter_sets(fmtp: str) -> bytes:
    keys = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
    said = dict(pair.strip().partition("=")[::2] for pair in fmtp.split(";"))
    try:
        return b"".join(
            START + base64.b64decode(one)
            for key in keys
            for one in said.get(key, "").split(",")
            if one
        )
    except binascii.Error:
        return b""
