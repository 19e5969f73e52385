"""RTSP 1.0 (RFC 2326): requests, answers, login, and the video stream in an SDP. Pure."""

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agent.cameras.login import DeviceLogin
from agent.cameras.rtsp.rtp_replay import START, Codec

_PAIR: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]*))')
_SCHEME: Final = re.compile(r"(?:^|,)\s*(basic|digest)(?=\s|$)", re.IGNORECASE)
_HASHES: Final = {"": "md5", "md5": "md5", "sha-256": "sha256"}
_STATUS: Final = re.compile(r"RTSP/\S* +([1-9][0-9][0-9])(?![0-9])")
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
CHALLENGE: Final = "www-authenticate"
_CODECS: Final[Mapping[str, Codec]] = {"H264": "h264", "H265": "hevc"}


@dataclass(frozen=True, slots=True)
class RtspResponse:
    """A server's answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Video:
    """The first video stream in an SDP."""

    codec: Codec
    control: str
    parameter_sets: bytes
    """In Annex B format; empty if they come only inside the stream."""


def request(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    """A request in wire format."""
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def head_of(data: bytes) -> tuple[int, dict[str, str]] | None:
    """Status and headers of an answer's head; status 0 for a request; None for neither."""
    first, *lines = data.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, str] = {}
    for line in (one for one in lines if ":" in one):
        said, _, value = line.partition(":")
        name = said.strip().lower()
        before = headers.get(name) if name == CHALLENGE else None  # it may offer several schemes
        headers[name] = f"{before}, {value.strip()}" if before else value.strip()
    if answered := _STATUS.match(first):
        return int(answered[1]), headers
    return (0, headers) if first.endswith("RTSP/1.0") else None


def length_of(headers: Mapping[str, str]) -> int | None:
    """The length of the body from the headers; None if it is not a number."""
    said = headers.get("content-length") or "0"
    return int(said) if _LENGTH.fullmatch(said) else None


class Credentials:
    """Answers a server's login challenge by digest (RFC 2617, 7616), or by basic if the server
    demands that."""

    def __init__(self, login: DeviceLogin) -> None:
        self._login = login
        self._challenge: dict[str, str] = {}
        self._scheme = ""
        self._count = 0

    def challenged(self, said: str) -> bool:
        """Take the challenge of a 401; False if it cannot be answered.

        Of several schemes the first digest is used: basic shows the password to any listener on the
        line.
        """
        offers = [(scheme, _said(words)) for scheme, words in _offers(said)]
        digests = [one for one in offers if one[0] == "digest" and _hash(one[1])]
        plain = [one for one in offers if one[0] == "basic"]
        self._scheme, self._challenge = next(iter(digests or plain), ("", {}))
        self._count = 0
        return bool(self._scheme)

    @property
    def is_stale(self) -> bool:
        """Whether the challenge only says that its nonce was too old."""
        return self._challenge.get("stale", "").lower() == "true"

    def header(self, method: str, url: str) -> dict[str, str]:
        """The authorization header; empty before a challenge."""
        name, password = self._login.name, self._login.password
        if self._scheme == "basic":
            plain = base64.b64encode(f"{name}:{password}".encode()).decode()
            return {"Authorization": f"Basic {plain}"}
        if self._scheme != "digest":
            return {}
        told = self._challenge

        def hashed(text: str) -> str:
            return hashlib.new(_hash(told), text.encode(), usedforsecurity=False).hexdigest()

        realm, nonce = told.get("realm", ""), told.get("nonce", "")
        who, what = hashed(f"{name}:{realm}:{password}"), hashed(f"{method}:{url}")
        words = f'Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{url}"'
        if "auth" in re.split(r"[\s,]+", told.get("qop", "")):
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


def _offers(said: str) -> list[tuple[str, str]]:
    """Each offered scheme, with its parameters."""
    found = [*_SCHEME.finditer(said)]
    ends = [one.start() for one in found[1:]] + [len(said)] * bool(found)
    return [(one[1].lower(), said[one.end() : end]) for one, end in zip(found, ends, strict=True)]


def _said(words: str) -> dict[str, str]:
    return {one[1].lower(): one[2] or one[3] or "" for one in _PAIR.finditer(words)}


def _hash(challenge: Mapping[str, str]) -> str:
    return _HASHES.get(challenge.get("algorithm", "").lower(), "")


def clock_range(from_utc_us: int, until_utc_us: int) -> str:
    """A time range for PLAY by the device's own clock:
    `clock=20261125T020911.500Z-20261125T021011.500Z`."""

    def said(utc_us: int) -> str:
        moment = datetime.fromtimestamp(utc_us / 1e6, UTC)
        return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"

    return f"clock={said(from_utc_us)}-{said(until_utc_us)}"


def video_of(sdp: str, base: str) -> Video | None:
    """The first H.264 or H.265 stream of an SDP; None if there is none."""
    sections = re.split(r"(?m)^(?=m=)", sdp)
    for section in sections[1:]:
        if not section.startswith("m=video"):
            continue
        named = re.search(r"(?mi)^a=rtpmap:([0-9]{1,3})\s+(H26[45])/90000", section)
        if named is None:
            continue
        control = re.search(r"(?m)^a=control:(\S+)", section)
        sets = re.search(rf"(?m)^a=fmtp:{named[1]} (.*)$", section)
        return Video(
            codec=_CODECS[named[2].upper()],
            control=_joined(whole_of(sdp, base), control[1] if control else ""),
            parameter_sets=_parameter_sets(sets[1] if sets else ""),
        )
    return None


def whole_of(sdp: str, base: str) -> str:
    """The address of the whole presentation in an SDP, the target of PLAY."""
    said = re.search(r"(?m)^a=control:(rtsps?://\S+)", re.split(r"(?m)^m=", sdp)[0])
    return said[1] if said else base


def _joined(base: str, control: str) -> str:
    """Both parts joined with one slash. Common players do it so, and cameras expect it."""
    if not control or control == "*":
        return base
    if "://" in control:
        return control
    return f"{base.rstrip('/')}/{control.lstrip('/')}"


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
    except ValueError:  # binascii's error is a ValueError
        return b""
