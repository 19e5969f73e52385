"""Service for footage by camera and time: one scope check and one audit line per call."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from hub.alerts.errors import RegistryError
from hub.alerts.grants import Right
from hub.store import (
    moment_sights,
    search_sights,
    sighting_places,
    sighting_search,
    sighting_sights,
    spans,
    wishes,
)
from hub.store.door_base import DoorBase
from hub.store.moment_sights import SideBySide
from hub.store.search_views import FoundFootage, SearchedCamera
from hub.store.sighting_search import Wanted
from hub.store.sighting_views import SightingsPage, asked_words
from hub.store.views import Asker

SHOWN_AT_MOST: Final = 200


class SearchDoor(DoorBase):
    """Searches recorded footage; `hub.store.door` has the rest."""

    def searches(self, asker: Asker) -> bool:
        """Whether this person may search any camera; for the links of a page, logs nothing."""
        return bool(self._searched(asker))

    def searched_cameras(self, asker: Asker) -> list[SearchedCamera]:
        """The cameras whose footage this person may search, by place."""
        found = self._searched(asker)
        self._note(asker, "search.open", detail=f"{len(found)} cameras")
        return found

    def _searched(self, asker: Asker) -> list[SearchedCamera]:
        with self._db.reading() as conn:
            return search_sights.searched_cameras(conn, asker.person_id, self._clock.now())

    def find_footage(
        self, asker: Asker, camera_id: UUID, *, from_utc_us: int, until_utc_us: int
    ) -> FoundFootage | None:
        """Footage of the camera in that span, at the hub and at its node."""
        now, who = self._clock.now(), asker.person_id
        span = {"from_utc_us": from_utc_us, "until_utc_us": until_utc_us}
        with self._db.reading() as conn:
            theirs = search_sights.searched_cameras(conn, who, now)
            may = any(one.camera_id == camera_id for one in theirs)
            rows = search_sights.found_clips(
                conn, who, camera_id, now=now, limit=2 * SHOWN_AT_MOST + 2, **span
            )
            asked = search_sights.asked_spans(
                conn, who, camera_id, from_utc_us=from_utc_us, until_utc_us=until_utc_us, now=now
            )
        clips = [row for row in rows if row.kind == "clip"]
        sounds = [row for row in rows if row.kind == "sound"]
        self._note(
            asker,
            "search.find" if may else "search.find.refused",
            "camera",
            camera_id,
            detail=f"{from_utc_us}-{until_utc_us}: {len(clips)} clips",
        )
        if not may:
            return None
        return FoundFootage(clips[:SHOWN_AT_MOST], len(clips) > SHOWN_AT_MOST, asked, sounds)

    def searches_sightings(self, asker: Asker) -> bool:
        """Whether this person may search the sightings of any camera; for links, logs nothing."""
        with self._db.reading() as conn:
            now = self._clock.now()
            return bool(sighting_places.searched_areas(conn, asker.person_id, now))

    def searched_areas(self, asker: Asker) -> list[tuple[UUID, str]]:
        """The areas with a camera whose sightings this person may search, each with its path."""
        with self._db.reading() as conn:
            now = self._clock.now()
            found = sighting_places.searched_areas(conn, asker.person_id, now)
        self._note(asker, "search.open", detail=f"{len(found)} areas")
        return found

    def find_sightings(self, asker: Asker, wanted: Wanted) -> SightingsPage:
        """Sightings by place, time and kind, of the cameras this person may search."""
        now, who = self._clock.now(), asker.person_id
        with self._db.reading() as conn:
            found = sighting_search.find_sightings(conn, who, wanted, now=now)
            hits = sighting_sights.shown(conn, who, found.hits, now)
        detail = f"{asked_words(wanted)}: {found.count} sightings"
        is_refused = bool(wanted.camera_ids) and found.cameras == 0
        act = "search.sightings.refused" if is_refused else "search.sightings"
        camera_id = wanted.camera_ids[0] if len(wanted.camera_ids) == 1 else None
        self._note(asker, act, "camera" if camera_id else "", camera_id, detail=detail)
        return SightingsPage(
            hits=hits,
            count=found.count,
            is_more=found.is_more,
            looked_from_utc_us=found.looked_from_utc_us,
            cameras=found.cameras,
            nearest=found.nearest,
        )

    def side_by_side(
        self,
        asker: Asker,
        camera_ids: Sequence[UUID],
        *,
        at_utc_us: int,
        follow: UUID | None = None,
    ) -> SideBySide | None:
        """These cameras at one instant, and the cameras that a person who left the first one's
        picture may have passed next. None if the first camera is not theirs to search."""
        now, who = self._clock.now(), asker.person_id
        with self._db.reading() as conn:
            found = moment_sights.side_by_side(
                conn, who, camera_ids, at_utc_us=at_utc_us, now=now, follow=follow
            )
        act = "search.moment" if found else "search.moment.refused"
        told = " ".join(str(one.camera.camera_id) for one in found.moments) if found else ""
        self._note(asker, act, "camera", camera_ids[0], detail=f"{at_utc_us}: {told}")
        return found

    def ask_for_found(self, asker: Asker, media_id: UUID) -> bool:
        """Request the upload of a clip that a search found at its node; False if there is none."""
        now, who = self._clock.now(), asker.person_id
        with self._db.writing() as conn:
            may = search_sights.unbrought_clip(conn, who, media_id, now) is not None
            is_new = may and wishes.wish(conn, media_id, person_id=who, now=now)
            act = "media.ask" if is_new else "media.ask.again" if may else "media.ask.refused"
            self._note_in(conn, asker, act, "media", media_id)
        if is_new:
            self._bell.ring()
        return may

    def ask_for_sound(
        self, asker: Asker, media_id: UUID, *, reason: str, is_found: bool
    ) -> bool | None:
        """Request the upload of a clip's sound; the clip is part of an alert or was found by a
        search.

        None if there is no such clip or it is not theirs; False without a reason.
        """
        rights = search_sights.RIGHTS if is_found else Right.CLIPS
        now, who = self._clock.now(), asker.person_id
        with self._db.reading() as conn:
            heard = search_sights.heard_clip(conn, who, media_id, rights=rights, now=now)
        if heard is None or not reason.strip():
            self._note(asker, "sound.ask.refused", "media", media_id)
            return None if heard is None else False
        camera_id, middle_utc_us = heard
        try:
            with self._db.writing() as conn:
                spans.ask(
                    conn,
                    camera_id,
                    span=spans.Span(middle_utc_us, middle_utc_us, with_sound=True),
                    reason=reason,
                    by=asker.by,
                    now=now,
                    rights=rights,
                )
                self._note_in(conn, asker, "sound.ask", "media", media_id, detail=reason.strip())
        except RegistryError as refusal:
            self._note(asker, "sound.ask.refused", "media", media_id, detail=str(refusal))
            return None
        self._bell.ring()
        return True

    def ask_for_span(self, asker: Asker, camera_id: UUID, *, span: spans.Span, reason: str) -> bool:
        """Request all footage of that span from the camera's node. False for an invalid or too long
        span, without a reason, or for a camera or time that is not theirs."""
        now = self._clock.now()
        if not any(one.camera_id == camera_id for one in self._searched(asker)):
            self._note(asker, "span.ask.refused", "camera", camera_id)
            return False
        try:
            with self._db.writing() as conn:
                spans.ask(
                    conn,
                    camera_id,
                    span=span,
                    reason=reason,
                    by=asker.by,
                    now=now,
                    rights=search_sights.RIGHTS,
                )
        except RegistryError as refusal:
            self._note(asker, "span.ask.refused", "camera", camera_id, detail=str(refusal))
            return False
        self._bell.ring()
        return True
