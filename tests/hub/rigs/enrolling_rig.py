"""A hub that enrols, and boxes that enrol at it, for tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from agent.wire.enrolment import FINGERPRINT_BYTES, EnrolledCamera
from hub.base.audit.log import By
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.nodes.enrolment import rows
from hub.nodes.enrolment.desk import Enroller
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.pki.authority import Authority
from hub.nodes.pki.signing import Signing
from tests.hub.rigs.intake_rig import area_of

CAMERA = EnrolledCamera(name="cong", label="Cổng chợ", url="rtsp://guest:secret@10.0.0.9/main")


@dataclass
class Box:
    """A machine with a key of its own."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def request(self) -> str:
        """Certificate request of the box."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
        asked = x509.CertificateSigningRequestBuilder().subject_name(name)
        return asked.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class EnrolHub:
    """A database with one junction, an authority, and the enroller between them."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.clock = HubClock()
        self.now_s = 0.0
        self.authority = Authority.create(folder / "ca", datetime.now(UTC))
        self.enroller = Enroller(
            db, clock=self.clock, signs=Signing(self.authority), now_s=lambda: self.now_s
        )
        with db.writing() as conn:
            self.area_id = area_of(conn, "Ngã tư 1", level="junction", now=self.clock.now())

    def make(self, node: str, *, hours: float = 24, later_s: float = 0) -> bytes:
        """A token for a node of that name, made `later_s` from now."""
        with self.db.writing() as conn:
            _, token = rows.make(
                conn,
                node=node,
                area_id=self.area_id,
                cameras=[CAMERA],
                by=By(came_from="test"),
                now=self.clock.now().plus_s(later_s),
                valid_s=int(hours * 3600),
            )
        return token

    def redeem(self, token: bytes, box: Box, came_from: str = "10.0.0.5"):
        """A box shows the token."""
        return self.enroller.redeem(token.hex(), box.request, came_from=came_from)

    def enrolling(self, port: int) -> Enrolling:
        """Enrolment as the pages take it."""
        return Enrolling(
            enroller=self.enroller,
            host="127.0.0.1",
            port=port,
            authority_pem=self.authority.pem.decode(),
            fingerprint=bytes.fromhex(self.authority.fingerprint)[:FINGERPRINT_BYTES],
            broker_host="127.0.0.1",
            broker_port=8883,
            shut_out=lambda _node: None,
        )
