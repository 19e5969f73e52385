"""Pages of an officer: one alert with its acts, settings of this phone."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.grants import ended_wording
from hub.access.signin.own_account import OwnAccountService
from hub.access.signin.visit import FormSent, SignedIn, remember
from hub.alerting.alerts import camera_wording, wording
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.rules.lifecycle import CAUSES, Act, TooSoon, UndoOver
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.response.service import ResponseService
from hub.alerting.silences.pages import snooze_reasons
from hub.alerting.silences.service import SilenceService
from hub.cases.service import CaseService
from hub.console import in_words_pages
from hub.console.footage_wording import PICTURES_AT_ONCE, other_pictures
from hub.console.in_words_service import AlertInWordsService
from hub.console.service import InboxService
from hub.footage.playback.service import PlaybackService
from hub.footage.retention.service import RetentionService
from hub.notify.phones import pages as phones_pages
from hub.notify.phones.service import PhoneService
from hub.public.tips.rules import ABOUT_US
from hub.public.tips.service import TipService
from hub.public.tips.views import TipRow
from hub.search.find_form import SearchForm
from hub.search.pages import address_of
from hub.search.service import SearchService
from hub.search.time_form import BETWEEN
from hub.web.calendar import Calendar
from hub.web.i18n import LANGUAGES, Messages, words
from hub.web.rendering import THEME_COOKIE, THEMES, render
from hub.web.services import service, service_if_any
from hub.web.visit import Visit

router = APIRouter()

Search = Annotated[SearchService, service(SearchService)]
Playback = Annotated[PlaybackService, service(PlaybackService)]
OwnAccount = Annotated[OwnAccountService, service(OwnAccountService)]
AlertsInWords = Annotated[AlertInWordsService, service(AlertInWordsService)]
Silences = Annotated[SilenceService, service(SilenceService)]
Inbox = Annotated[InboxService, service(InboxService)]
Phones = Annotated[PhoneService, service(PhoneService)]
Responses = Annotated[ResponseService, service(ResponseService)]


@dataclass(frozen=True, slots=True)
class AlertServices:
    """Services of several capabilities whose parts the page of an alert shows."""

    inbox: InboxService
    silences: SilenceService
    cases: CaseService
    retention: RetentionService
    tips: TipService | None


async def alert_services(
    inbox: Inbox,
    silences: Silences,
    cases: Annotated[CaseService, service(CaseService)],
    retention: Annotated[RetentionService, service(RetentionService)],
    tips: Annotated[TipService | None, service_if_any(TipService)],
) -> AlertServices:
    """Gather them; asynchronous, so that it needs no thread."""
    return AlertServices(inbox, silences, cases, retention, tips)


PageServices = Annotated[AlertServices, Depends(alert_services)]

ACTS: dict[str, Act] = {"take": "take", "resolve": "resolve", "false": "false_alarm"}
"""Last part of the address → act."""


@router.get("/alerts/{alert_id}")
def show_alert(
    request: Request,
    visit: SignedIn,
    services: PageServices,
    in_words: AlertsInWords,
    alert_id: UUID,
) -> Response:
    """One alert; for a person who is told of it and may not see it, in words."""
    if in_words.tells(visit.asker, alert_id):
        return in_words_pages.page(request, visit, in_words, alert_id)
    return _alert(request, visit, services, alert_id)


def _alert(
    request: Request,
    visit: Visit,
    services: AlertServices,
    alert_id: UUID,
    *,
    conflict: Conflict | None = None,
    wrong: str = "",
) -> Response:
    """The alert's page; `conflict` or `wrong` says why nothing changed. `wrong` is "soon", "undo",
    "snoozed" or "mute" (the wrong moment), or the refused field: "sound", "reason", "note" or
    "snooze"."""
    page = services.inbox.alert(visit.asker, alert_id)
    if page is None:
        return _ended(request, visit, services.inbox, alert_id)
    status_code = 422 if wrong else 200
    if conflict or wrong in ("soon", "undo", "snoozed", "mute"):
        status_code = 409
    speech = words(visit.asker.language)
    return render(
        request,
        "alert.html",
        session=visit.session,
        status_code=status_code,
        page=page,
        wrong=wrong,
        conflict=conflict,
        other_pictures=other_pictures(page),
        pictures_at_once=PICTURES_AT_ONCE,
        map_link=camera_wording.map_link(
            request.headers.get("user-agent", ""), page.latitude_deg, page.longitude_deg
        ),
        near=[(one, camera_wording.near_word(how, speech)) for one, how in page.near],
        causes=[(cause, wording.cause_word(cause, speech)) for cause in CAUSES],
        may_hold=services.retention.may_hold_alert(visit.asker, alert_id),
        cases=services.cases.open_cases(visit.asker),
        **_snooze(visit, services.silences, page.row),
        **_mute(visit, services.silences, page.row),
        **_tip(visit, services, page.row),
    )


def _ended(request: Request, visit: Visit, inbox: InboxService, alert_id: UUID) -> Response:
    """For an alert that this person was sent once: which grant ended, and nothing of the alert."""
    row = inbox.ended(visit.asker, alert_id)
    if row is None:
        raise HTTPException(404)
    line = ended_wording.line(row, visit.site.calendar(visit.asker.language))
    return render(request, "alert_ended.html", session=visit.session, status_code=403, ended=line)


def _after(
    request: Request,
    visit: Visit,
    services: AlertServices,
    alert_id: UUID,
    answer: AlertRow | Conflict | TooSoon | UndoOver | None,
) -> Response:
    """The alert's page again: changed, or with the reason why nothing changed."""
    match answer:
        case None:
            raise HTTPException(404)
        case Conflict():
            return _alert(request, visit, services, alert_id, conflict=answer)
        case TooSoon():
            return _alert(request, visit, services, alert_id, wrong="soon")
        case UndoOver():
            return _alert(request, visit, services, alert_id, wrong="undo")
        case AlertRow():
            return RedirectResponse(f"/alerts/{alert_id}", 303)


