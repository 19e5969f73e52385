"""Pages for answering data requests: list by deadline, one request, its steps."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.public.data_requests import listing, wording
from hub.public.data_requests.eraser import MOST, DataRequestEraser, ErasureChoice, may_erase
from hub.public.data_requests.forms import DataRequestForm, ErasedSpanForm, StepForm
from hub.public.data_requests.proof import proof_of
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import RequestKind, RequestOutcome
from hub.public.data_requests.service import DataRequestService
from hub.public.data_requests.views import DataRequestError, DataRequestFault
from hub.public.tips.sealing import Reporter, UnsealError
from hub.web.forms import id_of
from hub.web.i18n import LANGUAGES
from hub.web.rendering import render
from hub.web.services import service
from hub.web.table_view import chosen
from hub.web.visit import Visit

router = APIRouter(prefix="/petitions")

Requests = Annotated[DataRequestService, service(DataRequestService)]
Eraser = Annotated[DataRequestEraser, service(DataRequestEraser)]

Word = Annotated[str, Form(max_length=1000)]


@router.get("")
def show_data_requests(request: Request, visit: SignedIn, requests: Requests) -> Response:
    """All requests that the reader answers, most urgent first; 404 for people who answer none."""
    return _list(request, visit, requests)


@router.post("")
def take_in(
    request: Request,
    visit: FormSent,
    requests: Requests,
    entered: Annotated[DataRequestForm, Form()],
) -> Response:
    """Enter a request made in person or by letter, with a code to hand out."""
    language = entered.language if entered.language in LANGUAGES else LANGUAGES[0]
    new = entered.new(language, has_consent=True)  # consent is given in person
    try:
        code = requests.take_in(visit.asker, new, submission=entered.mark)
    except DataRequestError as error:
        return _list(request, visit, requests, wrong=error.fault, entered=entered)
    if code is None:
        raise HTTPException(404)
    return render(request, "petition_sent.html", session=visit.session, code=code)


@router.get("/{petition_id}")
def show_data_request(
    request: Request,
    visit: SignedIn,
    requests: Requests,
    petition_id: UUID,
    span: Annotated[ErasedSpanForm, Query()],
) -> Response:
    """One request; with a camera and a day, the footage that may be deleted."""
    camera_id = id_of(span.camera)
    if camera_id is None:
        return _one(request, visit, requests, petition_id)
    calendar = visit.site.calendar(visit.asker.language)
    try:
        begins = calendar.typed(span.day, span.since)
        ends = calendar.typed_end(span.day, span.until)
    except ValueError:
        return _one(
            request, visit, requests, petition_id, wrong=DataRequestFault.TIME, entered=span
        )
    eraser = visit.use(DataRequestEraser)
    utc_us = [round(end.timestamp() * 1e6) for end in (begins, ends)]
    found = eraser.choices(visit.asker, petition_id, camera_id, *utc_us)
    return _one(request, visit, requests, petition_id, choices=found, entered=span)


@router.post("/{petition_id}/person")
def tell_person(
    request: Request, visit: FormSent, requests: Requests, petition_id: UUID, reason: Word = ""
) -> Response:
    """Show the person; the look and its reason are logged."""
    try:
        person = requests.person(visit.asker, petition_id, reason=reason)
    except UnsealError as error:
        raise HTTPException(503) from error
    if person is None:
        raise HTTPException(404)
    return _one(request, visit, requests, petition_id, person=person)


@router.post("/{petition_id}/erase")
def erase(
    request: Request,
    visit: ProvedForm,
    requests: Requests,
    eraser: Eraser,
    petition_id: UUID,
    media: Annotated[list[UUID] | None, Form(max_length=MOST)] = None,
) -> Response:
    """Delete the chosen files for good."""
    try:
        done = eraser.erase(visit.asker, petition_id, media or [])
    except DataRequestError as error:
        return _one(request, visit, requests, petition_id, wrong=error.fault)
    if done is None:
        raise HTTPException(404)
    return RedirectResponse(f"/petitions/{petition_id}", 303)


@router.get("/{petition_id}/proof.json")
def show_proof(visit: SignedIn, requests: Requests, eraser: Eraser, petition_id: UUID) -> Response:
    """The proof: what was deleted, when and by whom, signed by the hub's evidence key if it has
    one."""
    row = requests.petition(visit.asker, petition_id)
    if row is None:
        raise HTTPException(404)
    erased = eraser.erased(petition_id)
    content = proof_of(row, erased, visit.site.sign)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{row.number}.json"',
    }
    return Response(content, media_type="application/json", headers=headers)


@router.post("/{petition_id}/{step}")
def take_step(
    request: Request,
    visit: FormSent,
    requests: Requests,
    petition_id: UUID,
    step: str,
    entered: Annotated[StepForm, Form()],
) -> Response:
    """Take a step of the request: acknowledge, ask for identification, extend, answer."""
    steps = {
        "acknowledge": requests.acknowledge,
        "proof": requests.ask_proof,
        "extend": requests.extend,
    }
    try:
        if step in steps:
            done = steps[step](visit.asker, petition_id, entered.words)
        elif step == "answer" and entered.outcome in set(RequestOutcome):
            done = requests.answer(
                visit.asker,
                petition_id,
                outcome=RequestOutcome(entered.outcome),
                refusal=entered.refusal,
                words=entered.words,
            )
        else:
            raise HTTPException(404)
    except DataRequestError as error:
        typed = entered.model_copy(update={"step": step})
        return _one(request, visit, requests, petition_id, wrong=error.fault, entered=typed)
    if not done:
        raise HTTPException(404)
    return RedirectResponse(f"/petitions/{petition_id}", 303)


def _list(
    request: Request,
    visit: Visit,
    requests: DataRequestService,
    *,
    wrong: DataRequestFault | None = None,
    entered: DataRequestForm | None = None,
) -> Response:
    service, rows = visit.use(PublicDataRequestService), requests.listed(visit.asker)
    if rows is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    lines, table = listing.lines(rows, calendar), listing.LISTING.view(request.query_params)
    look = partial(requests.petition, visit.asker)
    return render(
        request,
        "petitions.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        table=table,
        lines=listing.LISTING.rows(lines, table),
        counts={state: sum(line.state == state for line in lines) for state in listing.STATES},
        chosen=chosen(lines, request.query_params, lambda line: line.row.petition_id, look),
        wishes=[(one.value, wording.kind_word(one, calendar.words)) for one in RequestKind],
        places=service.places(),
        typed=entered or DataRequestForm(),
        mark=service.form_mark(),
        languages=LANGUAGES,
        source=requests.office.sources.get(visit.asker.language, ""),
        wrong=wording.fault_word(wrong, calendar.words) if wrong else "",
    )


def _one(
    request: Request,
    visit: Visit,
    requests: DataRequestService,
    petition_id: UUID,
    *,
    wrong: DataRequestFault | None = None,
    person: Reporter | None = None,
    choices: list[ErasureChoice] | None = None,
    entered: ErasedSpanForm | StepForm | None = None,
) -> Response:
    row = requests.petition(visit.asker, petition_id)
    if row is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    language = visit.asker.language
    today = f"{calendar.local(row.dates.received_utc_us):%Y-%m-%d}"
    return render(
        request,
        "petition.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        row=row,
        said=wording,
        person=person,
        choices=choices,
        erased=visit.use(DataRequestEraser).erased(petition_id),
        cameras=requests.cameras(visit.asker) if may_erase(row) else [],
        span=entered if isinstance(entered, ErasedSpanForm) else ErasedSpanForm(day=today),
        typed=entered if isinstance(entered, StepForm) else StepForm(),
        refusals=sorted(requests.office.refusals.get(language, {}).items()),
        why=wording.refusal_word(row, requests.office, language),
        more=requests.office.terms.extension.get(row.dates.wish),
        wrong=wording.fault_word(wrong, calendar.words) if wrong else "",
    )
