"""Footage by camera and time: clips at the hub and at nodes, and requests for more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.cases.service import CaseService
from hub.footage.requests import spans
from hub.footage.requests.spans import LONGEST_S
from hub.footage.sound_wording import Heard, heard
from hub.footage.views import AskedSpan, MediaRow
from hub.footage.wording import NO_SOUND, ClipAtNode, clip_at_node_line, gone_sentence
from hub.search import asked_wording
from hub.search.service import SearchService
from hub.search.views import FoundFootage, SearchedCamera
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Search = Annotated[SearchService, service(SearchService)]

US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RequestedSpan:
    """A requested time span, as in the form and by the hub's clock."""

    day: str
    """Day as `2026-11-25`."""
    since: str
    """Time of day as `02:10`."""
    until: str
    """On the next day if it is not after `since`."""
    from_utc_us: int
    until_utc_us: int

    @property
    def may_be_asked(self) -> bool:
        """True if a node may be asked for the whole span at once."""
        return self.until_utc_us - self.from_utc_us <= LONGEST_S * US_PER_S


def last_hour(calendar: Calendar) -> RequestedSpan:
    """Default of the form: the last hour, to the minute."""
    until = calendar.local(calendar.now_utc_us).replace(second=0, microsecond=0)
    since = until - timedelta(hours=1)
    return span_of(f"{since:%Y-%m-%d}", f"{since:%H:%M}", f"{until:%H:%M}", calendar)


def span_of(day: str, since: str, until: str, calendar: Calendar) -> RequestedSpan:
    """Span of a form in the reader's time zone; ValueError for an invalid time.

    A span that ends before it begins continues into the next day.
    """
    begins, ends = calendar.typed(day, since), calendar.typed(day, until)
    if ends <= begins:
        ends += timedelta(days=1)
    moments = (int(one.timestamp()) for one in (begins, ends))
    from_utc_us, until_utc_us = (moment * US_PER_S for moment in moments)
    return RequestedSpan(day, f"{begins:%H:%M}", f"{ends:%H:%M}", from_utc_us, until_utc_us)


def address_of(camera_id: UUID, from_utc_us: int, until_utc_us: int, calendar: Calendar) -> str:
    """Address of the page with all footage of a camera in a span of less than a day, to the
    minute."""
    begins, ends = calendar.local(from_utc_us), calendar.local(until_utc_us)
    said = {"camera": str(camera_id), "day": f"{begins:%Y-%m-%d}"}
    said |= {"since": f"{begins:%H:%M}", "until": f"{ends:%H:%M}"}
    return f"/footage?{urlencode(said)}"


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip as shown on the page."""

    media: MediaRow
    waiting: ClipAtNode | None
    """Text and act for a clip that is not at the hub."""
    gone: str | None
    """Sentence on the removal of a clip."""
    heard: Heard = NO_SOUND


def found(
    media: MediaRow, camera: SearchedCamera, footage: FoundFootage, calendar: Calendar
) -> ClipRow:
    """A clip with its state as text."""
    if media.removed is not None:
        return ClipRow(media, None, gone_sentence(media, media.removed, calendar))
    if media.is_stored:
        listened = heard(media, footage.sounds, footage.asked, calendar)
        return ClipRow(media, None, None, listened if camera.sound else NO_SOUND)
    return ClipRow(
        media, clip_at_node_line(media, calendar, is_node_here=camera.is_node_here), None
    )


@router.get("/footage")
def show_search(
    request: Request,
    visit: SignedIn,
    search: Search,
    camera: UUID | None = None,
    day: str = "",
    since: str = "",
    until: str = "",
    refused: bool = False,
) -> Response:
    """Form and results; 404 for people who may search no camera."""
    cameras = search.searched_cameras(visit.asker)
    if not cameras:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    try:
        span = span_of(day, since, until, calendar) if day else last_hour(calendar)
    except ValueError:
        raise HTTPException(422) from None
    chosen = next((one for one in cameras if one.camera_id == camera), None)
    if camera is not None and chosen is None:
        raise HTTPException(404)
    answer = chosen and search.find_footage(
        visit.asker,
        chosen.camera_id,
        from_utc_us=span.from_utc_us,
        until_utc_us=span.until_utc_us,
    )
    return render(
        request,
        "footage.html",
        session=visit.session,
        cameras=cameras,
        chosen=chosen,
        span=span,
        clips=[found(media, chosen, answer, calendar) for media in answer.clips]
        if chosen and answer
        else [],
        is_cut=bool(answer and answer.is_cut),
        asked=[asked_sentence(one, calendar) for one in answer.asked] if answer else [],
        refused=refused,
        cases=visit.use(CaseService).open_cases(visit.asker) if chosen else [],
    )


def asked_sentence(one: AskedSpan, calendar: Calendar) -> str:
    """Sentence about a request: who requested which span, why, and the node's answer."""
    say = calendar.words.say
    told = {
        "name": one.person_name or say("The keeper"),
        "since": calendar.clock(one.from_utc_us),
        "until": calendar.clock(one.until_utc_us),
        "reason": one.reason,
        "files": one.files,
    }
    asked = (
        say("%(name)s asked for %(since)s – %(until)s, sound too: %(reason)s.")
        if one.with_sound
        else say("%(name)s asked for %(since)s – %(until)s: %(reason)s.")
    ) % told
    if one.files is None:
        return f"{asked} {say('The camera box has not answered yet.')}"
    if one.files == 0:
        return f"{asked} {say('The camera box has nothing of it.')}"
    return f"{asked} {say('The camera box has %(files)d files of it.') % told}"


