"""Presence of nodes: births and deaths, paired by the id of the birth.

A will is published when the broker gives up a connection, up to one and a half keep-alives later.
The node may be back by then. So a death counts only for its own birth, and a birth that has died is
not revived by a repetition.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.answers import UploadToken
from agent.wire.ident import born_utc_us
from agent.wire.presence import Birth, Death, Health
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from hub.base.moment import Moment
from hub.intake.rules import duplicates
from hub.intake.rules.duplicates import NodeLives
from hub.nodes import presence
from hub.nodes.desired_state import release_rows, settings_rows
from hub.registry import health, registry

SEEN_EVERY_S: Final = 30.0
"""Least time between two records of "last heard"; one per message would be too many."""


class PresenceChange(Enum):
    """Meaning of a birth or death, given the known state."""

    ARRIVED = "arrived"
    RIVAL = "rival"
    """The node arrived while another node with the same name is online."""
    STILL_HERE = "still_here"
    LEFT = "left"
    LATE_WILL = "late_will"
    DIED_BEFORE = "died_before"
    UNKNOWN_NODE = "unknown_node"


HERE: Final = frozenset({PresenceChange.ARRIVED, PresenceChange.RIVAL, PresenceChange.STILL_HERE})
"""The node is online."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Known state of a node: online or not, and its last birth."""

    is_alive: bool
    birth_id: UUID | None


NEVER_SEEN = Presence(is_alive=False, birth_id=None)


def judge(known: Presence, said: Birth | Death) -> PresenceChange:
    """Meaning of this birth or death."""
    is_same = known.birth_id == said.birth_id
    if isinstance(said, Death):
        return PresenceChange.LEFT if is_same and known.is_alive else PresenceChange.LATE_WILL
    if not is_same:
        return PresenceChange.ARRIVED
    return PresenceChange.STILL_HERE if known.is_alive else PresenceChange.DIED_BEFORE


def after(known: Presence, said: Birth | Death) -> Presence:
    """State after this birth or death."""
    match judge(known, said):
        case PresenceChange.ARRIVED:
            return Presence(is_alive=True, birth_id=said.birth_id)
        case PresenceChange.LEFT:
            return Presence(is_alive=False, birth_id=said.birth_id)
        case _:
            return known


def is_earlier(birth_id: UUID, known: UUID | None) -> bool:
    """True if a retained birth is of an earlier connection than the known one. When a node goes to
    another broker because its broker was killed, its birth stays at the old one."""
    if known is None or (birth_id.version, known.version) != (7, 7):
        return False
    return born_utc_us(birth_id) < born_utc_us(known)


def is_unheard(known: Presence, birth_id: UUID | None) -> bool:
    """True if a message shows that its connection's birth was missed. The broker publishes a will
    after everything else of the connection, so a birth that has died sends nothing more."""
    return birth_id is not None and birth_id != known.birth_id


class TokenIssuer(Protocol):
    """Issues upload tokens."""

    def issue(self, node: str, now: Moment) -> UploadToken:
        """A token for `node`, valid from now."""
        ...


class PresenceRecorder:
    """Records births and deaths and issues upload tokens; for the intake thread only."""

    def __init__(self, tokens: TokenIssuer) -> None:
        self._tokens = tokens
        self._seen: dict[str, int] = {}
        self._lives: dict[UUID, NodeLives] = {}
        self._looked_up: dict[str, registry.Node] | None = None

    @contextmanager
    def looking_once(self, conn: Connection, names: Collection[str] = ()) -> Iterator[None]:
        """For one transaction without other writers: these nodes are read together and once each,
        and again after a change."""
        self._looked_up = registry.nodes_by_name(conn, names) if names else {}
        try:
            yield
        finally:
            self._looked_up = None

    def look_again(self, name: str) -> None:
        """Drop the cached facts of a node."""
        if self._looked_up is not None:
            self._looked_up.pop(name, None)

    def hear(
        self, conn: Connection, said: Birth | Death, *, now: Moment, is_repeat: bool = False
    ) -> PresenceChange:
        """Record a birth or death; a birth also registers the node's cameras in its area.
        `is_repeat`: the broker had retained it."""
        node = self._node(conn, said.node)
        if node is None:
            return PresenceChange.UNKNOWN_NODE
        if is_repeat and isinstance(said, Birth) and is_earlier(said.birth_id, node.birth_id):
            return PresenceChange.DIED_BEFORE
        self.look_again(said.node)
        verdict = judge(Presence(node.state == "online", node.birth_id), said)
        if isinstance(said, Birth) and verdict in HERE:
            presence.note_birth(conn, said, now=now)
            if self._is_rival(node, said):
                presence.note_rival(conn, node.node_id, now=now)
                return PresenceChange.RIVAL
        elif isinstance(said, Death) and verdict is PresenceChange.LEFT:
            presence.note_death(conn, said, now=now)
        return verdict

    def _node(self, conn: Connection, name: str) -> registry.Node | None:
        looked_up = self._looked_up
        if looked_up is None:
            return registry.node_by_name(conn, name)
        node = looked_up.get(name)
        if node is None and (node := registry.node_by_name(conn, name)) is not None:
            looked_up[name] = node
        return node

    def _is_rival(self, node: registry.Node, birth: Birth) -> bool:
        """Kept in memory only: two rivals go on after a restart of the hub."""
        known = self._lives.get(node.node_id)
        if known is None:
            births = (node.birth_id,) if node.birth_id else ()
            known = NodeLives(((node.boot_id, node.spool_id),), births)
        self._lives[node.node_id], is_rival = duplicates.after_birth(known, birth)
        return is_rival

    def see(self, conn: Connection, node: str, *, now: Moment) -> None:
        """Record when the node was last heard, at most once per `SEEN_EVERY_S`."""
        last_utc_us = self._seen.get(node, 0)
        if abs(now.utc_us - last_utc_us) >= SEEN_EVERY_S * 1_000_000:
            if (known := self._node(conn, node)) is not None:
                presence.note_seen(conn, known.node_id, now=now)
            self._seen[node] = now.utc_us

    def note_health(self, conn: Connection, said: Health, *, now: Moment) -> bool:
        """Record the node's health; False for an unknown node."""
        node = self._node(conn, said.node)
        if node is None:
            return False
        health.note(conn, node.node_id, said, now=now)
        known = Presence(node.state == "online", node.birth_id)
        if said.birth_id is not None and is_unheard(known, said.birth_id):
            presence.note_alive(conn, node.node_id, birth_id=said.birth_id, now=now)
            self.look_again(said.node)
        self.see(conn, said.node, now=now)
        return True

    def note_report(
        self, conn: Connection, said: SettingsReport | ProgramsReport, *, now: Moment
    ) -> bool:
        """Record the settings a node uses or the release it runs; False for an unknown node."""
        node = self._node(conn, said.node)
        if node is None:
            return False
        if isinstance(said, SettingsReport):
            settings_rows.note_report(conn, node.node_id, said, now=now)
        else:
            release_rows.note_report(conn, node.node_id, said, now=now)
        return True

    def forget(self) -> None:
        """Record again after a rollback when nodes were last heard."""
        self._seen.clear()
        self._lives.clear()
        if self._looked_up is not None:
            self._looked_up.clear()

    def is_shut_out(self, conn: Connection, node: str) -> bool:
        """True if messages under this name are ignored, because the node is revoked."""
        known = self._node(conn, node)
        return known is not None and known.is_revoked

    def token(self, conn: Connection, node: str, *, now: Moment) -> UploadToken | None:
        """An upload token; None for an unknown node."""
        if self._node(conn, node) is None:
            return None
        return self._tokens.issue(node, now)
