"""Liveness decisions: which camera, node, line or broker is lost, reported once.

The hub sees only liveness facts. A node reports the loss of its camera. A node is silent if the
broker closed its connection, or if its minute reports stop. Many nodes of one area that fall silent
together are one fault: line or power. While the hub's own broker is away, nothing is known of
nodes. From the facts and the troubles already reported follow the new ones. This module keeps no
state, so a restarted hub continues where it was.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.monitoring.rules.liveness import (
    CameraLiveness,
    LivenessFacts,
    NodeLiveness,
    Thresholds,
    span_us,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reported trouble that is not over. Units are cameras or nodes, by kind."""

    alert_id: UUID
    kind: Kind
    units: frozenset[UUID]
    """All units it ever had."""
    dark: frozenset[UUID]
    """Units that are still lost."""
    node_id: UUID | None = None
    area_id: UUID | None = None
    broker: str = ""
    """Its address."""


@dataclass(frozen=True, slots=True)
class TroubleRaised:
    """A new trouble: lost units of a node or of an area, or a broker."""

    kind: Kind
    dark: frozenset[UUID]
    since_utc_us: int
    node_id: UUID | None = None
    area_id: UUID | None = None
    broker: str = ""


@dataclass(frozen=True, slots=True)
class TroubleChanged:
    """The set of lost units changed since the last report."""

    alert_id: UUID
    dark: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class TroubleOver:
    """No unit is lost any more."""

    alert_id: UUID
    is_told: bool = True
    """False: the hub has no such broker any more, and nobody is told that it is back."""


Step = TroubleRaised | TroubleChanged | TroubleOver


def decide(
    facts: LivenessFacts, running: Collection[Trouble], bounds: Thresholds, *, now_utc_us: int
) -> list[Step]:
    """Steps to take, given the reported troubles. A second call with the same input changes
    nothing."""
    watch = _Watch(facts, running, bounds, now_utc_us)
    steps = [*watch.of_broker(), *watch.of_further_brokers()]
    if facts.broker.is_up and watch.lasted(facts.broker.since_utc_us, bounds.settle_s):
        steps += watch.of_nodes()
        steps += watch.of_rivals()
        steps += watch.of_shares()
        steps += watch.of_recording()
        steps += watch.of_cameras()
    return steps


