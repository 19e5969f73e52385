"""Data requests by the public: the form, and the answer by a code. No sign-in."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from hub.public.data_requests import wording
from hub.public.data_requests.forms import DataRequestForm
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import WHAT_CHARS, RequestKind
from hub.public.data_requests.views import DataRequestError, DataRequestFault
from hub.public.tips.rules import CODE_CHARS, CONTACT_CHARS, NAME_CHARS, tidy_code
from hub.web.i18n import words
from hub.web.rendering import PublicWords, language_of, render, site_of
from hub.web.services import service

router = APIRouter(prefix="/rights")

Service = Annotated[PublicDataRequestService, service(PublicDataRequestService)]
Word = Annotated[str, Form(max_length=1000)]


@router.get("")
def show_form(request: Request, service: Service) -> Response:
    """The form, with the time that an answer may take."""
    return _form(request, service, DataRequestForm())


@router.post("")
def send(
    request: Request, service: Service, entered: Annotated[DataRequestForm, Form()]
) -> Response:
    """Store a request and show its code; or say what is missing and keep the input."""
    if entered.website:
        service.drop("honeypot")
        return _form(request, service, entered, wrong=DataRequestFault.STALE)
    new = entered.new(language_of(request, None), has_consent=bool(entered.consent))
    try:
        service.check_form(entered.mark)
        code = service.receive(new, submission=entered.mark)
    except DataRequestError as error:
        return _form(request, service, entered, wrong=error.fault)
    return render(request, "petition_sent.html", session=None, code=code)


@router.get("/follow")
def show_follow(request: Request, service: Service) -> Response:
    """Form for a code."""
    return _followed(request, service, typed="")


@router.post("/follow")
def follow(request: Request, service: Service, code: Word = "") -> Response:
    """The answer; the code is never in an address, so it is in no browser history and no log."""
    return _followed(request, service, typed=code)


def _followed(request: Request, service: PublicDataRequestService, *, typed: str) -> Response:
    language = language_of(request, None)
    row = service.follow(typed) if typed else None
    return render(
        request,
        "petition_follow.html",
        session=None,
        status_code=404 if typed and row is None else 200,
        row=row,
        said=wording,
        why=wording.refusal_word(row, service.office, language) if row else "",
        typed=tidy_code(typed) or typed.strip()[: 2 * CODE_CHARS],
        is_unknown=bool(typed) and row is None,
    )


def _form(
    request: Request,
    service: PublicDataRequestService,
    entered: DataRequestForm,
    *,
    wrong: DataRequestFault | None = None,
) -> Response:
    site, language = site_of(request), language_of(request, None)
    speech, office = words(language), service.office
    return render(
        request,
        "petition_form.html",
        session=None,
        status_code=200 if wrong is None else 503 if wrong is DataRequestFault.BUSY else 422,
        wrong=wording.fault_word(wrong, speech) if wrong else "",
        typed=entered,
        mark=service.form_mark(entered.mark),
        places=service.places(),
        wishes=[
            (
                one.value,
                wording.kind_word(one, speech),
                wording.length_word(office.span_of(one), speech),
            )
            for one in RequestKind
        ],
        acknowledge=wording.length_word(office.terms.acknowledge, speech),
        kept=wording.kept_word(office.contact_days, speech),
        text=office.texts.get(language, ""),
        source=office.sources.get(language, ""),
        by=site.settings.public_words.get(language, PublicWords()).watched_by,
        most={"what": WHAT_CHARS, "name": NAME_CHARS, "contact": CONTACT_CHARS},
    )