def _snooze(visit: Visit, silences: SilenceService, row: AlertRow) -> dict[str, object]:
    """Whether its camera is silenced, or may be for an hour."""
    is_running = row.state in ("open", "taken")
    return {
        "snoozed_until": silences.snoozed_until(visit.asker, row.camera_id),
        "may_snooze": is_running and silences.may_snooze(visit.asker, row),
        "snooze_reasons": snooze_reasons(words(visit.asker.language)),
    }


def _mute(visit: Visit, silences: SilenceService, row: AlertRow) -> dict[str, object]:
    """Whether the spot of a false alarm is muted, or may be by this person."""
    muted = silences.mute_of(visit.asker, row)
    return {"muted": muted, "may_mute": muted is None and silences.may_mute(visit.asker, row)}


def _tip(visit: Visit, services: AlertServices, row: AlertRow) -> dict[str, object]:
    """Extra content for a tip: the tip, and cameras near its place."""
    tips = services.tips
    page = tips.tip(visit.asker, row.alert_id) if tips and row.kind == Kind.TIP else None
    if page is None:
        return {"tip": None}
    calendar, happened_us = visit.site.calendar(visit.asker.language), page.tip.happened_utc_us
    since_us, until_us = happened_us - ABOUT_US, happened_us + ABOUT_US
    may_search = visit.may("search")
    return {
        "tip": page,
        "tip_near": [
            (one, camera_wording.near_word(how, calendar.words)) for one, how in page.cameras
        ],
        "tip_footage": address_of(row.camera_id, since_us, until_us, calendar)
        if may_search
        else "",
        "tip_find": _search_round(page.tip, calendar) if visit.may("find") else "",
        "may_open_case": services.cases.may_create(visit.asker),
    }


