"""Helpers of the tests of aim, used by more than one module."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.nodes.desired_state import layer_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.registry.registry import node_by_name
from hub.registry.tables import cameras
from tests.hub.rigs.web_town import NODE, Town

SUBSCRIPTION = {
    "endpoint": "https://push.example.org/abc",
    "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
    "label": "Android · Chrome",
}


def place_of(town: Town) -> str:
    with town.db.reading() as conn:
        found: UUID = conn.scalars(select(cameras.c.id)).one()
    return f"/cameras/{found}/aim"


def wanted(town: Town) -> dict[str, Any]:
    """Settings that the hub wants of the camera."""
    with town.db.reading() as conn:
        node = node_by_name(conn, NODE)
        assert node is not None
        layer = layer_rows.layer(conn, Scope("node", node.node_id))
    found: dict[str, Any] = layer.get("cameras", {}).get(town.voice.camera, {})
    return found
