"""What the pages need to make nodes of boxes: the enroller, and what a code and an answer name."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.wire.enrolment import EnrolmentCode
from hub.store.enroller import Enroller


@dataclass(frozen=True, slots=True)
class Enrolling:
    """`host` and `port` are where nodes reach the hub; `fingerprint` is of the authority."""

    enroller: Enroller
    host: str
    port: int
    authority_pem: str
    fingerprint: bytes
    broker_host: str
    broker_port: int
    shut_out: Callable[[str], None]
    """Tell the broker that a node's papers hold no more, and end its connection; does not wait."""

    def code(self, token: bytes) -> EnrolmentCode:
        """What a technician carries to the box."""
        return EnrolmentCode(self.host, self.port, self.fingerprint, token)
