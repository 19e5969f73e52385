"""Enrolment of a node: the code carried by the technician, and the messages over HTTPS.

The code has the hub's address, the first half of the fingerprint of the hub's authority, which
secures the first contact, and a token that works once.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from agent.wire.brokers import MOST_BROKERS, HostAndPort
from agent.wire.terms import Name, UtcMicros, Words

PATH: Final = "/enrol"
AUTHORITY_PATH: Final = "/enrol/authority"
SPEED_PATH: Final = "/enrol/speed"
SPEED_BYTES: Final = 60_000
"""Size of a block sent only to measure the line."""
FINGERPRINT_BYTES: Final = 16
"""Bytes of the SHA-256 fingerprint: nobody can make a second authority with the same 128 bits."""
TOKEN_BYTES: Final = 15
PORT: Final = 8443

_HOST = re.compile(r"\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)


class CodeError(ValueError):
    """The text is not an enrolment code; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """`host` as in a URL; `text` is printed, scanned and typed."""

    host: str
    port: int
    fingerprint: bytes
    token: bytes

    @property
    def base_url(self) -> str:
        """The hub's address for nodes."""
        return f"https://{self.host}:{self.port}"

    @property
    def text(self) -> str:
        """HOST:PORT/LETTERS, the letters in groups for reading aloud."""
        letters = base64.b32encode(self.fingerprint + self.token).decode().rstrip("=")
        groups = "-".join(letters[at : at + 5] for at in range(0, len(letters), 5))
        return f"{self.host}:{self.port}/{groups}"

    @classmethod
    def parse(cls, text: str) -> "EnrolmentCode":
        """Parse what a technician typed or a camera read; raises CodeError."""
        place, slash, letters = text.strip().removeprefix("https://").partition("/")
        host, colon, port = place.rpartition(":")
        if not slash or not colon or not _HOST.fullmatch(host):
            raise CodeError("it begins with the hub's address: HOST:PORT/LETTERS")
        if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
            raise CodeError(f"{port!r} is no port")
        return cls(host.lower(), int(port), *_split(letters))


class EnrolRequest(Words):
    """Request of a node: one-time token and certificate request."""

    token: Annotated[str, Field(min_length=1, max_length=100)]
    """Hex."""
    request: Annotated[str, Field(max_length=8192)]
    """Certificate request (PKCS #10, PEM), signed by the key that stays at the node."""
    utc_us: UtcMicros
    """Time of the node's clock."""


class EnrolledCamera(Words):
    """A camera as entered by the keeper: name and address."""

    name: Name
    label: str = ""
    url: str = ""
    device: str = ""
    picamera: int | None = None


class EnrolAnswer(Words):
    """Answer of the hub: identity and trust of the node."""

    node: Name
    certificate: str
    """PEM; its common name is the node's name."""
    authority: str
    """PEM: authority of the broker and of the hub's upload server."""
    broker_host: str
    broker_port: int
    further_brokers: Annotated[tuple[HostAndPort, ...], Field(max_length=MOST_BROKERS - 1)] = Field(
        default=(), exclude_if=lambda said: not said
    )
    """To go to when the first is lost; left out if there are none, and by older hubs."""
    time_zone: str
    language: str
    cameras: tuple[EnrolledCamera, ...] = ()
    utc_us: UtcMicros
    """Time of the hub's clock."""


class RenewRequest(Words):
    """Request of an enrolled node, sent with its upload token: certify the same key again."""

    request: Annotated[str, Field(max_length=8192)]


class RenewAnswer(Words):
    """The next certificate (PEM)."""

    certificate: str


def _split(letters: str) -> tuple[bytes, bytes]:
    """Both halves; typing errors are corrected (0 for O, 1 for I)."""
    plain = re.sub(r"[\s-]", "", letters).upper().translate(str.maketrans("018", "OIB"))
    padded = plain + "=" * (-len(plain) % 8)
    try:
        both = base64.b32decode(padded)
    except (binascii.Error, ValueError) as error:
        raise CodeError("its letters were not copied whole or hold a sign too many") from error
    if len(both) != FINGERPRINT_BYTES + TOKEN_BYTES:
        raise CodeError(f"its letters were not copied whole: {len(plain)} are there, 50 must be")
    return both[:FINGERPRINT_BYTES], both[FINGERPRINT_BYTES:]
