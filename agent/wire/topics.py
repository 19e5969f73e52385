"""Table of all topics: message, quality of service, retained or not.

One branch per node with `up` and `down` below it, so that the broker's access list has two pattern
lines for all nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.wire.ident import is_name

ROOT = "matthan"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic below a node's branch; `message` is a name in `agent.wire.codec`."""

    path: str
    message: str
    qos: int
    is_retained: bool
    meaning: str


EVENT = Topic("up/event", "event", 1, False, "something the node wrote down")
STATUS = Topic("up/status", "status", 1, True, "birth, or the will that belongs to it")
REQUEST = Topic("up/request", "request", 1, False, "the node asks for an upload token")
HEALTH = Topic("up/health", "health", 0, False, "how the node is, once a minute")
SETTINGS = Topic("up/settings", "settings", 1, True, "by which settings the node works")
PROGRAMS = Topic("up/programs", "programs", 1, True, "which programs the node runs")
RECEIPT = Topic("down/receipt", "receipt", 1, False, "stored or refused, after the hub's commit")
TOKEN = Topic("down/token", "token", 1, False, "leave to upload for a short while")
MISSING = Topic("down/missing", "missing", 1, False, "what the hub lacks and asks for")
COMMAND = Topic("down/command", "command", 1, False, "what the hub wants done")
PRESENCE = Topic("presence", "presence", 1, True, "the hub is at the broker, or its will")
HUB = "hub"
"""In place of a node's name in the hub's own topic; no node can have this name."""

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        topic.path: topic
        for topic in (
            EVENT,
            STATUS,
            REQUEST,
            HEALTH,
            SETTINGS,
            PROGRAMS,
            RECEIPT,
            TOKEN,
            MISSING,
            COMMAND,
            PRESENCE,
        )
    }
)

HUB_PRESENCE = f"{ROOT}/{HUB}/{PRESENCE.path}"
"""The hub's presence; every node may subscribe."""

EVERY_NODE_UP = f"{ROOT}/+/up/#"
"""Topic filter to which the hub subscribes."""


def address(topic: Topic, node: str) -> str:
    """The full topic of one node, for instance `matthan/nga-tu-01/up/event`."""
    if not is_name(node):
        raise ValueError(f"not a node name: {node!r} (a-z, 0-9 and inner hyphens, 63 at most)")
    return f"{ROOT}/{node}/{topic.path}"


def every_down(node: str) -> str:
    """The filter that a node subscribes to: all messages of the hub to it."""
    return address(TOKEN, node).removesuffix("token") + "#"


def split(full: str) -> tuple[str, Topic] | None:
    """Node name and topic of a full address, or None when it is not one of ours."""
    root, _, rest = full.partition("/")
    node, _, path = rest.partition("/")
    topic = TOPICS.get(path)
    if root != ROOT or topic is None or not is_name(node):
        return None
    return node, topic
