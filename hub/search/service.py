"""Service for footage by camera and time: one scope check and one audit line per call."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from hub.access.rules.grants import Right
from hub.base.audit.acting import Acting, Changing, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.errors import RegistryError
from hub.footage.requests import clips as requests_clips
from hub.footage.requests import spans
from hub.search import footage_queries, moment_queries, scope, sighting_queries, sighting_rows
from hub.search.asked_wording import asked_detail
from hub.search.description_queries import is_any_described, recent_looks
from hub.search.moment_queries import SideBySide
from hub.search.place_queries import SearchedPlaces
from hub.search.rules.chips import Meaning, PlaceName
from hub.search.rules.offers import offered
from hub.search.rules.place_names import completed
from hub.search.rules.sentence import MOST_CHARS
from hub.search.sighting_queries import SightingSearch
from hub.search.sighting_rows import LeftOut
from hub.search.sighting_views import SightingsPage
from hub.search.views import FoundFootage, SearchedCamera

SHOWN_AT_MOST: Final = 200


class SearchService:
    """Searches recorded footage. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def searches(self, asker: Asker) -> bool:
        """Whether this person may search any camera; for the links of a page, logs nothing."""
        with self._acting.part_of(asker, "search.open") as look:
            return bool(_searched(look))

    def searched_cameras(self, asker: Asker) -> list[SearchedCamera]:
        """The cameras whose footage this person may search, by place."""
        with self._acting.reading(asker, "search.open") as look:
            found = _searched(look)
            look.done(Detail("cameras.count", n=len(found)))
        return found

    def find_footage(
        self, asker: Asker, camera_id: UUID, *, from_utc_us: int, until_utc_us: int
    ) -> FoundFootage | None:
        """Footage of the camera in that span, at the hub and at its node."""
        who = asker.person_id
        span = {"from_utc_us": from_utc_us, "until_utc_us": until_utc_us}
        with self._acting.reading(asker, "search.find", On("camera", camera_id)) as look:
            may = any(one.camera_id == camera_id for one in _searched(look))
            rows = footage_queries.found_clips(
                look.conn, who, camera_id, now=look.now, limit=2 * SHOWN_AT_MOST + 2, **span
            )
            asked = footage_queries.asked_spans(
                look.conn,
                who,
                camera_id,
                from_utc_us=from_utc_us,
                until_utc_us=until_utc_us,
                now=look.now,
            )
            clips = [row for row in rows if row.kind == "clip"]
            sounds = [row for row in rows if row.kind == "sound"]
            detail = Detail("search.clips", at=from_utc_us, at2=until_utc_us, n=len(clips))
            look.answer(may, detail)
        if not may:
            return None
        return FoundFootage(clips[:SHOWN_AT_MOST], len(clips) > SHOWN_AT_MOST, asked, sounds)

    def searches_sightings(self, asker: Asker) -> bool:
        """Whether this person may search the sightings of any camera; for links, logs nothing."""
        with self._acting.part_of(asker, "search.open") as look:
            return bool(scope.searched_areas(look.conn, asker.person_id, look.now))

    def searched_areas(self, asker: Asker) -> list[tuple[UUID, str]]:
        """The areas with a camera whose sightings this person may search, each with its path."""
        with self._acting.reading(asker, "search.open") as look:
            found = scope.searched_areas(look.conn, asker.person_id, look.now)
            look.done(Detail("areas.count", n=len(found)))
        return found

    def place_names(self, asker: Asker) -> list[PlaceName]:
        """Places and cameras that a sentence of this person can name; part of a search."""
        with self._acting.part_of(asker, "search.open") as look:
            return SearchedPlaces(look.conn, asker.person_id, look.now).names()

    def completions(self, asker: Asker, typed: str) -> list[str]:
        """The text with its last words completed to names of places and cameras."""
        with self._acting.reading(asker, "search.open") as look:
            names = SearchedPlaces(look.conn, asker.person_id, look.now).names()
            found = completed(text(typed, MOST_CHARS), names)
            look.done(Detail("search.names", n=len(found)))
        return found

    def offered(self, asker: Asker) -> list[Meaning]:
        """Parts of a description that sightings of these cameras hold, the most frequent first;
        part of a search."""
        with self._acting.part_of(asker, "search.open") as look:
            theirs = scope.searched(look.conn, asker.person_id, look.now)
            return offered(recent_looks(look.conn, theirs))

    def is_any_described(self, asker: Asker) -> bool:
        """Whether any camera box of the town sends descriptions; part of a search."""
        with self._acting.part_of(asker, "search.open") as look:
            return is_any_described(look.conn)

    def find_sightings(self, asker: Asker, wanted: SightingSearch, said: str = "") -> SightingsPage:
        """Sightings by place, time and description, of the cameras this person may search; `said`
        is the typed sentence, for the log."""
        on = On("camera", wanted.camera_ids[0] if len(wanted.camera_ids) == 1 else None)
        with self._acting.reading(asker, "search.sightings", on) as look:
            who, now = asker.person_id, look.now
            found = sighting_queries.find_sightings(look.conn, who, wanted, now=now)
            hits = sighting_rows.shown(look.conn, who, found.hits, now)
            may = not wanted.camera_ids or found.cameras > 0
            look.answer(may, asked_detail(wanted, text(said, MOST_CHARS), found.count))
        return SightingsPage(
            hits=hits,
            count=found.count,
            is_more=found.is_more,
            looked_from_utc_us=found.looked_from_utc_us,
            cameras=found.cameras,
            nearest=found.nearest,
            unaimed=found.unaimed,
            unplaced=found.unplaced,
        )

    def files_of(self, asker: Asker, sighting_ids: Sequence[UUID]) -> list[UUID]:
        """Files of sightings that this person found and may open; part of the work with
        them."""
        with self._acting.part_of(asker, "case.add") as look:
            return sighting_rows.files(look.conn, asker.person_id, sighting_ids, look.now)

    def left_out(self, asker: Asker, sighting_ids: Sequence[UUID]) -> list[LeftOut]:
        """Those of these sightings that this person found and of which no file can go into a case;
        part of the work with them."""
        with self._acting.part_of(asker, "case.add") as look:
            return sighting_rows.left_out(look.conn, asker.person_id, sighting_ids, look.now)

    def side_by_side(
        self,
        asker: Asker,
        camera_ids: Sequence[UUID],
        *,
        at_utc_us: int,
        follow: UUID | None = None,
    ) -> SideBySide | None:
        """These cameras at one instant, and the cameras that a person who left the first one's
        picture may have passed next. None if the asker may not search the first camera."""
        with self._acting.reading(asker, "search.moment", On("camera", camera_ids[0])) as look:
            found = moment_queries.side_by_side(
                look.conn,
                asker.person_id,
                camera_ids,
                at_utc_us=at_utc_us,
                now=look.now,
                follow=follow,
            )
            moments = found.moments if found else ()
            told = " ".join(str(one.camera.camera_id) for one in moments)
            look.answer(found, Detail("search.moment", at=at_utc_us, ids=told))
        return found

    def ask_for_found(self, asker: Asker, media_id: UUID) -> bool:
        """Request the upload of a clip that a search found at its node; False if there is none."""
        on = On("media", media_id)
        with self._acting.changing(asker, "media.ask", on, rings=True) as change:
            who, now = asker.person_id, change.now
            may = (
                footage_queries.camera_of_clip_at_node(change.conn, who, media_id, now) is not None
            )
            return requests_clips.ask(change, media_id, may=may)

    def ask_for_sound(
        self, asker: Asker, media_id: UUID, *, reason: str, is_found: bool
    ) -> bool | None:
        """Request the upload of a clip's sound; the clip is part of an alert or was found by a
        search.

        None if there is no such clip or it is not theirs; False without a reason.
        """
        rights, on = footage_queries.RIGHTS if is_found else Right.CLIPS, On("media", media_id)
        try:
            with self._acting.changing(asker, "sound.ask", on, rings=True) as change:
                conn, who, now = change.conn, asker.person_id, change.now
                heard = footage_queries.heard_clip(conn, who, media_id, rights=rights, now=now)
                if heard is None or not reason.strip():
                    change.refuse()
                    return None if heard is None else False
                camera_id, middle_utc_us = heard
                span = spans.RequestedTimes(middle_utc_us, middle_utc_us, with_sound=True)
                _ask(change, camera_id, span, reason, rights)
                change.done(plain(reason.strip()))
        except RegistryError:
            return None
        return True

    def ask_for_span(
        self, asker: Asker, camera_id: UUID, *, span: spans.RequestedTimes, reason: str
    ) -> bool:
        """Request all footage of that span from the camera's node. False for an invalid or too long
        span, without a reason, or for a camera or time outside the asker's rights."""
        on = On("camera", camera_id)
        try:
            with self._acting.changing(asker, "span.ask", on, rings=True) as change:
                if not any(one.camera_id == camera_id for one in _searched(change)):
                    change.refuse()
                    return False
                _ask(change, camera_id, span, reason, footage_queries.RIGHTS)
        except RegistryError:
            return False
        return True


def _searched(look: Reading) -> list[SearchedCamera]:
    return footage_queries.searched_cameras(look.conn, look.asker.person_id, look.now)


def _ask(
    change: Changing, camera_id: UUID, span: spans.RequestedTimes, reason: str, rights: Right
) -> None:
    spans.ask(
        change.conn,
        camera_id,
        span=span,
        reason=reason,
        by=change.by,
        now=change.now,
        rights=rights,
    )
