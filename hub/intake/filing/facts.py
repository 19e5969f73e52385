"""Facts that filing a batch needs: read together before, and kept true by the batch's own writes.

This module decides nothing. A fact that is missing here is read from the database when it is
needed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from hub.alerting.alerts import rows as alert_rows
from hub.alerting.alerts.rows import AlertSize, NewAlert
from hub.alerting.alerts.rules.grouping import NewSighting, Policy, RunningAlert
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.base.moment import Moment


@dataclass(slots=True)
class KnownAlert:
    """An alert with the changes that the batch has made so far."""

    alert_id: UUID
    camera_id: UUID
    kind: str
    state: AlertState
    people: int
    began_utc_us: int
    last_seen_utc_us: int
    zone: str | None
    quiet_reason: str | None
    open_sightings: int = 0


@dataclass(slots=True)
class KnownSighting:
    """A sighting with the changes that the batch has made so far; the fields have the names of the
    columns."""

    camera_id: UUID
    alert_id: UUID | None
    object_kind: str
    people: int
    score: float
    first_seen_utc_us: int
    last_seen_utc_us: int
    is_open: bool
    alert_size: AlertSize | None = None
    """Size of the sighting's alert, if both were read just now."""


@dataclass(slots=True)
class BatchFacts:
    """Facts for one batch in one transaction of the only writer; if empty, every fact is read when
    it is needed."""

    stored: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)
    """Events by id: node and fate."""
    new_events: set[UUID] = field(default_factory=set)
    """Events of the batch whose id and number are not in the database."""
    sightings: dict[UUID, KnownSighting | None] = field(default_factory=dict)
    """None: there is no such sighting yet."""
    unannounced: set[UUID] = field(default_factory=set)
    """Sightings of which the database has neither an event nor a stored file."""
    new_files: set[tuple[UUID, str]] = field(default_factory=set)
    """Files, by node and hash, that no node has announced."""
    clips: dict[UUID, UUID | None] = field(default_factory=dict)
    """Growing clips by id: the camera; None: there is no such clip yet."""
    same_audience: dict[UUID, UUID] = field(default_factory=dict)
    """For each camera, one with the same recipients."""
    alerts: dict[UUID, KnownAlert] = field(default_factory=dict)
    watched: dict[tuple[UUID, str], list[KnownAlert]] = field(default_factory=dict)
    """By camera and kind: all alerts that were seen since `since_utc_us`."""
    since_utc_us: int = 0

    def is_new_file(self, node_id: UUID, sha256: str) -> bool:
        """True if the node has not announced this file; the file then counts as announced."""
        if (node_id, sha256) not in self.new_files:
            return False
        self.new_files.remove((node_id, sha256))
        return True

    def alerts_of(self, sighting_ids: Iterable[UUID], camera_id: UUID) -> list[UUID] | None:
        """Alerts of these sightings of a camera, the alert of the earliest sighting first; None if
        some are not known here."""
        ids = [*sighting_ids]
        if any(one not in self.sightings for one in ids):
            return None
        known = [found for one in ids if (found := self.sightings[one]) is not None]
        known.sort(key=lambda one: one.first_seen_utc_us)
        theirs = [one.alert_id for one in known if one.camera_id == camera_id]
        return list(dict.fromkeys(one for one in theirs if one is not None))

    def watch(
        self,
        cameras: Iterable[UUID],
        kinds: Iterable[str],
        known: Iterable[KnownAlert],
        *,
        since_utc_us: int,
    ) -> None:
        """Note the alerts of these cameras since then; `known` may contain other alerts too."""
        self.since_utc_us = since_utc_us
        of_spot: dict[tuple[UUID, str], list[KnownAlert]] = defaultdict(list)
        for alert in known:
            self.alerts[alert.alert_id] = alert
            of_spot[alert.camera_id, alert.kind].append(alert)
        kinds = tuple(kinds)
        self.watched = {
            (camera, kind): of_spot[camera, kind] for camera in cameras for kind in kinds
        }

    def running(self, conn: Connection, seen: NewSighting, policy: Policy) -> list[RunningAlert]:
        """The camera's alerts that the sighting may join."""
        span = _us(policy.group_max_s)
        known = self._watched(seen, seen.first_seen_utc_us - span)
        if known is None:
            return alert_rows.running_alerts(conn, seen, policy)
        return [
            RunningAlert(
                alert_id=one.alert_id,
                camera_id=one.camera_id,
                kind=one.kind,
                state=one.state,
                began_utc_us=one.began_utc_us,
                last_seen_utc_us=one.last_seen_utc_us,
                has_open_sighting=one.open_sightings > 0,
            )
            for one in known
            if one.state.is_running
            and one.last_seen_utc_us >= seen.first_seen_utc_us - span
            and one.began_utc_us <= seen.first_seen_utc_us + span
        ]

    def last_woke(self, conn: Connection, seen: NewSighting, policy: Policy) -> int | None:
        """Start of the last alert of this spot that rang a phone; None if that was too long ago."""
        since = seen.first_seen_utc_us - _us(policy.cooldown_s)
        known = self._watched(seen, since)
        if known is None:
            return alert_rows.last_woke(conn, seen, policy)
        woke = [
            one.began_utc_us
            for one in known
            if (one.zone or "") == (seen.zone or "")
            and one.last_seen_utc_us >= since
            and one.began_utc_us <= seen.first_seen_utc_us
            and one.quiet_reason is None
        ]
        return max(woke, default=None)

    def _watched(self, seen: NewSighting, since_utc_us: int) -> list[KnownAlert] | None:
        if since_utc_us < self.since_utc_us:
            return None
        return self.watched.get((seen.camera_id, seen.kind))

    def raised(self, alert: NewAlert) -> None:
        """Note that the batch has raised this alert."""
        known = KnownAlert(
            alert_id=alert.alert_id,
            camera_id=alert.camera_id,
            kind=alert.kind,
            state=AlertState.OPEN,
            people=alert.people,
            began_utc_us=alert.began.utc_us,
            last_seen_utc_us=alert.confirmed.utc_us,
            zone=alert.zone,
            quiet_reason=alert.quiet_reason,
        )
        if (spot := self.watched.get((alert.camera_id, alert.kind))) is not None:
            self.alerts[alert.alert_id] = known
            spot.append(known)

    def size(self, alert_id: UUID) -> AlertSize | None:
        """The alert's size; None: unknown here."""
        known = self.alerts.get(alert_id)
        return None if known is None else AlertSize(known.people, known.last_seen_utc_us)

    def may_be_quiet(self, alert_id: UUID, reason: str) -> bool:
        """False if the alert is known not to be quiet for this reason."""
        known = self.alerts.get(alert_id)
        return known is None or known.quiet_reason == reason

    def grown(self, alert_id: UUID, *, people: int, seen: Moment) -> None:
        """Note that the batch has written this growth of an alert."""
        if (known := self.alerts.get(alert_id)) is not None:
            known.people = max(known.people, people)
            known.last_seen_utc_us = max(known.last_seen_utc_us, seen.utc_us)

    def opened(self, sighting_id: UUID, sighting: KnownSighting) -> None:
        """Note that the batch has added this sighting."""
        if sighting_id in self.sightings:
            self.sightings[sighting_id] = sighting
        self._count_open(sighting, 1)

    def closed(self, sighting: KnownSighting) -> None:
        """Note that the batch has closed this sighting."""
        if sighting.is_open:
            sighting.is_open = False
            self._count_open(sighting, -1)

    def joined(self, sighting: KnownSighting, alert_id: UUID) -> None:
        """Note that the batch has linked this sighting, which had no alert."""
        sighting.alert_id = alert_id
        if sighting.is_open:
            self._count_open(sighting, 1)

    def _count_open(self, sighting: KnownSighting, step: int) -> None:
        alert = self.alerts.get(sighting.alert_id) if sighting.alert_id is not None else None
        if alert is not None:
            alert.open_sightings += step

    def forget_alerts(self, camera_id: UUID) -> None:
        """The alerts of this camera were changed in a way that is not noted here."""
        for camera, kind in list(self.watched):
            if camera == camera_id:
                del self.watched[camera, kind]
        for alert_id in [key for key, one in self.alerts.items() if one.camera_id == camera_id]:
            del self.alerts[alert_id]


def _us(span_s: float) -> int:
    return round(span_s * 1_000_000)
