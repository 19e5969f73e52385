"""Port of the pages to enrolment: the enroller, and the values of codes and answers."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from agent.wire.brokers import broker_address, host_and_port
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
    """Revoke a node's certificate at the brokers and end its connection; does not wait."""
    further_brokers: tuple[str, ...] = ()
    """Each as host:port."""

    def brokers_of(self, node: str) -> list[tuple[str, int]]:
        """Brokers of this node, in the order in which it tries them. It follows from the node's
        name: all brokers get about as many nodes, and so do the others when one is lost."""
        further = map(host_and_port, self.further_brokers)
        every = [(self.broker_host, self.broker_port), *further]
        return sorted(
            every, key=lambda one: sha256(f"{node} {broker_address(*one)}".encode()).digest()
        )

    def code(self, token: bytes) -> EnrolmentCode:
        """Enrolment code with this token, for the technician."""
        return EnrolmentCode(self.host, self.port, self.fingerprint, token)
