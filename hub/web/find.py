"""Page for finding sightings by place, time and content."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.store.case_door import CaseService
from hub.store.search_door import SearchService
from hub.store.sighting_search import SHOWN
from hub.store.sighting_views import SightingsPage
from hub.web import find_places, find_times, find_words
from hub.web.auth import FormSent, SignedIn
from hub.web.find_form import (
    HEIGHTS,
    Asked,
    Parsed,
    cursor,
    going_words,
    kind_words,
    parsed,
    way_words,
)
from hub.web.services import service
from hub.web.site import render

router = APIRouter(prefix="/find")

Search = Annotated[SearchService, service(SearchService)]


@router.get("")
def show_find(
    request: Request, visit: SignedIn, search: Search, asked: Annotated[Asked, Query()]
) -> Response:
    """Form and results; 404 for people who may search no camera."""
    areas = search.searched_areas(visit.asker)
    if not areas:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    words = calendar.words
    form = parsed(asked, calendar) if asked.is_asked else Parsed(None)
    ground = visit.site.map_files.ground()
    page = form.wanted and search.find_sightings(visit.asker, form.wanted)
    return render(
        request,
        "find.html",
        session=visit.session,
        status_code=422 if form.faults else 200,
        asked=asked,
        areas=areas,
        whens=[(one, find_times.when_word(one, words)) for one in find_times.WHENS],
        hows=[(one, find_places.how_word(one, words)) for one in find_places.HOWS],
        kinds=kind_words(words),
        heights=HEIGHTS,
        ways=way_words(words),
        goings=going_words(words),
        faults=form.faults,
        page=page,
        answer=find_words.answer_sentence(page, asked, form, calendar) if page else "",
        nothing=find_words.nothing_sentence(page, words) if page else "",
        cut=find_words.cut_sentence(page, form, calendar) if page else "",
        hours=find_words.time_line(page.hits, calendar) if page else [],
        older=_older(page, form) if page else "",
        cases=visit.use(CaseService).open_ones(visit.asker) if page and page.hits else [],
        ground=ground.kind if ground else "",
    )


@router.post("/clips/{media_id}/ask")
def ask_for_found(
    visit: FormSent,
    search: Search,
    media_id: UUID,
    back: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Request a clip that is still at its node."""
    if not search.ask_for_found(visit.asker, media_id):
        raise HTTPException(404)
    return RedirectResponse(f"/find?{back}", 303)


def _older(page: SightingsPage, form: Parsed) -> str:
    """Start of the next page; empty on the last page."""
    if len(page.hits) == SHOWN:
        last = page.hits[-1].hit
        return cursor(last.first_seen_utc_us, last.sighting_id)
    if find_words.is_cut(page, form):
        return cursor(page.looked_from_utc_us, UUID(int=0))
    return ""