@router.post("/footage/clips/{media_id}/ask")
def ask_for_found(
    visit: FormSent, search: Search, media_id: UUID, back: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Request a clip that is still at its node."""
    if not search.ask_for_found(visit.asker, media_id):
        raise HTTPException(404)
    return RedirectResponse(f"/footage?{back}", 303)


@router.post("/footage/clips/{media_id}/sound")
def ask_for_found_sound(
    visit: FormSent,
    search: Search,
    media_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Request the sound of a clip that was found."""
    is_asked = search.ask_for_sound(visit.asker, media_id, reason=reason, is_found=True)
    if is_asked is None:
        raise HTTPException(404)
    return RedirectResponse(f"/footage?{back}{'' if is_asked else '&refused=1'}", 303)


@router.post("/footage/ask")
def ask_for_span(
    visit: FormSent,
    search: Search,
    camera: Annotated[UUID, Form()],
    day: Annotated[str, Form(max_length=10)],
    since: Annotated[str, Form(max_length=8)],
    until: Annotated[str, Form(max_length=8)],
    reason: Annotated[str, Form(max_length=500)] = "",
    sound: Annotated[bool, Form()] = False,
) -> Response:
    """Request everything the camera's node has of the span, continuous recording included."""
    try:
        span = span_of(day, since, until, visit.site.calendar(visit.asker.language))
    except ValueError:
        raise HTTPException(422) from None
    asked = spans.RequestedTimes(span.from_utc_us, span.until_utc_us, with_sound=sound)
    is_asked = search.ask_for_span(visit.asker, camera, span=asked, reason=reason)
    again = {"camera": str(camera), "day": day, "since": span.since, "until": span.until}
    if not is_asked:
        again["refused"] = "1"
    return RedirectResponse(f"/footage?{urlencode(again)}", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "search.clips": say("%(at)s-%(at2)s: %(n)s clips"),
        "search.names": say("%(n)s names"),
        "search.moment": "%(at)s: %(ids)s",
        **asked_wording.details(words),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "search.open": say("opened the search for footage"),
        "search.find": say("searched footage"),
        "search.sightings": say("searched what was seen"),
        "search.moment": say("laid cameras side by side"),
        "span.ask": say("asked a camera box for footage"),
        "sound.ask": say("asked to hear the sound of a clip"),
    }
