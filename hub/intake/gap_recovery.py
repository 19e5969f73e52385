"""Gap recovery: records the sequence numbers that arrived and requests missing ones from nodes."""

import random
from collections import OrderedDict
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Connection

from agent.wire import topics
from agent.wire.answers import Missing
from agent.wire.codec import encode
from agent.wire.messages import Event, NumbersDropped
from agent.wire.presence import Birth
from hub.base.moment import Moment
from hub.intake.replies import Reply
from hub.intake.rules import gaps as rules_gaps
from hub.intake.rules.gaps import AskPolicy, Draw, SpoolNumbers
from hub.nodes.spool import gaps as spool_gaps
from hub.nodes.spool.gaps import DueGaps, MissingFiles
from hub.nodes.spool.rules import Gap
from hub.registry import registry

log = structlog.get_logger()

SPOOLS_KEPT: Final = 20_000
"""Spools cached in memory; others are read again when they send."""
NODES_AT_ONCE: Final = 20
"""Most nodes asked at once, so that they do not all answer a restored hub together."""
FILES_AFTER_S: Final = 900.0
FILES_AGAIN_S: Final = 3600.0
FILES_UNTIL_S: Final = 7 * 86_400.0
"""Files are requested from a quarter of an hour after their announcement, once an hour, as long as
nodes keep events that the hub has."""
FILES_AT_ONCE: Final = 100

Among = ColumnElement[bool] | None
"""A condition on rows of nodes; None: all of them."""

_chance: Final = random.SystemRandom()


class GapRecovery:
    """For the intake thread only. `write` stores its notes in the batch's transaction; call
    `forget` after a rollback."""

    def __init__(self, policy: AskPolicy | None = None, *, draw: Draw = _chance.uniform) -> None:
        self._policy = policy or AskPolicy()
        self._draw = draw
        self._known: OrderedDict[tuple[str, UUID], SpoolNumbers] = OrderedDict()
        self._written: dict[tuple[str, UUID], tuple[Gap, ...]] = {}
        self._nodes: dict[str, UUID] = {}

    def expect(self, conn: Connection, node: str, spool_id: UUID) -> None:
        """Load the known numbers of a spool before its next event is stored."""
        if (node, spool_id) not in self._known and self._node_id(conn, node) is not None:
            self._look_up(conn, node, spool_id)

    def may_have(self, event: Event) -> bool:
        """False if no event with this number is stored; call `expect` before."""
        known = self._known.get((event.node, event.spool_id))
        return known is None or rules_gaps.may_have(known, event.seq)

    def note(self, conn: Connection, event: Event, *, now: Moment) -> None:
        """Note that this event is stored, now or before."""
        known = self._look_up(conn, event.node, event.spool_id)
        known = rules_gaps.received(known, event.seq, now_us=now.utc_us, policy=self._policy)
        if isinstance(event.body, NumbersDropped):
            for first, last in event.body.ranges:
                known = rules_gaps.settled(
                    known, first, last, now_us=now.utc_us, policy=self._policy
                )
        self._known[event.node, event.spool_id] = known

    def announce(
        self, conn: Connection, node: str, *, spool_id: UUID, last_seq: int, now: Moment
    ) -> None:
        """A known node reports its last sequence number."""
        known = self._look_up(conn, node, spool_id)
        known = rules_gaps.announced(known, last_seq, now_us=now.utc_us, policy=self._policy)
        self._known[node, spool_id] = known

    def lost_with_spool(self, conn: Connection, birth: Birth) -> int:
        """Number of events lost with an earlier spool; counted at the first birth of a new
        spool."""
        node_id = self._node_id(conn, birth.node)
        if node_id is None:
            return 0
        before = spool_gaps.present_spool(conn, node_id)
        if before is None or before == birth.spool_id:
            return 0
        return spool_gaps.lost_with(conn, node_id, spool_id=birth.spool_id)

    def write(self, conn: Connection) -> None:
        """Store the notes since the last call."""
        for place, before in self._written.items():
            after = self._known[place].gaps
            if after is before:
                continue
            node, spool_id = place
            spool_gaps.save(
                conn,
                self._sure_id(conn, node),
                spool_id,
                gone=set(before) - set(after),
                new=set(after) - set(before),
            )
        self._written.clear()
        while len(self._known) > SPOOLS_KEPT:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Drop the cache after a rollback or a change by somebody else."""
        self._known.clear()
        self._written.clear()
        self._nodes.clear()

    def ask(self, conn: Connection, *, now: Moment, among: Among = None) -> list[Reply]:
        """Requests for due gaps, recorded as sent; only to nodes in `among`, if given."""
        asked = spool_gaps.due(conn, now=now, spools_at_most=NODES_AT_ONCE, among=among)
        return [self._request(conn, due, now) for due in asked]

    def ask_for_files(self, conn: Connection, *, now: Moment) -> list[Reply]:
        """Requests for overdue files, recorded as sent."""
        missing = spool_gaps.ask_for_files(
            conn,
            now=now,
            after_s=FILES_AFTER_S,
            again_s=FILES_AGAIN_S,
            until_s=FILES_UNTIL_S,
            at_most=FILES_AT_ONCE,
        )
        return [_request_files(one) for one in missing]

    def _request(self, conn: Connection, due: DueGaps, now: Moment) -> Reply:
        chosen = due.gaps[: self._policy.ranges_at_once]
        later = [
            rules_gaps.after_asking(gap, now_us=now.utc_us, policy=self._policy, draw=self._draw)
            for gap in chosen
        ]
        spool_gaps.save(conn, due.node_id, due.spool_id, gone=chosen, new=later)
        self._known.pop((due.node, due.spool_id), None)
        count = sum(gap.last - gap.first + 1 for gap in chosen)
        log.info("intake.asks_for_missing", node=due.node, numbers=count)
        for gap in later:
            if gap.due_utc_us is None:
                lost = f"{gap.first}-{gap.last}"
                log.error("intake.numbers_lost", node=due.node, numbers=lost, asked=gap.asks)
        ranges = tuple((gap.first, gap.last) for gap in chosen)
        return _reply(due.node, Missing(spool_id=due.spool_id, ranges=ranges, media=()))

    def _look_up(self, conn: Connection, node: str, spool_id: UUID) -> SpoolNumbers:
        place = node, spool_id
        known = self._known.get(place)
        if known is None:
            known = SpoolNumbers(*spool_gaps.load(conn, self._sure_id(conn, node), spool_id))
            self._known[place] = known
        self._known.move_to_end(place)
        self._written.setdefault(place, known.gaps)
        return known

    def _node_id(self, conn: Connection, name: str) -> UUID | None:
        if (node_id := self._nodes.get(name)) is not None:
            return node_id
        node = registry.node_by_name(conn, name)
        if node is None:
            return None
        self._nodes[name] = node.node_id
        return node.node_id

    def _sure_id(self, conn: Connection, name: str) -> UUID:
        node_id = self._node_id(conn, name)
        if node_id is None:
            raise LookupError(f"no node is called {name}")
        return node_id


def _request_files(one: MissingFiles) -> Reply:
    log.info("intake.asks_for_files", node=one.node, files=len(one.hashes))
    return _reply(one.node, Missing(spool_id=one.spool_id, ranges=(), media=one.hashes))


def _reply(node: str, missing: Missing) -> Reply:
    return Reply(topics.address(topics.MISSING, node), encode(missing), expires_s=600)
