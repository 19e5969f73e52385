"""Tips by the public: the form, and the answer by a code. No sign-in."""

from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from hub.public.tips import forms
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
    TipTexts,
    tidy_code,
)
from hub.public.tips.views import NewTip, TipPicture
from hub.web.guard import MAY_ASK_WHERE
from hub.web.i18n import words
from hub.web.rendering import PublicWords, language_of, render, site_of
from hub.web.services import service

router = APIRouter(prefix="/tips")

Service = Annotated[PublicTipService, service(PublicTipService)]

BUSY: Final = frozenset({TipFault.BUSY, TipFault.FULL})

FIELDS: Final = ("what", "area", "place", "point", "day", "clock", "name", "contact", "consent")
"""Fields that keep their input when something is missing."""

Text = Annotated[str, Form(max_length=20_000)]
Word = Annotated[str, Form(max_length=1000)]


@router.get("")
def show_form(request: Request, service: Service) -> Response:
    """The form for a tip."""
    return _form(request, service)


@router.post("")
def send(  # noqa: PLR0913, PLR0917 - the fields of the form, each by its name
    request: Request,
    service: Service,
    what: Text = "",
    area: Word = "",
    place: Text = "",
    point: Word = "",
    day: Word = "",
    clock: Word = "",
    name: Word = "",
    contact: Word = "",
    website: Word = "",
    mark: Word = "",
    consent: Word = "",
    kept: Word = "",
    without: Word = "",
    pictures: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """Store a tip and show its code; or say what is missing and keep the input."""
    told = (what, area, place, point, day, clock, name, contact, consent)
    typed = dict(zip(FIELDS, told, strict=True))
    if website:  # a field that people do not see
        service.drop("honeypot")
        return _form(request, service, wrong=TipFault.STALE, typed=typed, mark=mark)
    try:
        chosen = forms.pictures_of(pictures or [])
        shown = service.pictures(mark, chosen, told, without=bool(without), named=kept)
        service.check_form(mark)
        code = service.receive(_tip(request, typed, shown), submission=mark)
        service.note_taken(mark, told)
    except TipError as error:
        earlier = None
        if error.fault is TipFault.GONE:
            earlier = _earlier_code(request, service, typed, mark=mark, names=kept)
        if earlier is None:
            return _form(request, service, wrong=error.fault, typed=typed, mark=mark)
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


def _tip(request: Request, typed: dict[str, str], pictures: tuple[TipPicture, ...]) -> NewTip:
    """The tip of a form; TipError if a field cannot be read."""
    language = language_of(request, None)
    calendar = site_of(request).calendar(language)
    said = TipTexts(
        what=forms.what_of(typed["what"]),
        place=forms.place_of(typed["place"]),
        area_id=forms.area_of(typed["area"]),
        point=forms.point_of(typed["point"]),
        happened_utc_us=forms.moment_of(typed["day"], typed["clock"], calendar),
        has_consent=bool(typed["consent"]),
    )
    reporter = forms.reporter_of(typed["name"], typed["contact"])
    return NewTip(words=said, pictures=pictures, reporter=reporter, language=language)


def _earlier_code(
    request: Request, service: PublicTipService, typed: dict[str, str], *, mark: str, names: str
) -> str | None:
    """Code of the tip if this form was accepted before, by the process that keeps its pictures."""
    try:
        tip = _tip(request, typed, ())
    except TipError:
        return None
    return service.code_of(tip, submission=mark, names=names)


def _form(
    request: Request,
    service: PublicTipService,
    *,
    wrong: TipFault | None = None,
    typed: dict[str, str] | None = None,
    mark: str = "",
) -> Response:
    site, language = site_of(request), language_of(request, None)
    mark = service.form_mark(mark)
    said = dict.fromkeys(FIELDS, "") | (typed or {})
    kept_pictures = service.kept_pictures(mark, tuple(said.values()))
    response = render(
        request,
        "tip_form.html",
        session=None,
        status_code=200 if wrong is None else 503 if wrong in BUSY else 422,
        wrong=forms.fault_word(wrong, words(language)) if wrong else "",
        typed=said,
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
