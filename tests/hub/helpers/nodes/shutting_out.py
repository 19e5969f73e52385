"""Helpers of the tests of shutting out, used by more than one module."""

from hub.base.audit.log import By
from hub.nodes.enrolment import rows
from hub.registry.registry import node_by_name
from tests.hub.rigs.enrolling_rig import EnrolHub

NODE = "nga-tu-01"


def revoke(hub: EnrolHub, name: str = NODE) -> None:
    with hub.db.writing() as conn:
        node = node_by_name(conn, name)
        assert node is not None
        rows.shut_out(conn, node, why="stolen", by=By(), now=hub.clock.now())
