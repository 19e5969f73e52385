"""How a node is enrolled: the code that a technician carries, and what node and hub say over HTTPS.

The code names the hub and holds two secrets' worth of bytes: the first half of the fingerprint of
the hub's authority, so that the very first contact is safe, and a token that counts once.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from agent.wire.terms import Name, UtcMicros, Words

PATH: Final = "/enrol"
AUTHORITY_PATH: Final = "/enrol/authority"
SPEED_PATH: Final = "/enrol/speed"
SPEED_BYTES: Final = 60_000
"""A piece that is sent to measure the line, and forgotten."""
FINGERPRINT_BYTES: Final = 16
"""Of SHA-256: nobody finds a second authority with the same 128 bits."""
TOKEN_BYTES: Final = 15
PORT: Final = 8443

_HOST = re.compile(r"\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)


class CodeError(ValueError):
    """What was given is no enrolment code; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """`host` is as in a URL; `text` is what is printed, scanned and typed."""

    host: str
    port: int
    fingerprint: bytes
    token: bytes

    @property
    def base_url(self) -> str:
        """Where the hub listens to nodes."""
        return f"https://{self.host}:{self.port}"

    @property
    def text(self) -> str:
        """HOST:PORT/LETTERS, the letters in groups that one can read aloud."""
        letters = base64.b32encode(self.fingerprint + self.token).decode().rstrip("=")
        groups = "-".join(letters[at : at + 5] for at in range(0, len(letters), 5))
        return f"{self.host}:{self.port}/{groups}"

    @classmethod
    def parse(cls, text: str) -> "EnrolmentCode":
        """From what a technician typed or a camera read; raises CodeError."""
        place, slash, letters = text.strip().removeprefix("https://").partition("/")
        host, colon, port = place.rpartition(":")
        if not slash or not colon or not _HOST.fullmatch(host):
            raise CodeError("it begins with the hub's address: HOST:PORT/LETTERS")
        if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
            raise CodeError(f"{port!r} is no port")
        return cls(host.lower(), int(port), *_split(letters))


class EnrolRequest(Words):
    """What a node says: its one-time token, and whom to certify."""

    token: Annotated[str, Field(min_length=1, max_length=100)]
    """Hex."""
    request: Annotated[str, Field(max_length=8192)]
    """A certificate request (PKCS #10, PEM), signed by the key that stays at the node."""
    utc_us: UtcMicros
    """What the node's clock says."""


class EnrolledCamera(Words):
    """A camera as the keeper entered it: its name, and where it is found."""

    name: Name
    label: str = ""
    url: str = ""
    device: str = ""
    picamera: int | None = None


class EnrolAnswer(Words):
    """What the hub answers: who the node is from now on."""

    node: Name
    certificate: str
    """PEM; its name is the node's."""
    authority: str
    """PEM: who vouches for the broker and for the hub's uploads."""
    broker_host: str
    broker_port: int
    time_zone: str
    language: str
    cameras: tuple[EnrolledCamera, ...] = ()
    utc_us: UtcMicros
    """What the hub's clock says."""


class RenewRequest(Words):
    """What an enrolled node says, with its upload token: certify the same key once more."""

    request: Annotated[str, Field(max_length=8192)]


class RenewAnswer(Words):
    """The certificate that follows (PEM)."""

    certificate: str


def _split(letters: str) -> tuple[bytes, bytes]:
    """The two halves; mistakes that are made by hand are mended (0 for O, 1 for I)."""
    plain = re.sub(r"[\s-]", "", letters).upper().translate(str.maketrans("018", "OIB"))
    padded = plain + "=" * (-len(plain) % 8)
    try:
        both = base64.b32decode(padded)
    except (binascii.Error, ValueError) as error:
        raise CodeError("its letters were not copied whole or hold a sign too many") from error
    if len(both) != FINGERPRINT_BYTES + TOKEN_BYTES:
        raise CodeError(f"its letters were not copied whole: {len(plain)} are there, 50 must be")
    return both[:FINGERPRINT_BYTES], both[FINGERPRINT_BYTES:]
