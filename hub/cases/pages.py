"""Pages of cases: footage of one matter, members, and the exported package."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from functools import partial
from typing import Annotated, BinaryIO, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn, SignedOutError, session_of
from hub.cases.evidence.seal_rules import SealVerdict
from hub.cases.evidence.seal_wording import CASE_HEADS, head_id, say, verdict_text
from hub.cases.evidence.service import CannotLeaveError
from hub.cases.listing import LISTING
from hub.cases.service import CaseService
from hub.cases.views import CaseError, CaseFault, CasePage
from hub.footage.playback.service import PlaybackService
from hub.web.i18n import Messages, one_decimal
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/cases")

Playback = Annotated[PlaybackService, service(PlaybackService)]
Cases = Annotated[CaseService, service(CaseService)]

PURPOSE_CHARS: Final = 500
SHOWN: Final = 24
"""Pieces of footage on a page."""
MOST_PAGES: Final = 10_000
MB: Final = 1_000_000
PIECE_BYTES: Final = 256 * 1024
MOST_PLANS: Final = 200
"""Most redacted copies in one package."""


@router.get("")
def show_cases(request: Request, visit: SignedIn, cases: Cases) -> Response:
    """Cases one is a member of; people with the right to export can open a new one."""
    return _list(request, visit, cases)


def _list(
    request: Request, visit: Visit, cases: CaseService, wrong: CaseError | None = None
) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    found, table = cases.cases(visit.asker), LISTING.view(request.query_params)
    return render(
        request,
        "cases.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        cases=LISTING.rows(found, table),
        total=len(found),
        table=table,
        may_create=cases.may_create(visit.asker),
        wrong=fault_word(wrong.fault, words) if wrong else "",
    )


@router.post("")
def open_case(
    request: Request,
    visit: FormSent,
    cases: Cases,
    number: Annotated[str, Form(max_length=200)] = "",
    purpose: Annotated[str, Form(max_length=2000)] = "",
    ends: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Open a new case of one's own."""
    try:
        case_id = cases.open_case(
            visit.asker, number=number, purpose=purpose, ends_utc_us=_end_of(ends, visit)
        )
    except CaseError as error:
        return _list(request, visit, cases, error)
    if case_id is None:
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{case_id}", 303)


@router.get("/{case_id}")
def show_case(
    request: Request,
    visit: SignedIn,
    cases: Cases,
    case_id: UUID,
    at: Annotated[int, Query(alias="page", ge=1, le=MOST_PAGES)] = 1,
) -> Response:
    """One case, for its members; its footage in pages."""
    return _page(request, visit, cases, case_id, at=at)


