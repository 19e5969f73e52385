"""Decides which sighting updates raise an alert, and which rules they met."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.hours import Hours
from agent.vision.rules.rules import RuleMet, Rules
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.sightings.sightings import Sightings
from agent.vision.track.track import Track


class Alerting:
    """Adds rules and alert hours to the changes of sightings, frame by frame.

    Outside alert hours a sighting is only recorded, until the hours begin during it or it meets a
    rule. With an untrusted clock all hours are alert hours: an alert too many is better than one
    too few.
    """

    def __init__(self, rules: Rules, alert_hours: Hours | None) -> None:
        self._rules = rules
        self._alert_hours = alert_hours
        self._quiet: set[UUID] = set()

    @property
    def asks_for_the_hour(self) -> bool:
        """True if a rule or the alert hours depend on the local time."""
        return self._alert_hours is not None or self._rules.have_hours

    def complete(
        self,
        changes: Sequence[SightingChange],
        now: Instant,
        tracks: Sequence[Track],
        *,
        sightings: Sightings,
        aspect: float,
        local: datetime | None,
    ) -> tuple[SightingChange, ...]:
        """Changes of the frame at `now`, completed by rules and hours; see `Rules.advance`."""
        ids = sightings.open_ids
        met = _by_sighting(
            self._rules.advance(now, tracks, sightings=ids, aspect=aspect, local=local)
        )
        is_quiet = self._is_quiet(local)
        told = [self._completed(change, met, is_quiet=is_quiet) for change in changes]
        for track in tracks:
            sighting_id = ids.get(track.track_id)
            if sighting_id is None or not track.is_seen:
                continue
            wakes = sighting_id in self._quiet and not is_quiet
            if sighting_id in met or wakes:
                change = sightings.say(track, now)
                told.append(self._completed(change, met, is_quiet=is_quiet))
        return tuple(told)

    def finish(self) -> None:
        """Close all open sightings, because the camera stops."""
        self._quiet.clear()

    def _is_quiet(self, local: datetime | None) -> bool:
        hours = self._alert_hours
        return hours is not None and local is not None and not hours.hold(local)

    def _completed(
        self, change: SightingChange, met: dict[UUID, tuple[RuleMet, ...]], *, is_quiet: bool
    ) -> SightingChange:
        """With the rules it met, which are then reported."""
        rules = met.pop(change.sighting_id, ())
        match change:
            case Opened():
                if is_quiet and not rules:
                    self._quiet.add(change.sighting_id)
                return replace(change, rules=rules, wakes=not is_quiet or bool(rules))
            case Updated():
                wakes = change.sighting_id in self._quiet and (bool(rules) or not is_quiet)
                if wakes:
                    self._quiet.discard(change.sighting_id)
                return replace(change, rules=rules, wakes=wakes)
            case Closed():
                self._quiet.discard(change.sighting_id)
                return change
        assert_never(change)


def _by_sighting(met: Sequence[RuleMet]) -> dict[UUID, tuple[RuleMet, ...]]:
    found: dict[UUID, tuple[RuleMet, ...]] = {}
    for one in met:
        found[one.sighting_id] = (*found.get(one.sighting_id, ()), one)
    return found
