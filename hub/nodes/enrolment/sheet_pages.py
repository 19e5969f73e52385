"""Pages of enrolment sheets: a table in, a printable sheet of codes out, and who has connected."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from hub.access.signin.accounts import Accounts
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn, came_from, token_of
from hub.base.errors import RegistryError
from hub.base.text.csv_table import MOST_BYTES
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.enrolment.sheet_import import SheetPlan, camera_names
from hub.nodes.enrolment.sheet_rows import MOST_DAYS, Sheet
from hub.nodes.enrolment.sheet_service import EnrolmentSheetService, MadeSheet
from hub.nodes.enrolment.sheet_wording import LOOKS, qr, state_name, summary
from hub.web import csv_wording
from hub.web.event_stream import BEAT, event_stream
from hub.web.forms import TableForm
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/enrolments")

Sheets = Annotated[EnrolmentSheetService, service(EnrolmentSheetService)]

DAYS: Final = (1, 3, MOST_DAYS)
SUBMISSION: Final = r"[0-9a-f]{64}"
RETRY_MS: Final = 2_000
PACE_S: Final = 0.5
"""Least time between two queries of one open page."""


class SheetForm(TableForm):
    """A table whose codes are to be made."""

    submission: Annotated[str, Field(pattern=f"^{SUBMISSION}$")]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = MOST_DAYS


@router.get("/table")
def show_form(request: Request, visit: SignedIn) -> Response:
    """Form for a table of boxes; 404 for people who manage nothing."""
    enrolling_of(visit)
    return _form_page(request, visit)


@router.post("/table")
def try_table(
    request: Request, visit: FormSent, sheets: Sheets, entered: Annotated[TableForm, Form()]
) -> Response:
    """Show what a table would make, or each wrong line with its cure."""
    enrolling_of(visit)
    content = entered.content(MOST_BYTES)
    plan = sheets.try_table(visit.asker, content)
    if plan is None:
        raise HTTPException(404)
    return _form_page(request, visit, plan=plan, text=_text(content))


@router.post("/table/do")
def make_sheet(
    request: Request,
    visit: ProvedForm,
    sheets: Sheets,
    entered: Annotated[SheetForm, Form()],
) -> Response:
    """Make the codes and show them; the same form sent again shows the same ones."""
    enrolling = enrolling_of(visit)
    content = entered.content(MOST_BYTES)
    try:
        made = sheets.make(visit.asker, content, submission=entered.submission, days=entered.days)
    except RegistryError:  # the registry has changed since the preview
        made = sheets.try_table(visit.asker, content)
    match made:
        case None:
            raise HTTPException(404)
        case SheetPlan():
            return _form_page(request, visit, plan=made, text=_text(content))
        case MadeSheet():
            codes = {node: enrolling.code(token).text for node, token in made.tokens.items()}
            return _sheet_page(request, visit, made.sheet, codes)


@router.get("/sheets/{sheet_id}")
def show_sheet(request: Request, visit: SignedIn, sheets: Sheets, sheet_id: UUID) -> Response:
    """The states of a sheet's codes, without the codes; 404 if the sheet is not the reader's."""
    enrolling_of(visit)
    found = sheets.sheet(visit.asker, sheet_id)
    if found is None:
        raise HTTPException(404)
    return _sheet_page(request, visit, found, {})


@router.post("/sheets/{sheet_id}/withdraw")
def withdraw_sheet(visit: FormSent, sheets: Sheets, sheet_id: UUID) -> Response:
    """Cancel all codes of a sheet."""
    enrolling_of(visit)
    if not sheets.withdraw(visit.asker, sheet_id):
        raise HTTPException(404)
    return RedirectResponse(f"/enrolments/sheets/{sheet_id}", 303)


@router.get("/sheets/{sheet_id}/events")
def stream_progress(request: Request, visit: SignedIn, sheets: Sheets, sheet_id: UUID) -> Response:
    """Stream of the states of a sheet's codes, sent when one changes: which box has connected."""
    enrolling_of(visit)
    if sheets.progress(visit.asker, sheet_id) is None:
        raise HTTPException(404)
    token, address = token_of(request), came_from(request)
    return event_stream(_progress(visit, sheets, sheet_id, token, address))


async def _progress(
    visit: Visit, sheets: EnrolmentSheetService, sheet_id: UUID, token: str, address: str
) -> AsyncIterator[str]:
    site, told = visit.site, ""
    yield f"retry: {RETRY_MS}\n\n"
    while not site.stopping():
        heard = site.change_signal.rings  # before the query, so that no signal between is missed
        session = await run_in_threadpool(
            site.services.use(Accounts).session_by_token, token, came_from=address
        )
        now = await run_in_threadpool(sheets.progress, visit.asker, sheet_id) if session else None
        if now is None:  # signed out, or a grant has ended
            yield "event: over\ndata: {}\n\n"
            return
        news = json.dumps(_told(now, site.calendar(visit.asker.language).words))
        yield f"event: progress\ndata: {news}\n\n" if news != told else BEAT
        told = news
        await asyncio.sleep(PACE_S)
        await site.change_signal.wait(heard, timeout_s=site.settings.keepalive_s)


def _told(sheet: Sheet, words: Messages) -> dict[str, object]:
    """The state of a sheet for its open page: each code's state with its name."""
    return {
        "summary": summary(sheet, words),
        "codes": {
            str(code.enrolment_id): [code.node, code.state, state_name(code.state, words)]
            for code in sheet.codes
        },
    }


def enrolling_of(visit: Visit) -> Enrolling:
    """The service that makes codes; 404 for people who look after no area, or if the hub enrols
    nobody."""
    enrolling = visit.find(Enrolling)
    if enrolling is None or not visit.use(EnrolmentService).tends_areas(visit.asker):
        raise HTTPException(404)
    return enrolling


def _text(content: bytes) -> str:
    """The table as it comes back with the page."""
    return content.decode("utf-8-sig", "replace")


def _form_page(
    request: Request, visit: Visit, *, plan: SheetPlan | None = None, text: str = ""
) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "enrolment_table.html",
        session=visit.session,
        status_code=422 if plan is not None and plan.wrong else 200,
        plan=plan,
        text=text,
        days=DAYS,
        most_days=MOST_DAYS,
        submission=secrets.token_hex(32),
        camera_names=camera_names,
        wrong=csv_wording.wrong_lines(plan.wrong, words) if plan else [],
    )


def _sheet_page(request: Request, visit: Visit, sheet: Sheet, codes: dict[str, str]) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "enrolment_sheet.html",
        session=visit.session,
        sheet=sheet,
        summary=summary(sheet, words),
        codes=codes,
        qr=lambda code: qr(code, words),
        state_name=lambda state: state_name(state, words),
        looks=LOOKS,
    )


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "enrolment_sheet.try": say("tried a table of new camera boxes"),
        "enrolment_sheet.make": say("made a sheet of codes for new camera boxes"),
        "enrolment_sheet.open": say("looked at a sheet of codes for camera boxes"),
        "enrolment_sheet.withdraw": say("withdrew a sheet of codes for camera boxes"),
    }