@dataclass
class _Watch:
    """One evaluation of the facts."""

    facts: LivenessFacts
    running: Collection[Trouble]
    bounds: Thresholds
    now_utc_us: int
    silent: dict[UUID, int] = field(init=False)
    nodes: dict[UUID, NodeLiveness] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = {node.node_id: node for node in self.facts.nodes}
        signs = {
            node_id: node.silent_since(self.now_utc_us, self.bounds)
            for node_id, node in self.nodes.items()
        }
        self.silent = {key: since for key, since in signs.items() if since is not None}

    def lasted(self, since_utc_us: int, span_s: float) -> bool:
        return self.now_utc_us - since_utc_us >= span_us(span_s)

    def of_broker(self) -> Iterator[Step]:
        broker = self.facts.broker
        known = [one for one in self.running if one.kind is Kind.BROKER_LOST]
        if broker.is_up and self.lasted(broker.since_utc_us, self.bounds.back_after_s):
            yield from (TroubleOver(one.alert_id) for one in known)
        is_lost = not broker.is_up and not known and bool(self.nodes)
        if is_lost and self.lasted(broker.since_utc_us, self.bounds.broker_lost_after_s):
            yield TroubleRaised(Kind.BROKER_LOST, frozenset(self.nodes), broker.since_utc_us)

    def of_further_brokers(self) -> Iterator[Step]:
        """While some broker is heard, each that is not is a trouble of its own: its nodes go
        elsewhere, but the next loss finds one less."""
        broker, bounds = self.facts.broker, self.bounds
        known = {one.broker: one for one in self.running if one.kind is Kind.BROKER_UNHEARD}
        for name, trouble in known.items():
            sign = broker.signs.get(name)
            if sign is None and broker.signs:
                yield TroubleOver(trouble.alert_id, is_told=False)
            elif sign and sign.is_heard and self.lasted(sign.since_utc_us, bounds.back_after_s):
                yield TroubleOver(trouble.alert_id)
        for name in sorted(set(broker.signs) - set(known)) if broker.is_up and self.nodes else ():
            sign = broker.signs[name]
            if not sign.is_heard and self.lasted(sign.since_utc_us, bounds.broker_lost_after_s):
                every = frozenset(self.nodes)
                yield TroubleRaised(Kind.BROKER_UNHEARD, every, sign.since_utc_us, broker=name)

    def of_nodes(self) -> Iterator[Step]:
        known = [one for one in self.running if one.kind in (Kind.NODE_SILENT, Kind.LINK_LOST)]
        away = {one.alert_id: frozenset(filter(self._is_away, one.units)) for one in known}
        reported = {node_id for dark in away.values() for node_id in dark}
        for trouble in known:
            dark = away[trouble.alert_id]
            if trouble.kind is Kind.LINK_LOST:
                dark |= self._joining(trouble, reported)
                reported |= dark
            yield from _grown(trouble, dark)
        yield from self._newly_silent(reported)

    def _is_away(self, node_id: UUID) -> bool:
        node = self.nodes.get(node_id)
        if node is None:
            return False  # it was removed from the registry
        return node_id in self.silent or not self.lasted(
            node.since_utc_us, self.bounds.back_after_s
        )

    def _joining(self, link: Trouble, reported: set[UUID]) -> frozenset[UUID]:
        """Further lost nodes of an area whose line is already reported."""
        return frozenset(
            node_id
            for node_id in self._due(reported)
            if link.area_id in self.nodes[node_id].area_ids
        )

    def _due(self, reported: set[UUID]) -> list[UUID]:
        """Nodes silent long enough and not in a trouble; the longest silent first."""
        after_s = self.bounds.node_silent_after_s
        due = [
            n
            for n, since in self.silent.items()
            if n not in reported and self.lasted(since, after_s)
        ]
        return sorted(due, key=lambda node_id: (self.silent[node_id], node_id))

    def _newly_silent(self, reported: set[UUID]) -> Iterator[Step]:
        for node_id in self._due(reported):
            if node_id in reported:
                continue
            since = self.silent[node_id]
            area_id, group = self._fallen_together(node_id, reported)
            reported |= group
            if area_id is not None:
                yield TroubleRaised(Kind.LINK_LOST, group, since, area_id=area_id)
            else:
                yield TroubleRaised(Kind.NODE_SILENT, group, since, node_id=node_id)

    def _fallen_together(
        self, node_id: UUID, reported: set[UUID]
    ) -> tuple[UUID | None, frozenset[UUID]]:
        """The smallest area where most nodes fell silent with this one, and these nodes."""
        within_us = span_us(self.bounds.link_within_s)
        fallen = {
            other
            for other, since in self.silent.items()
            if other not in reported and abs(since - self.silent[node_id]) <= within_us
        }
        best: tuple[UUID | None, frozenset[UUID]] = None, frozenset({node_id})
        for area_id in self.nodes[node_id].area_ids:
            there = {n for n, one in self.nodes.items() if area_id in one.area_ids} - reported
            group = frozenset(there & fallen)
            is_most = len(group) >= self.bounds.link_nodes and 2 * len(group) >= len(there)
            if is_most and len(group) > len(best[1]):
                best = area_id, group
        return best

    def of_recording(self) -> Iterator[Step]:
        """Reported at once: the next clip would be missing."""
        since = {
            node_id: node.unrecorded_utc_us
            for node_id, node in self.nodes.items()
            if node.unrecorded_utc_us is not None
        }
        yield from self._of_single_nodes(Kind.NODE_UNRECORDED, since)

    def of_rivals(self) -> Iterator[Step]:
        """Two nodes that use one name in turn are reported once, however long it goes on."""
        over_after_s = self.bounds.rival_over_after_s
        signs = {node_id: node.rival_utc_us for node_id, node in self.nodes.items()}
        yield from self._of_single_nodes(Kind.NODE_RIVAL, self._recent(signs, over_after_s))

    def of_shares(self) -> Iterator[Step]:
        """Reported once, however often it tries."""
        over_after_s = self.bounds.held_back_over_after_s
        signs = {node_id: node.held_back_utc_us for node_id, node in self.nodes.items()}
        yield from self._of_single_nodes(Kind.NODE_HELD_BACK, self._recent(signs, over_after_s))

    def _recent(self, signs: Mapping[UUID, int | None], over_after_s: float) -> dict[UUID, int]:
        return {
            node_id: utc_us
            for node_id, utc_us in signs.items()
            if utc_us is not None and not self.lasted(utc_us, over_after_s)
        }

    def _of_single_nodes(self, kind: Kind, since: Mapping[UUID, int]) -> Iterator[Step]:
        """One trouble per node; over when the node leaves the set."""
        known = {one.node_id: one for one in self.running if one.kind is kind}
        for node_id, trouble in known.items():
            if node_id not in since:
                yield TroubleOver(trouble.alert_id)
        for node_id in sorted(set(since) - set(known)):
            yield TroubleRaised(kind, frozenset({node_id}), since[node_id], node_id=node_id)

    def of_cameras(self) -> Iterator[Step]:
        """Lost cameras of one node are one trouble; cameras of a silent node belong to the node's
        trouble."""
        known = {one.node_id: one for one in self.running if one.kind is Kind.CAMERA_LOST}
        by_node: dict[UUID, list[CameraLiveness]] = {}
        for camera in self.facts.cameras:
            by_node.setdefault(camera.node_id, []).append(camera)
        for trouble in known.values():
            if trouble.node_id not in by_node:  # removed from the registry
                yield TroubleOver(trouble.alert_id)
        for node_id in sorted(set(by_node) - set(self.silent)):
            lost = {one.camera_id: one.since_utc_us for one in by_node[node_id] if one.is_lost}
            after_s = self.bounds.camera_lost_after_s
            due = {key for key, since in lost.items() if self.lasted(since, after_s)}
            if node_id in known:
                trouble = known[node_id]
                yield from _grown(trouble, self._still_lost(trouble, by_node[node_id]) | due)
            elif due:
                since = min(lost[key] for key in due)
                yield TroubleRaised(Kind.CAMERA_LOST, frozenset(lost), since, node_id=node_id)

    def _still_lost(self, trouble: Trouble, there: list[CameraLiveness]) -> frozenset[UUID]:
        back_after_s = self.bounds.back_after_s
        return frozenset(
            one.camera_id
            for one in there
            if one.camera_id in trouble.units
            and (one.is_lost or not self.lasted(one.since_utc_us, back_after_s))
        )


def _grown(trouble: Trouble, dark: frozenset[UUID]) -> Iterator[Step]:
    if not dark:
        yield TroubleOver(trouble.alert_id)
    elif dark != trouble.dark:
        yield TroubleChanged(trouble.alert_id, dark)
