"""What pages need for enrolment: the enroller, and the values of codes and answers."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.wire.enrolment import EnrolmentCode
from hub.nodes.enrolment.desk import Enroller


@dataclass(frozen=True, slots=True)
class Enrolling:
    """`host` and `port` are the hub's address for nodes; `fingerprint` is the authority's."""

    enroller: Enroller
    host: str
    port: int
    authority_pem: str
    fingerprint: bytes
    broker_host: str
    broker_port: int
    shut_out: Callable[[str], None]
    """Revoke a node's certificate at the broker and end its connection; does not wait."""

    def code(self, token: bytes) -> EnrolmentCode:
        """Code for the technician."""
        return EnrolmentCode(self.host, self.port, self.fingerprint, token)