def _search_round(tip: TipRow, calendar: Calendar) -> str:
    """Address of the search around its point and time; empty without them."""
    if tip.latitude_deg is None or tip.longitude_deg is None:
        return ""
    begins, ends = (calendar.local(tip.happened_utc_us + by_us) for by_us in (-ABOUT_US, ABOUT_US))
    asked = SearchForm(
        when=BETWEEN,
        since=f"{begins:%Y-%m-%dT%H:%M}",
        until=f"{ends:%Y-%m-%dT%H:%M}",
        points=f"{tip.latitude_deg:.5f}, {tip.longitude_deg:.5f}",
    )
    return f"/find?{asked.query()}#found"


@router.post("/alerts/{alert_id}/clips/{media_id}/ask")
def ask_for_clip(visit: FormSent, playback: Playback, alert_id: UUID, media_id: UUID) -> Response:
    """Request a clip that is still at its node."""
    if not playback.ask_for_clip(visit.asker, alert_id, media_id):
        raise HTTPException(404)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/clips/{media_id}/sound")
def ask_for_sound(
    request: Request,
    visit: FormSent,
    search: Search,
    services: PageServices,
    alert_id: UUID,
    media_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Request the sound of a clip of the alert."""
    is_asked = search.ask_for_sound(visit.asker, media_id, reason=reason, is_found=False)
    if is_asked is None:
        raise HTTPException(404)
    if not is_asked:
        return _alert(request, visit, services, alert_id, wrong="sound")
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/hand-over")
def hand_over(
    request: Request,
    visit: FormSent,
    services: PageServices,
    responses: Responses,
    alert_id: UUID,
    person: Annotated[UUID, Form()],
) -> Response:
    """Offer the alert to a colleague, who holds it once they take it."""
    answer = responses.hand_over(visit.asker, alert_id, person_id=person)
    return _after(request, visit, services, alert_id, answer)


@router.post("/alerts/{alert_id}/arrive")
def arrive(
    request: Request, visit: FormSent, services: PageServices, responses: Responses, alert_id: UUID
) -> Response:
    """Note that the holder of the alert has arrived at the place."""
    answer = responses.arrive(visit.asker, alert_id)
    return _after(request, visit, services, alert_id, answer)


@router.post("/alerts/{alert_id}/undo")
def undo(
    request: Request, visit: FormSent, services: PageServices, responses: Responses, alert_id: UUID
) -> Response:
    """Take back one's own closing, within seconds."""
    answer = responses.undo(visit.asker, alert_id)
    return _after(request, visit, services, alert_id, answer)


@router.post("/alerts/{alert_id}/reopen")
def reopen(
    request: Request,
    visit: FormSent,
    services: PageServices,
    responses: Responses,
    alert_id: UUID,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Open a closed alert again, with a reason; the person holds it then."""
    try:
        answer = responses.reopen(visit.asker, alert_id, reason=note)
    except ValueError:
        return _alert(request, visit, services, alert_id, wrong="reason")
    return _after(request, visit, services, alert_id, answer)


@router.post("/alerts/{alert_id}/note")
def add_note(
    request: Request,
    visit: FormSent,
    services: PageServices,
    responses: Responses,
    alert_id: UUID,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Add a note to the history, also after the alert's end."""
    if not note.strip():
        return _alert(request, visit, services, alert_id, wrong="note")
    if not responses.add_note(visit.asker, alert_id, note=note):
        raise HTTPException(404)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/snooze")
def snooze(
    request: Request,
    visit: FormSent,
    services: PageServices,
    alert_id: UUID,
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Silence the alert's camera for an hour."""
    try:
        is_done = services.silences.snooze(visit.asker, alert_id, reason=reason)
    except OnCallError:
        return _alert(request, visit, services, alert_id, wrong="snooze")
    if is_done is None:
        raise HTTPException(404)
    if not is_done:
        return _alert(request, visit, services, alert_id, wrong="snoozed")
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/mute")
def mute(request: Request, visit: FormSent, services: PageServices, alert_id: UUID) -> Response:
    """Mute the alert's spot for two weeks, as its page offers after the third false alarm."""
    is_done = services.silences.mute(visit.asker, alert_id)
    if is_done is None:
        raise HTTPException(404)
    if not is_done:
        return _alert(request, visit, services, alert_id, wrong="mute")
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/{act_name}")
def act_on_alert(
    request: Request,
    visit: FormSent,
    services: PageServices,
    responses: Responses,
    alert_id: UUID,
    act_name: str,
    note: Annotated[str, Form(max_length=2000)] = "",
    cause: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Take, resolve, or mark as false; a second officer is shown the first."""
    act = ACTS.get(act_name)
    if act is None:
        raise HTTPException(404)
    answer = responses.act(visit.asker, alert_id, act=act, note=note.strip(), cause=cause or None)
    return _after(request, visit, services, alert_id, answer)


@router.get("/more")
def show_more(request: Request, visit: SignedIn) -> Response:
    """All pages of this person that the bar of a phone has no room for."""
    return render(request, "more.html", session=visit.session)


@router.get("/settings")
def show_settings(request: Request, visit: SignedIn, phones: Phones) -> Response:
    """This phone's notifications, language, theme; sign out."""
    own = [phone for phone in phones.phones(visit.asker) if phone.gone_utc_us is None]
    return render(
        request,
        "settings.html",
        session=visit.session,
        phones=own,
        lost_phones=phones.lost_phones(visit.asker),
        silent={one.phone_id for one in phones.silent_phones(visit.asker)},
        severities=phones_pages.form_rows(
            phones.channel_orders(visit.asker), own, words(visit.asker.language)
        ),
    )


@router.post("/settings/language")
def choose_language(
    visit: FormSent, own_account: OwnAccount, language: Annotated[str, Form()] = ""
) -> Response:
    """Set the officer's language, for pages and pushes."""
    if language not in LANGUAGES:
        raise HTTPException(422)
    own_account.set_language(visit.asker, language)
    return RedirectResponse("/settings", 303)


@router.post("/settings/theme")
def choose_theme(visit: FormSent, theme: Annotated[str, Form()] = "") -> Response:
    """Set the theme: dark, light, or by the sun; stored on this device."""
    if theme not in THEMES:
        raise HTTPException(422)
    response = RedirectResponse("/settings", 303)
    remember(response, visit.site, THEME_COOKIE, theme)
    return response


@router.post("/settings/phones/{phone_id}/remove")
def remove_phone(visit: FormSent, phones: Phones, phone_id: UUID) -> Response:
    """Remove a phone of the person: it gets no more notifications."""
    if not phones.remove_phone(visit.asker, phone_id):
        raise HTTPException(404)
    return RedirectResponse("/settings", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "alert.too_soon": say("right after taking it"),
        "alert.undo_over": say("too late"),
        "alert.in_words": say("in words"),
        "changes.since": say("%(n)s since %(id)s"),
        "inbox.all": say("%(n)s running, %(m)s handled"),
        "inbox.all_in_words": say(
            "%(n)s running, %(m)s handled; in words %(k)s running, %(l)s handled"
        ),
        "inbox.page": say("%(n)s running, %(m)s handled, %(o)s asked for"),
        "inbox.page_in_words": say(
            "%(n)s running, %(m)s handled, %(o)s asked for; in words %(k)s running, %(l)s handled"
        ),
        "alert.is_closed": say("it is closed"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "alert.open": say("opened an alert"),
        "alert.ended": say("was told that the right to an alert has ended"),
        "alert.take": say("acknowledged an alert"),
        "alert.resolve": say("closed an alert"),
        "alert.undo": say("took the closing of an alert back"),
        "alert.reopen": say("opened an alert again"),
        "alert.note": say("added a note to an alert"),
        "alert.false_alarm": say("called an alert false"),
        "alert.hand_over": say("handed an alert over"),
        "alert.arrive": say("reported arrival at an alert"),
    }
