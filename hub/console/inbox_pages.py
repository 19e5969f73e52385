"""Pages of the inbox: open alerts, alerts handled today, and one alert of a list."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import JSONResponse, Response

from hub.access.grants import ended_wording
from hub.access.grants.service import GrantService
from hub.access.signin.visit import SignedIn
from hub.alerting.alerts import wording
from hub.alerting.alerts.rules.lifecycle import CAUSES
from hub.alerting.alerts.views import ShownAlert
from hub.alerting.response.bulk import MOST_AT_ONCE, BulkService
from hub.alerting.silences import pages as silences_pages
from hub.alerting.silences.service import SilenceService
from hub.console import bulk_pages
from hub.console.in_words_service import AlertInWordsService
from hub.console.inbox_form import ALL, InboxForm, parsed, rank_of, rank_text
from hub.console.inbox_wording import choices, filter_words, group_lines
from hub.console.service import InboxService
from hub.console.views import InboxAsked
from hub.nodes.health.service import NodeHealthService
from hub.notify.phones.service import PhoneService
from hub.public.data_requests.service import DataRequestService
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service, service_if_any
from hub.web.visit import Visit

router = APIRouter()

AlertsInWords = Annotated[AlertInWordsService, service(AlertInWordsService)]
Inbox = Annotated[InboxService, service(InboxService)]


@dataclass(frozen=True, slots=True)
class ListServices:
    """Services of several capabilities whose parts the list of alerts shows."""

    inbox: InboxService
    grants: GrantService
    phones: PhoneService
    health: NodeHealthService
    silences: SilenceService
    bulk: BulkService
    requests: DataRequestService | None


async def list_services(
    inbox: Inbox,
    grants: Annotated[GrantService, service(GrantService)],
    phones: Annotated[PhoneService, service(PhoneService)],
    health: Annotated[NodeHealthService, service(NodeHealthService)],
    silences: Annotated[SilenceService, service(SilenceService)],
    bulk: Annotated[BulkService, service(BulkService)],
    requests: Annotated[DataRequestService | None, service_if_any(DataRequestService)],
) -> ListServices:
    """Gather them; asynchronous, so that it needs no thread."""
    return ListServices(inbox, grants, phones, health, silences, bulk, requests)


PageServices = Annotated[ListServices, Depends(list_services)]

PAGE_ALERTS: Final = 24
PAGE_TO_CHOOSE: Final = 100
"""Alerts on a page where several can be chosen."""


@router.get("/")
def show_inbox(request: Request, visit: SignedIn, services: PageServices) -> Response:
    """Open alerts, critical and newest first; a tab of its own has the alerts handled today."""
    return _list(request, visit, services, "inbox.html")


@router.get("/list")
def show_list(request: Request, visit: SignedIn, services: PageServices) -> Response:
    """The list alone: for the left side of a desk page, and for a further page of the list."""
    return _list(request, visit, services, "list.html")


@router.get("/list/counts")
def tell_counts(request: Request, visit: SignedIn, inbox: Inbox) -> Response:
    """Numbers for an open page after a change: running, handled today, found by its filter; and the
    numbers at the links of the navigation, by address."""
    form = parsed(request.query_params)
    counts = inbox.counts(visit.asker, _asked(request, visit, form))
    waiting = visit.site.waiting(visit.asker)
    return JSONResponse(
        asdict(counts) | {"waiting": waiting}, headers={"Cache-Control": "no-store"}
    )


@router.get("/alerts/{alert_id}/card")
def show_card(
    request: Request, visit: SignedIn, inbox: Inbox, in_words: AlertsInWords, alert_id: UUID
) -> Response:
    """One alert in list form: a live page loads it after a change. It says whether the filter in
    the address shows the alert."""
    form = parsed(request.query_params)
    row: ShownAlert | None
    if in_words.tells(visit.asker, alert_id):
        found = in_words.row(visit.asker, alert_id)
        is_always_shown = found is not None and found.is_always_shown and not form.strict
        row, fits = found, is_always_shown or not form.is_filtered
    else:
        row = inbox.row(visit.asker, alert_id)
        fits = inbox.fits(visit.asker, alert_id, form.wanted(visit.site.settings.now()))
    if row is None:
        raise HTTPException(404)
    return render(request, "card.html", session=visit.session, row=row, form=form, fits=fits)


def _asked(request: Request, visit: Visit, form: InboxForm) -> InboxAsked:
    calendar = visit.site.calendar(visit.asker.language)
    return InboxAsked(
        wanted=form.wanted(calendar.now_utc_us),
        began_utc_us=calendar.today_began_utc_us(),
        is_handled=form.is_handled,
        grouped_by=form.grouped_by,
        after=rank_of(request.query_params.get("after", "")),
        size=PAGE_TO_CHOOSE if form.select else PAGE_ALERTS,
        is_dense=form.is_handled or bool(form.select),
    )


def _list(request: Request, visit: Visit, services: ListServices, template: str) -> Response:
    form = parsed(request.query_params)
    asked = _asked(request, visit, form)
    is_first = asked.after is None
    # Further alerts are asked for by a person, the first ones again by an open page.
    is_refresh = is_first and template == "list.html"
    shown = services.inbox.page(visit.asker, asked, is_refresh=is_refresh)
    calendar = visit.site.calendar(visit.asker.language)
    after = rank_text(shown.next_after)
    ended = services.grants.ended(visit.asker)
    return render(
        request,
        template,
        session=visit.session,
        page=shown,
        form=form,
        fits=True,
        most=MOST_AT_ONCE,
        all_chosen=shown.to_choose[:MOST_AT_ONCE] if form.select == ALL else (),
        is_first=is_first,
        more=form.address(after=after) if after else "",
        choices=choices(shown, form, calendar.words),
        filtered_by=filter_words(shown, form, calendar.words),
        group_lines=group_lines(shown, form, calendar.words),
        ended=[ended_wording.line(one, calendar) for one in ended.rows],
        watches=ended.watches,
        **_banners(visit, services, calendar) if is_first else {},
        causes=[(cause, wording.cause_word(cause, calendar.words)) for cause in CAUSES],
        **bulk_pages.told(visit, services.bulk, request.query_params.get("bulk", "")),
    )


def _banners(visit: Visit, services: ListServices, calendar: Calendar) -> dict[str, Any]:
    """Banners above the list, on its first page only."""
    asker = visit.asker
    return {
        "lost_phones": services.phones.lost_phones(asker),
        "silent_phones": services.phones.silent_phones(asker),
        "dark_cameras": services.health.dark_cameras(asker),
        "silences": silences_pages.lines(services.silences.silences(asker), calendar),
        "petitions": services.requests.overdue(asker) if services.requests else (0, 0),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {
        "inbox.open": words.say("read the list of alerts"),
        "inbox.glance": words.say("an open page asked for the list of alerts again"),
        "alert.glance": words.say("saw an alert in the list"),
    }
