"""Public notices: a leader writes, previews, sends and withdraws; anybody reads sent ones."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.notify.channels.listing import label_of
from hub.public.notices import listing
from hub.public.notices.attachments import MOST_BYTES, notice_file
from hub.public.notices.rules import (
    FAULTS,
    LONGEST_DAYS,
    TEXT_CHARS,
    TITLE_CHARS,
    NoticeError,
    NoticeState,
)
from hub.public.notices.service import NoticeService
from hub.public.notices.views import NoticeFile, Sending
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.table_view import chosen
from hub.web.visit import Visit

router = APIRouter()

Notices = Annotated[NoticeService, service(NoticeService)]

FileKind = Literal["picture", "sound"]


def fault_word(fault: str, words: Messages) -> str:
    """The fault of an entry, and the cure."""
    names = {
        "title": words.say("Give it a title of at most 120 letters."),
        "text": words.say("Give it a text of at most 1500 letters."),
        "way": words.say("Write whom it reaches: the id of the group or chat."),
        "channel": words.say("This hub has no such channel."),
        "picture": words.say("That is no picture: choose JPEG, PNG or WebP."),
        "sound": words.say("That is no voice note: choose MP3, M4A, OGG, WebM or WAV."),
        "large": words.say("That file is too large: 5 MB at most."),
        "busy": words.say("The hub is busy with other pictures. Try again in a minute."),
    }
    return names.get(fault, fault)


def sending_words(one: Sending, calendar: Calendar) -> tuple[str, bool]:
    """Delivery state on one channel, and whether it is a fault."""
    say = calendar.words.say
    at = {"time": calendar.clock(one.answered_utc_us) if one.answered_utc_us else ""}
    if one.word == "withdrawn":
        done = say("told at %(time)s that it is withdrawn") % at
        waits = say("waits to be told that it is withdrawn")
    else:
        done, waits = say("delivered at %(time)s") % at, say("not delivered yet, still trying")
    match one.state:
        case "accepted":
            return done, False
        case "queued":
            return waits, bool(one.reason)
        case "dropped":
            return say("not sent: withdrawn before"), False
        case _:
            return say("could not be delivered: %(reason)s") % {"reason": one.reason}, True


@router.get("/notices")
def show_notices(request: Request, visit: SignedIn, notices: Notices) -> Response:
    """Notices of the areas one manages, with the form of a new one; 404 for people who write
    none."""
    return _list(request, visit, notices)


def _list(
    request: Request,
    visit: Visit,
    notices: NoticeService,
    *,
    wrong: str = "",
    entered: TypedForm | None = None,
) -> Response:
    page = notices.notices(visit.asker)
    if page is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    table, query = listing.LISTING.view(request.query_params), request.query_params
    look = partial(notices.notice, visit.asker)
    return render(
        request,
        "notices.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        table=table,
        notices=listing.LISTING.rows(page.notices, table),
        at_utc_us=listing.at_utc_us,
        states=[(one.value, state_word(one, words)) for one in NoticeState],
        chosen=chosen(page.notices, query, lambda one: one.notice_id, look),
        wrong=fault_word(wrong, words) if wrong else "",
        notice=entered if isinstance(entered, NoticeForm) else None,
        way=entered if isinstance(entered, WayForm) else None,
        channels=[(one, label_of(one, words)) for one in visit.site.settings.notice_channels],
        channel_name=lambda one: label_of(one, words),
        title_chars=TITLE_CHARS,
        text_chars=TEXT_CHARS,
        longest_days=LONGEST_DAYS,
        state_word=lambda one: state_word(one, words),
    )


class NoticeForm(TypedForm):
    """A new notice."""

    area: UUID
    title: Annotated[str, Field(max_length=2000)] = ""
    words: Annotated[str, Field(max_length=20_000)] = ""
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 7


class WayForm(TypedForm):
    """A new channel for the people of an area."""

    area: UUID
    channel: Annotated[str, Field(max_length=40)] = ""
    who: Annotated[str, Field(max_length=400)] = ""
    label: Annotated[str, Field(max_length=400)] = ""


def state_word(state: NoticeState, words: Messages) -> str:
    """Readable state."""
    return {
        NoticeState.DRAFT: words.say("draft"),
        NoticeState.SENT: words.say("sent"),
        NoticeState.WITHDRAWN: words.say("withdrawn"),
    }[state]


@router.post("/notices")
def write_notice(
    request: Request,
    visit: FormSent,
    notices: Notices,
    entered: Annotated[NoticeForm, Form()],
) -> Response:
    """Create a draft of a notice; its page is its preview."""
    try:
        made = notices.write_notice(
            visit.asker,
            entered.area,
            title=entered.title,
            words=entered.words,
            days=entered.days,
        )
    except NoticeError as error:
        return _list(request, visit, notices, wrong=error.fault, entered=entered)
    if made is None:
        raise HTTPException(404)
    return RedirectResponse(f"/notices/{made}", 303)


@router.post("/notices/ways")
def add_way(
    request: Request,
    visit: FormSent,
    notices: Notices,
    entered: Annotated[WayForm, Form()],
) -> Response:
    """Add a channel for the area's people."""
    if entered.channel not in visit.site.settings.notice_channels:
        return _list(request, visit, notices, wrong="channel", entered=entered)
    try:
        done = notices.add_way(
            visit.asker,
            entered.area,
            channel=entered.channel,
            who=entered.who,
            label=entered.label,
        )
    except NoticeError as error:
        return _list(request, visit, notices, wrong=error.fault, entered=entered)
    if not done:
        raise HTTPException(404)
    return RedirectResponse("/notices", 303)


