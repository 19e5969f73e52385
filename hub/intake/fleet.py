"""Who is alive: births and deaths, paired by the id of the birth.

A will comes when the broker gives a connection up, up to one and a half keep-alives after the
node may already have been born anew. So a death counts only against its own birth, and a birth
that has died is not revived by its repetition.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.answers import UploadToken
from agent.wire.presence import Birth, Death, Health
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from hub.alerts.moment import Moment
from hub.intake import rivals
from hub.intake.rivals import Lives
from hub.store import health, program_rows, registry, settings_rows

SEEN_EVERY_S: Final = 30.0
"""How often it is written down that a node speaks; each of its messages would be too much."""


class Verdict(Enum):
    """What a birth or a death means, given what was known."""

    ARRIVED = "arrived"
    RIVAL = "rival"
    """It arrived, and another one of the same name is alive too."""
    STILL_HERE = "still_here"
    LEFT = "left"
    LATE_WILL = "late_will"
    DIED_BEFORE = "died_before"
    UNKNOWN_NODE = "unknown_node"


HERE: Final = frozenset({Verdict.ARRIVED, Verdict.RIVAL, Verdict.STILL_HERE})
"""The node is here."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of a node: alive or not, and by which birth it last spoke."""

    is_alive: bool
    birth_id: UUID | None


NEVER_SEEN = Presence(is_alive=False, birth_id=None)


def judge(known: Presence, said: Birth | Death) -> Verdict:
    """What this birth or death means."""
    is_same = known.birth_id == said.birth_id
    if isinstance(said, Death):
        return Verdict.LEFT if is_same and known.is_alive else Verdict.LATE_WILL
    if not is_same:
        return Verdict.ARRIVED
    return Verdict.STILL_HERE if known.is_alive else Verdict.DIED_BEFORE


def after(known: Presence, said: Birth | Death) -> Presence:
    """What is known once it was heard."""
    match judge(known, said):
        case Verdict.ARRIVED:
            return Presence(is_alive=True, birth_id=said.birth_id)
        case Verdict.LEFT:
            return Presence(is_alive=False, birth_id=said.birth_id)
        case _:
            return known


def is_unheard(known: Presence, birth_id: UUID | None) -> bool:
    """Whether words said on that birth's line show that it was missed. The broker publishes a will
    after all else of its line, so a birth that has died says nothing more."""
    return birth_id is not None and birth_id != known.birth_id


class Mint(Protocol):
    """Makes upload tokens."""

    def mint(self, node: str, now: Moment) -> UploadToken:
        """A token for `node` from now on."""
        ...


class Fleet:
    """Writes down births and deaths, and gives nodes leave to upload; for one intake thread."""

    def __init__(self, tokens: Mint) -> None:
        self._tokens = tokens
        self._seen: dict[str, int] = {}
        self._lives: dict[UUID, Lives] = {}
        self._looked_up: dict[str, registry.Node] | None = None

    @contextmanager
    def looking_once(self) -> Iterator[None]:
        """Within one transaction, in which nobody else writes: a node is looked up once, and again
        when something was noted of it."""
        self._looked_up = {}
        try:
            yield
        finally:
            self._looked_up = None

    def look_again(self, name: str) -> None:
        """What was looked up of a node may not be true any more."""
        if self._looked_up is not None:
            self._looked_up.pop(name, None)

    def hear(self, conn: Connection, said: Birth | Death, *, now: Moment) -> Verdict:
        """Note what was said; a birth also registers its cameras in the area of its node."""
        node = self._node(conn, said.node)
        if node is None:
            return Verdict.UNKNOWN_NODE
        self.look_again(said.node)
        verdict = judge(Presence(node.state == "online", node.birth_id), said)
        if isinstance(said, Birth) and verdict in HERE:
            registry.note_birth(conn, said, now=now)
            if self._is_rival(node, said):
                registry.note_rival(conn, node.node_id, now=now)
                return Verdict.RIVAL
        elif isinstance(said, Death) and verdict is Verdict.LEFT:
            registry.note_death(conn, said, now=now)
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
        """Kept in memory alone: two that fight go on fighting after a restart of the hub."""
        known = self._lives.get(node.node_id)
        if known is None:
            births = (node.birth_id,) if node.birth_id else ()
            known = Lives(((node.boot_id, node.spool_id),), births)
        self._lives[node.node_id], is_rival = rivals.heard(known, birth)
        return is_rival

    def see(self, conn: Connection, node: str, *, now: Moment) -> None:
        """Note, now and then, that a node has spoken."""
        last_utc_us = self._seen.get(node, 0)
        if abs(now.utc_us - last_utc_us) >= SEEN_EVERY_S * 1_000_000:
            registry.note_seen(conn, node, now=now)
            self._seen[node] = now.utc_us

    def note_health(self, conn: Connection, said: Health, *, now: Moment) -> bool:
        """Keep how a node is; False for one that nobody has added."""
        node = self._node(conn, said.node)
        if node is None:
            return False
        health.note(conn, node.node_id, said, now=now)
        known = Presence(node.state == "online", node.birth_id)
        if said.birth_id is not None and is_unheard(known, said.birth_id):
            registry.note_alive(conn, node.node_id, birth_id=said.birth_id, now=now)
            self.look_again(said.node)
        self.see(conn, said.node, now=now)
        return True

    def note_report(
        self, conn: Connection, said: SettingsReport | ProgramsReport, *, now: Moment
    ) -> bool:
        """Keep by which settings a node works, or which programs it runs; False for one that
        nobody has added."""
        node = self._node(conn, said.node)
        if node is None:
            return False
        if isinstance(said, SettingsReport):
            settings_rows.note_report(conn, node.node_id, said, now=now)
        else:
            program_rows.note_report(conn, node.node_id, said, now=now)
        return True

    def forget(self) -> None:
        """Note anew that nodes spoke: what was noted has been rolled back."""
        self._seen.clear()
        self._lives.clear()
        if self._looked_up is not None:
            self._looked_up.clear()

    def is_shut_out(self, conn: Connection, node: str) -> bool:
        """Whether nothing that comes under this name counts."""
        known = self._node(conn, node)
        return known is not None and known.is_revoked

    def token(self, conn: Connection, node: str, *, now: Moment) -> UploadToken | None:
        """Leave to upload; None for a node that nobody has added."""
        if self._node(conn, node) is None:
            return None
        return self._tokens.mint(node, now)
