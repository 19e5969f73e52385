"""Tips by the public: the form, and the answer by a code. No sign-in."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from hub.public.tips import forms
from hub.public.tips.forms import TipForm
from hub.public.tips.kept_pictures import names_of
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import (
    CODE_CHARS,
    CONTACT_CHARS,
    MOST_PICTURES,
    NAME_CHARS,
    PLACE_CHARS,
    WHAT_CHARS,
    TipError,
    TipFault,
    tidy_code,
)
from hub.web.calendar import Calendar
from hub.web.guard import MAY_ASK_WHERE
from hub.web.i18n import words
from hub.web.rendering import PublicWords, language_of, render, site_of
from hub.web.services import service

router = APIRouter(prefix="/tips")

Service = Annotated[PublicTipService, service(PublicTipService)]

BUSY: Final = frozenset({TipFault.BUSY, TipFault.FULL})

Word = Annotated[str, Form(max_length=1000)]


@router.get("")
def show_form(request: Request, service: Service) -> Response:
    """The form for a tip."""
    return _form(request, service, TipForm())


@router.post("")
def send(request: Request, service: Service, entered: Annotated[TipForm, Form()]) -> Response:
    """Store a tip and show its code; or say what is missing and keep the input."""
    if entered.website:
        service.drop("honeypot")
        return _form(request, service, entered, wrong=TipFault.STALE)
    mark, texts = entered.mark, entered.texts()
    calendar = site_of(request).calendar(language_of(request, None))
    try:
        chosen = forms.pictures_of(entered.pictures)
        shown = service.pictures(mark, chosen, texts, without=entered.without, named=entered.kept)
        service.check_form(mark)
        code = service.receive(entered.tip(shown, calendar), submission=mark)
        service.note_taken(mark, texts)
    except TipError as error:
        earlier = None
        if error.fault is TipFault.GONE:
            earlier = _earlier_code(service, entered, calendar)
        if earlier is None:
            return _form(request, service, entered, wrong=error.fault)
        code = earlier
    return render(request, "tip_sent.html", session=None, code=code)


@router.get("/follow")
def show_follow(request: Request, _: Service) -> Response:
    """The form for the code with which a sender follows their tip."""
    return render(request, "tip_follow.html", session=None, tip=None, typed="", is_unknown=False)


@router.post("/follow")
def follow(request: Request, service: Service, code: Word = "") -> Response:
    """The answer; the code is never in an address, so it is in no browser history and no log."""
    tip = service.follow(code)
    return render(
        request,
        "tip_follow.html",
        session=None,
        status_code=404 if tip is None else 200,
        tip=tip,
        typed=tidy_code(code) or code.strip()[: 2 * CODE_CHARS],
        is_unknown=tip is None,
    )


def _earlier_code(service: PublicTipService, entered: TipForm, calendar: Calendar) -> str | None:
    """Code of the tip if this form was accepted before, by the process that keeps its pictures."""
    try:
        tip = entered.tip((), calendar)
    except TipError:
        return None
    return service.code_of(tip, submission=entered.mark, names=entered.kept)


def _form(
    request: Request,
    service: PublicTipService,
    entered: TipForm,
    *,
    wrong: TipFault | None = None,
) -> Response:
    site, language = site_of(request), language_of(request, None)
    mark = service.form_mark(entered.mark)
    kept_pictures = service.kept_pictures(mark, entered.texts())
    response = render(
        request,
        "tip_form.html",
        session=None,
        status_code=200 if wrong is None else 503 if wrong in BUSY else 422,
        wrong=forms.fault_word(wrong, words(language)) if wrong else "",
        typed=entered,
        mark=mark,
        kept_pictures=len(kept_pictures),
        kept_names=names_of(kept_pictures),
        places=service.places(),
        kept=forms.kept_word(service.spans.contact_days, service.spans.keep_days, words(language)),
        by=site.settings.public_words.get(language, PublicWords()).watched_by,
        most={
            "what": WHAT_CHARS,
            "place": PLACE_CHARS,
            "name": NAME_CHARS,
            "contact": CONTACT_CHARS,
            "pictures": MOST_PICTURES,
        },
    )
    response.headers["Permissions-Policy"] = MAY_ASK_WHERE
    return response