@router.post("/notices/ways/{way_id}/end")
def end_way(visit: FormSent, notices: Notices, way_id: UUID) -> Response:
    """Remove a channel of the area."""
    if not notices.end_way(visit.asker, way_id):
        raise HTTPException(404)
    return RedirectResponse("/notices", 303)


@router.get("/notices/{notice_id}")
def show_notice(request: Request, visit: SignedIn, notices: Notices, notice_id: UUID) -> Response:
    """Preview of a notice; for a sent one also its delivery."""
    return _page(request, visit, notices, notice_id)


def _page(
    request: Request, visit: Visit, notices: NoticeService, notice_id: UUID, *, wrong: str = ""
) -> Response:
    page = notices.notice(visit.asker, notice_id)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    return render(
        request,
        "notice.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        wrong=fault_word(wrong, calendar.words) if wrong else "",
        state=state_word(page.notice.state, calendar.words),
        sendings=[(one, *sending_words(one, calendar)) for one in page.sendings],
        channel_name=lambda one: label_of(one, calendar.words),
        public_url=f"{visit.site.settings.public_url}/public/{notice_id}",
    )


@router.post("/notices/{notice_id}/file")
def put_file(
    request: Request,
    visit: FormSent,
    notices: Notices,
    notice_id: UUID,
    kind: Annotated[FileKind, Form()] = "picture",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Set the draft's picture or voice recording."""
    content = b"" if file is None else file.file.read(MOST_BYTES + 1)
    try:
        kept = notice_file(kind, content)
    except NoticeError as error:
        return _page(request, visit, notices, notice_id, wrong=error.fault)
    if not notices.put_notice_file(visit.asker, notice_id, kind, kept):
        raise HTTPException(404)
    return RedirectResponse(f"/notices/{notice_id}", 303)


@router.post("/notices/{notice_id}/send")
def send_notice(visit: FormSent, notices: Notices, notice_id: UUID) -> Response:
    """Send a notice."""
    if not notices.send_notice(visit.asker, notice_id):
        raise HTTPException(404)
    return RedirectResponse(f"/notices/{notice_id}", 303)


@router.post("/notices/{notice_id}/withdraw")
def withdraw_notice(visit: FormSent, notices: Notices, notice_id: UUID) -> Response:
    """Withdraw a notice."""
    if not notices.withdraw_notice(visit.asker, notice_id):
        raise HTTPException(404)
    return RedirectResponse(f"/notices/{notice_id}", 303)


@router.get("/notices/{notice_id}/{kind}")
def show_writers_file(
    visit: SignedIn, notices: Notices, notice_id: UUID, kind: FileKind
) -> Response:
    """Picture or voice recording of a draft."""
    return _file(notices.writers_file(visit.asker, notice_id, kind), "private, no-store")


@router.get("/public")
def show_public(request: Request, notices: Notices) -> Response:
    """Present notices, for anybody."""
    found = notices.public_notices()
    return render(request, "public.html", session=None, notices=found)


@router.get("/public/{notice_id}")
def show_public_notice(request: Request, notices: Notices, notice_id: UUID) -> Response:
    """One notice; a withdrawn one says so, without its text."""
    found = notices.public_notice(notice_id)
    if found is None:
        raise HTTPException(404)
    return render(request, "public.html", session=None, notices=[found])


@router.get("/public/{notice_id}/{kind}")
def show_public_file(notices: Notices, notice_id: UUID, kind: FileKind) -> Response:
    """Picture or voice recording of a present notice."""
    return _file(notices.public_file(notice_id, kind), "public, max-age=300")


def _file(found: NoticeFile | None, cache: str) -> Response:
    if found is None:
        raise HTTPException(404)
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": cache})


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        **{f"notice.{one}": fault_word(one, words) for one in FAULTS},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "notices.open": say("read the notices"),
        "notice.open": say("opened a notice"),
        "notice.write": say("wrote a notice"),
        "notice.change": say("changed a notice"),
        "notice.file": say("attached a file to a notice"),
        "notice.send": say("sent a notice"),
        "notice.withdraw": say("withdrew a notice"),
        "notice_way.add": say("added a way for notices"),
        "notice_way.end": say("removed a way for notices"),
    }
