"""Page for finding sightings by place, time and content."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.alerting.oncall.wording import weekdays
from hub.cases.pages import fault_word
from hub.cases.service import CaseService
from hub.cases.views import CaseError, CaseFault
from hub.places.map.ground import MapFiles
from hub.search import filter_wording, find_wording, picked_wording, place_form, time_form
from hub.search.find_form import (
    HEIGHTS,
    Parsed,
    PutForm,
    SearchForm,
    cursor,
    going_words,
    parsed,
    way_words,
)
from hub.search.rules import sentence, spelling
from hub.search.rules.chips import Sentence
from hub.search.rules.sentence import MOST_CHARS
from hub.search.service import SearchService
from hub.search.sighting_queries import SHOWN
from hub.search.sighting_views import SightingsPage
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/find")

Search = Annotated[SearchService, service(SearchService)]
Cases = Annotated[CaseService, service(CaseService)]
Grounds = Annotated[MapFiles, service(MapFiles)]


@router.get("")
def show_find(
    request: Request,
    visit: SignedIn,
    search: Search,
    cases: Cases,
    files: Grounds,
    asked: Annotated[SearchForm, Query()],
    put: Annotated[PutForm, Query()],
) -> Response:
    """Form and results, and what came of putting some into a case. 404 for people who may search no
    camera."""
    areas = search.searched_areas(visit.asker)
    if not areas:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    words = calendar.words
    said, nearest = _sentence(asked, visit, search, calendar)
    chips = [chip.meaning for chip in said.chips]
    form = parsed(asked, calendar, chips) if asked.is_asked else Parsed(None)
    filtered = bool(asked.query(q="", before=""))
    ground = files.ground()
    page = form.wanted and search.find_sightings(visit.asker, form.wanted, asked.q)
    offers = search.offered(visit.asker)
    open_cases = cases.open_cases(visit.asker) if page and page.hits else []
    may_begin = bool(page and page.hits) and cases.may_create(visit.asker)
    left = search.left_out(visit.asker, put.sighting) if put.is_done else []
    needs_looks = bool(form.wanted and form.wanted.described.needs_description)
    is_undescribed = needs_looks and not search.is_any_described(visit.asker)
    return render(
        request,
        "find.html",
        session=visit.session,
        status_code=422 if form.faults else 200,
        asked=asked,
        chips=filter_wording.shown_chips(asked, said, areas, calendar),
        offers=filter_wording.offered_chips(asked, said, offers, words),
        unknown=filter_wording.not_searched(asked, said, nearest, words),
        is_all=not said.chips and not filtered,
        filtered=filtered,
        areas=areas,
        faults=form.faults,
        page=page,
        undescribed=find_wording.undescribed_sentence(words) if is_undescribed else "",
        cases=open_cases,
        may_begin=may_begin,
        put=put,
        refused=_refused(put, words),
        into=next((one for one in open_cases if one.case_id == put.to), None),
        left_out=picked_wording.left_out_lines(left, calendar),
        ground=ground.kind if ground else "",
        **_choices(words),
        **(_said(page, asked, form, calendar) if page else {}),
    )


def _choices(words: Messages) -> dict[str, Any]:
    """Choices that the filters offer."""
    return {
        "whens": [(one, time_form.when_word(one, words)) for one in time_form.WHENS],
        "weekdays": list(enumerate(weekdays(words))),
        "hows": [(one, place_form.how_word(one, words)) for one in place_form.HOWS],
        "heights": HEIGHTS,
        "ways": way_words(words),
        "goings": going_words(words),
    }


def _said(
    page: SightingsPage, asked: SearchForm, form: Parsed, calendar: Calendar
) -> dict[str, Any]:
    """Sentences of the page about its results."""
    words = calendar.words
    return {
        "answer": find_wording.answer_sentence(page, asked, form, calendar),
        "nothing": find_wording.nothing_sentence(page, words),
        "unaimed": find_wording.unaimed_sentence(page, words),
        "cut": find_wording.cut_sentence(page, form, calendar),
        "hours": find_wording.time_line(page.hits, asked, calendar),
        "older": _older(page, form),
    }


@router.get("/names")
def show_names(
    request: Request,
    visit: SignedIn,
    search: Search,
    q: Annotated[str, Query(max_length=MOST_CHARS)] = "",
) -> Response:
    """Completions of the text with names of places and cameras, while somebody types."""
    names = search.completions(visit.asker, q)
    return render(request, "find_names.html", session=visit.session, names=names)


def _sentence(
    asked: SearchForm, visit: Visit, search: SearchService, calendar: Calendar
) -> tuple[Sentence, list[str]]:
    """The sentence, and the nearest known words for each unknown part of it."""
    if not asked.q.strip():
        return Sentence(""), []
    names = search.place_names(visit.asker)
    today = calendar.local(calendar.now_utc_us).date()
    said = sentence.parsed(asked.q, names, today=today)
    return said, spelling.offers(said, names, today=today) if said.unknown else []


@router.post("/case")
def add_to_case(
    visit: FormSent,
    search: Search,
    case: Annotated[UUID | None, Form()] = None,
    sighting: Annotated[list[UUID] | None, Form(max_length=SHOWN)] = None,
    note: Annotated[str, Form(max_length=2000)] = "",
    number: Annotated[str, Form(max_length=200)] = "",
    purpose: Annotated[str, Form(max_length=2000)] = "",
    back: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Put the chosen sightings into a case: the picture of each and its clips. Without a case, one
    with this number is begun for them."""
    chosen, cases = sighting or [], visit.use(CaseService)
    added: int | None = 0
    refused = ""
    files = search.files_of(visit.asker, chosen)
    try:
        if case is None and files:
            case = cases.open_case(visit.asker, number=number, purpose=purpose, ends_utc_us=None)
            if case is None:
                raise HTTPException(404)
        if case is not None:
            added = cases.add(visit.asker, case, files, note)
    except CaseError as error:
        if files:  # else each of those chosen is named with its reason
            added, refused = -1, error.fault.value
    if added is None:
        raise HTTPException(404)
    put = {
        "added": added,
        "to": case or "",
        "sighting": chosen,
        "refused": refused,
        "purpose": purpose if refused else "",
    }
    put = {name: value for name, value in put.items() if value not in ("", [])}
    return RedirectResponse(f"/find?{back}&{urlencode(put, doseq=True)}#found", 303)


def _refused(put: PutForm, words: Messages) -> str:
    """Why nothing was put into a case; empty if it was tried and done, or not tried."""
    fault = next((one for one in CaseFault if one.value == put.refused), None)
    return fault_word(fault, words) if fault else ""


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
    if find_wording.is_cut(page, form):
        return cursor(page.looked_from_utc_us, UUID(int=0))
    return ""