def _page(
    request: Request,
    visit: Visit,
    cases: CaseService,
    case_id: UUID,
    wrong: CaseError | None = None,
    *,
    refused: str = "",
    refused_code: int = 503,
    at: int = 1,
) -> Response:
    page = cases.case(visit.asker, case_id)
    if page is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    last = max(1, -(-len(page.items) // SHOWN))
    at = min(at, last)  # the last page is gone once all of it is out of the case
    return render(
        request,
        "case.html",
        session=visit.session,
        status_code=422 if wrong else refused_code if refused else 200,
        page=page,
        items=page.items[(at - 1) * SHOWN : at * SHOWN],
        at=at,
        last=last,
        size=package_size(page, words),
        **_seals(page, visit.asker.language),
        refused=refused,
        acts=dict(_history_acts(page, words)),
        may_find=visit.may("find"),
        can_export=page.may_export and visit.site.pack is not None,
        wrong=fault_word(wrong.fault, words) if wrong else "",
        **visit.panels("case", case_id),
    )


@router.post("/add")
def add_footage(
    request: Request,
    visit: FormSent,
    playback: Playback,
    cases: Cases,
    case: Annotated[UUID, Form()],
    media: Annotated[UUID | None, Form()] = None,
    alert: Annotated[UUID | None, Form()] = None,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Add a clip or picture, or all footage of an alert at the hub."""
    wanted = [media] if media else []
    if alert is not None:
        wanted += playback.stored_of_alert(visit.asker, alert)
    try:
        added = cases.add(visit.asker, case, wanted, note)
    except CaseError as error:
        return _page(request, visit, cases, case, error)
    return _back(case, is_theirs=added is not None)


@router.post("/{case_id}/items")
def change_items(
    request: Request,
    visit: FormSent,
    cases: Cases,
    case_id: UUID,
    act: Annotated[Literal["mark", "unmark", "out"], Form()],
    item: Annotated[list[UUID] | None, Form(max_length=SHOWN)] = None,
    at: Annotated[int, Form(alias="page", ge=1, le=MOST_PAGES)] = 1,
) -> Response:
    """Mark or unmark the ticked items, or remove them from the case."""
    items = item or []
    try:
        if act == "out":
            done = all(cases.remove_item(visit.asker, case_id, one) for one in items)
        else:
            done = cases.mark_items(visit.asker, case_id, items, is_marked=act == "mark")
    except CaseError as error:
        return _page(request, visit, cases, case_id, error)
    return _back(case_id, is_theirs=done, at=at, part="items")


class ItemForm(BaseModel):
    """Form to change one item of a case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    note: Annotated[str, Field(max_length=2000)] = ""
    marked: bool = False
    out: bool = False
    page: Annotated[int, Field(ge=1, le=MOST_PAGES)] = 1


@router.post("/{case_id}/items/{item_id}")
def change_item(
    request: Request,
    visit: FormSent,
    cases: Cases,
    case_id: UUID,
    item_id: UUID,
    said: Annotated[ItemForm, Form()],
) -> Response:
    """Change note or mark of an item, or remove it from the case, which ends its hold."""
    note, marked = said.note, said.marked
    try:
        done = (
            cases.remove_item(visit.asker, case_id, item_id)
            if said.out
            else cases.change_item(visit.asker, case_id, item_id, note=note, is_marked=marked)
        )
    except CaseError as error:
        return _page(request, visit, cases, case_id, error, at=said.page)
    part = "items" if said.out else f"item-{item_id}"
    return _back(case_id, is_theirs=done, at=said.page, part=part)


@router.post("/{case_id}/members")
def add_member(
    request: Request,
    visit: ProvedForm,
    cases: Cases,
    case_id: UUID,
    login: Annotated[str, Form(max_length=200)] = "",
    export: Annotated[bool, Form()] = False,
    until: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Add a member to the case."""
    try:
        done = cases.add_member(
            visit.asker,
            case_id,
            login=login,
            may_export=export,
            until_utc_us=_end_of(until, visit),
        )
    except CaseError as error:
        return _page(request, visit, cases, case_id, error)
    return _back(case_id, is_theirs=done)


@router.post("/{case_id}/members/{person_id}/end")
def remove_member(visit: FormSent, cases: Cases, case_id: UUID, person_id: UUID) -> Response:
    """Remove a member from the case."""
    done = cases.remove_member(visit.asker, case_id, person_id)
    return _back(case_id, is_theirs=done)


@router.post("/{case_id}/owner")
def hand_over(
    request: Request,
    visit: ProvedForm,
    cases: Cases,
    case_id: UUID,
    login: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Give the case to another owner."""
    try:
        done = cases.hand_over(visit.asker, case_id, login=login)
    except CaseError as error:
        return _page(request, visit, cases, case_id, error)
    return _back(case_id, is_theirs=done)


@router.post("/{case_id}/close")
def close_case(
    visit: ProvedForm, cases: Cases, case_id: UUID, release: Annotated[bool, Form()] = False
) -> Response:
    """Close the case: nothing can be added."""
    done = cases.close(visit.asker, case_id, keeps_holds=not release)
    return _back(case_id, is_theirs=done)


@router.post("/{case_id}/reopen")
def reopen_case(visit: FormSent, cases: Cases, case_id: UUID) -> Response:
    """Reopen the case."""
    return _back(case_id, is_theirs=cases.reopen(visit.asker, case_id))


@router.get("/{case_id}/hide/{item_id}")
def show_hide(
    request: Request, visit: SignedIn, cases: Cases, case_id: UUID, item_id: UUID
) -> Response:
    """Page for drawing the areas that a copy hides, for people who may export; it loads the footage
    separately."""
    page = cases.case(visit.asker, case_id)
    found = [one for one in page.items if one.item_id == item_id] if page else []
    if page is None or not found or not page.may_export:
        raise HTTPException(404)
    if not found[0].is_stored or found[0].kind == "sound":
        raise HTTPException(404)
    return render(request, "case_hide.html", session=visit.session, page=page, item=found[0])


@router.post("/{case_id}/export")
def export_case(
    request: Request,
    visit: ProvedForm,
    cases: Cases,
    case_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
    only_marked: Annotated[bool, Form()] = False,
    plan: Annotated[list[str] | None, Form(max_length=MOST_PLANS)] = None,
) -> Response:
    """One signed package of its content; nothing is exported unless all of it may be.

    `plan` lists the hidden areas of each copy (`hub.cases.evidence.redaction_plan`), one plan per
    file.
    """
    leaving = cases.export_content(visit.asker, case_id, only_marked=only_marked)
    if leaving is None or visit.site.pack is None:
        raise HTTPException(404)
    if leaving.hidden:
        words = visit.site.calendar(visit.asker.language).words
        why = _hidden(leaving.hidden, words)
        return _page(request, visit, cases, case_id, refused=why, refused_code=403)
    row = leaving.row
    try:
        made = visit.site.pack(
            visit.asker,
            leaving.media_ids,
            row.number,
            reason.strip() or row.purpose,
            [one.encode() for one in plan or ()],
        )
    except CannotLeaveError as error:
        return _page(request, visit, cases, case_id, refused=str(error))
    if made is None:
        raise HTTPException(403)
    name, file = made
    with ExitStack() as unless_sent:
        unless_sent.enter_context(file)
        if session_of(request) is None:  # closed or signed out while the package was made
            raise SignedOutError
        still = cases.export_content(visit.asker, case_id, only_marked=only_marked)
        if still is None or still.hidden or not set(leaving.media_ids) <= set(still.media_ids):
            raise HTTPException(403)  # no longer in the case, or something was taken out of it
        cases.exported(visit.asker, case_id, name)
        unless_sent.pop_all()
    return _Package(name, file)


class _Package(StreamingResponse):
    """Sends the package and closes its file, though the browser leaves before the first piece. The
    hub stores no package: it can be made again, and each export is in the log."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        headers = {
            "Content-Length": str(file.seek(0, os.SEEK_END)),
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        file.seek(0)
        pieces = iter(partial(file.read, PIECE_BYTES), b"")
        super().__init__(pieces, media_type="application/zip", headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _back(case_id: UUID, *, is_theirs: bool, at: int = 1, part: str = "") -> Response:
    """The page of the case, at the part where the reader was."""
    if not is_theirs:
        raise HTTPException(404)
    page = f"?page={at}" if at > 1 else ""
    return RedirectResponse(f"/cases/{case_id}{page}{'#' if part else ''}{part}", 303)


def _end_of(day: str, visit: Visit) -> int | None:
    """Last moment of a day in local time; None for an empty field."""
    if not day.strip():
        return None
    try:
        last = date.fromisoformat(day.strip())
        zone = ZoneInfo(visit.site.settings.time_zone)
        return round(datetime.combine(last, time.max, zone).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise HTTPException(422) from error


def fault_word(fault: CaseFault, words: Messages) -> str:
    """Text of the reason why nothing was changed."""
    return {
        CaseFault.NO_NUMBER: words.say("A case needs a number."),
        CaseFault.NUMBER_TAKEN: words.say("There is a case of that number already."),
        CaseFault.NO_PURPOSE: words.say("A case needs a purpose."),
        CaseFault.ENDS_BEFORE: words.say("The last day is over already."),
        CaseFault.NOBODY: words.say("Nobody of that name signs in here."),
        CaseFault.CLOSED: words.say("The case is closed: open it again first."),
        CaseFault.NOTHING: words.say("There is nothing of it at the hub that you may see."),
    }[fault]


def _seals(page: CasePage, language: str) -> dict[str, object]:
    """What the page says of seals: the verdict on all that the reader sees, where the altered clips
    are, and the text of each clip."""
    clips = [one for one in page.items if one.kind != "picture" and one.is_stored]
    judged = [one.seal for one in clips if one.seal is not None]
    head, count = head_id(judged)
    waiting = len(clips) - len(judged)
    if waiting and head.startswith("whole"):
        head, count = "checking", waiting
    altered = [
        (number // SHOWN + 1, one)
        for number, one in enumerate(page.items)
        if one.seal is not None and one.seal.verdict is SealVerdict.DIFFERS
    ]
    return {
        "seal_head": head,
        "seal_verdict": say(CASE_HEADS[head], language, count) if clips else "",
        "altered": altered,
        "seal_texts": {
            one.item_id: verdict_text(one.seal, language) if one.seal else "" for one in clips
        },
    }


def package_size(page: CasePage, words: Messages) -> str:
    """Number and size of the files in a package of the cameras' footage, and of the marked ones
    among them."""
    files = sum(one.is_stored for one in page.items)
    told = {"n": files, "mb": _megabytes(page.leaving_bytes(), words)}
    said = words.count("%(n)d file, %(mb)s MB", "%(n)d files, %(mb)s MB", files) % told
    if page.row.marked:
        marked = {"mb": _megabytes(page.leaving_bytes(only_marked=True), words)}
        said += f" · {words.say('only what matters most: %(mb)s MB') % marked}"
    return said


def _megabytes(size_bytes: int, words: Messages) -> str:
    return one_decimal(size_bytes / MB, words)


def _hidden(files: int, words: Messages) -> str:
    more = words.count(
        "%(n)d more file is in it that your grants do not show.",
        "%(n)d more files are in it that your grants do not show.",
        files,
    )
    return more % {"n": files}


def _history_acts(page: CasePage, words: Messages) -> Iterator[tuple[str, str]]:
    """Names of acts in the history."""
    told = {
        "case.begin": words.say("opened the case"),
        "case.add": words.say("collected footage"),
        "case.tip": words.say("put in a tip"),
        "case.ask": words.say("asked a household"),
        "case.given": words.say("a household gave a film"),
        "case.note": words.say("changed a note"),
        "case.remove": words.say("took footage out"),
        "case.member": words.say("let somebody work on it"),
        "case.member.end": words.say("ended somebody's work on it"),
        "case.hand_over": words.say("handed it over"),
        "case.export": words.say("exported a package"),
        "case.close": words.say("closed it"),
        "case.reopen": words.say("opened it again"),
    }
    for line in page.history:
        yield line.act, told.get(line.act, line.act)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        "cases.count": words.say("%(n)s cases"),
        "case.hidden_files": words.say("%(n)s files not theirs to see"),
        "case.no_right_to_export": words.say("no right to export"),
        "case.items": words.say("%(n)s items"),
        "case.item": words.say("item %(id)s"),
        "case.marked": words.say("marked: items %(ids)s"),
        "case.not_marked": words.say("not marked: items %(ids)s"),
        "case.media": words.say("media %(id)s"),
        "case.person": words.say("person %(id)s"),
        "case.held_on": words.say("held on"),
        "case.no_longer_held": words.say("no longer held"),
        "case.household_upload": words.say("given %(id)s"),
        "case.household": words.say("household %(id)s, request %(id2)s"),
        "case.tip": words.say("tip %(id)s"),
        **{f"case.{one}": fault_word(one, words) for one in CaseFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "cases.open": say("read the list of cases"),
        "case.open": say("opened a case"),
        "case.begin": say("began a case"),
        "case.add": say("added footage to a case"),
        "case.remove": say("took footage out of a case"),
        "case.note": say("changed a note of a case"),
        "case.member": say("let a person work on a case"),
        "case.member.end": say("ended a person's work on a case"),
        "case.hand_over": say("handed a case over"),
        "case.close": say("closed a case"),
        "case.reopen": say("opened a case again"),
        "case.export": say("exported a case"),
        "evidence.export": say("exported footage as evidence"),
        "evidence.key": say("an evidence key was made"),
    }
