"""A passkey in software, by its specification: sends what a browser would send, and worse."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftPasskey:
    """One key pair; `origin` is where its browser believes to be."""

    origin: str
    rp_id: str
    flags: int = PRESENT | VERIFIED
    sign_count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options of a registration."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = (
            bytes(15)
            + b"\1"
            + len(self.credential_id).to_bytes(2)
            + self.credential_id
            + cbor2.dumps(cose)
        )
        data = self._data(ATTESTED) + attested
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            clientDataJSON=to_text(self._client("webauthn.create", options["challenge"])),
            attestationObject=to_text(whole),
            transports=["internal"],
        )

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options of a signing in."""
        self.sign_count += 1
        client, data = self._client("webauthn.get", options["challenge"]), self._data(0)
        signed = data + hashlib.sha256(client).digest()
        return self._credential(
            clientDataJSON=to_text(client),
            authenticatorData=to_text(data),
            signature=to_text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, more: int) -> bytes:
        return (
            hashlib.sha256(self.rp_id.encode()).digest()
            + bytes([self.flags | more])
            + self.sign_count.to_bytes(4)
        )

    def _credential(self, **response: Any) -> dict[str, Any]:
        name = to_text(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
