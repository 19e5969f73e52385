"""A household's page behind its link: the request, and the upload of a film.

Nobody signs in. With the page's script a film is uploaded resumably (core of tus 1.0.0 with
creation); without it a small one is sent by the form. The link is checked before a byte of a body
is read.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.base.storage.blobs import BlobsError
from hub.base.storage.partial_files import CHUNK_BYTES, SupersededError, WrongOffsetError
from hub.cases.evidence.arrival_seal import MarkedPart
from hub.footage.upload import pages
from hub.public.households.pages import GONE, TOKEN_CHARS, households_of
from hub.public.households.port import HouseholdServices
from hub.public.households.rules import FORM_BYTES, HouseholdUploadError, HouseholdUploadFault
from hub.public.households.views import HouseholdLink
from hub.web import resumable
from hub.web.i18n import Messages, one_decimal, words
from hub.web.rendering import PublicWords, language_of, render, site_of

router = APIRouter(prefix="/give")

STATUS: Final = {
    HouseholdUploadFault.ENDED: GONE,
    HouseholdUploadFault.LARGE: 413,
    HouseholdUploadFault.LARGE_FORM: 413,
    HouseholdUploadFault.ROOM: 507,
    HouseholdUploadFault.LOST: 409,
}
"""All others: 422."""
SHOWN: Final = frozenset({"open", "coming", "sealing", "done"})
PIECE_BYTES: Final = 256 * 1024

Word = Annotated[str, Form(max_length=200)]


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """The request, the progress of the upload, and the receipt."""
    return _page(request, token)


@router.post("/{token}")
async def send_form(request: Request, token: str) -> Response:
    """Receive a small film from the form."""
    households = households_of(site_of(request))
    link = await run_in_threadpool(households.uploads.look, token[:TOKEN_CHARS])
    if link is None or link.state not in ("open", "coming"):
        return await run_in_threadpool(_page, request, token)
    async with request.form(max_files=1, max_fields=10) as form:
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("film")
        try:
            await run_in_threadpool(_take, households, token, file, said)
        except HouseholdUploadError as error:
            return await run_in_threadpool(_page, request, token, error.fault)
        except SupersededError:  # it was sent a second time meanwhile: the page shows the result
            return RedirectResponse(f"/give/{token[:TOKEN_CHARS]}", 303)
    return _sealing(households, token)


def _take(households: HouseholdServices, token: str, file: Any, said: dict[str, str]) -> None:
    cut = _cut(said.get("from", ""), said.get("until", ""))
    if not said.get("agree"):
        raise households.uploads.refused(HouseholdUploadFault.AGREE)
    if not isinstance(file, UploadFile) or not file.size:
        raise households.uploads.refused(HouseholdUploadFault.EMPTY)
    if file.size > FORM_BYTES:
        raise households.uploads.refused(HouseholdUploadFault.LARGE_FORM)
    upload = households.uploads.begin(
        token, size_bytes=file.size, name=file.filename or "", mark=""
    )
    try:
        while piece := file.file.read(PIECE_BYTES):
            upload.write(piece)
    except BlobsError as error:
        raise households.uploads.refused(HouseholdUploadFault.ROOM) from error
    finally:
        upload.finish()
    households.uploads.send(token, cut)


@router.post("/{token}/send")
def send(
    request: Request,
    token: str,
    since: Annotated[str, Form(alias="from", max_length=40)] = "",
    until: Word = "",
    agree: Word = "",
) -> Response:
    """Hand over the complete film: the script has uploaded everything."""
    households = households_of(site_of(request))
    try:
        if not agree:
            raise households.uploads.refused(HouseholdUploadFault.AGREE)
        households.uploads.send(token, _cut(since, until))
    except HouseholdUploadError as error:
        return _page(request, token, error.fault)
    return _sealing(households, token)


@router.post("/{token}/another")
def choose_another(request: Request, token: str) -> Response:
    """Delete the uploaded bytes, so that the household can choose another film."""
    try:
        households_of(site_of(request)).uploads.drop(token)
    except HouseholdUploadError as error:
        return _page(request, token, error.fault)
    return RedirectResponse(f"/give/{token[:TOKEN_CHARS]}", 303)


@router.post("/{token}/withdraw")
def withdraw(request: Request, token: str) -> Response:
    """Withdraw the consent: the household wants no more requests."""
    if not households_of(site_of(request)).uploads.withdraw(token[:TOKEN_CHARS]):
        raise HTTPException(404)
    return RedirectResponse(f"/give/{token[:TOKEN_CHARS]}", 303)


@router.post("/{token}/upload")
async def create_upload(request: Request, token: str) -> Response:
    """Start an upload, or continue the same file."""

    def begin() -> Response:
        resumable.check_version(request)
        names = resumable.metadata(request.headers.get("upload-metadata", ""), encoding="utf-8")
        upload = households_of(site_of(request)).uploads.begin(
            token,
            size_bytes=resumable.number(request, "upload-length"),
            name=names.get("name", ""),
            mark=names.get("mark", ""),
        )
        upload.finish()
        headers = {"Location": f"/give/{token}/upload/{upload.upload_id}"}
        return Response(status_code=201, headers=headers | resumable.offset(upload.offset_bytes))

    return await _answered(request, lambda: run_in_threadpool(begin))


@router.head("/{token}/upload/{upload_id}")
async def tell_offset(request: Request, token: str, upload_id: UUID) -> Response:
    """Progress of the upload."""

    def tell() -> Response:
        resumable.check_version(request)
        uploads = households_of(site_of(request)).uploads
        link = uploads.look(token)
        if link is None or link.upload_id != upload_id:
            raise uploads.refused(HouseholdUploadFault.LOST)
        length = {"Upload-Length": str(link.size_bytes), "Cache-Control": "no-store"}
        return Response(headers=resumable.offset(link.came_bytes) | length)

    return await _answered(request, lambda: run_in_threadpool(tell))


@router.patch("/{token}/upload/{upload_id}")
async def take_bytes(request: Request, token: str, upload_id: UUID) -> Response:
    """Take the next bytes of the upload."""

    async def take() -> Response:
        resumable.check_version(request)
        if request.headers.get("content-type") != pages.BODY_TYPE:
            raise resumable.UploadRefusal(415, f"the body of a PATCH is {pages.BODY_TYPE}")
        at = resumable.number(request, "upload-offset")
        upload = await run_in_threadpool(
            households_of(site_of(request)).uploads.resume, token, upload_id, at
        )
        return Response(
            status_code=204, headers=resumable.offset(await resumable.receive(request, upload))
        )

    return await _answered(request, take)


async def _answered(request: Request, act: Callable[[], Awaitable[Response]]) -> Response:
    """A fault becomes its status and a text for the page."""
    speech = words(language_of(request, None))
    try:
        return await act()
    except resumable.UploadRefusal as unwanted:
        answer = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
    except HouseholdUploadError as error:
        answer = _told(error.fault, speech)
    except WrongOffsetError as error:
        answer = JSONResponse({"reason": str(error)}, 409)
    except SupersededError:
        answer = JSONResponse({"reason": "another request brings this file now"}, 409)
    except BlobsError as error:
        site_of(request).storage_notice.lacking(error)
        answer = _told(HouseholdUploadFault.ROOM, speech)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has gone
    return await resumable.drained(request, answer)


def _told(fault: HouseholdUploadFault, speech: Messages) -> JSONResponse:
    said = {"reason": fault.value, "words": fault_word(fault, speech)}
    return JSONResponse(said, STATUS.get(fault, 422))


def _sealing(households: HouseholdServices, token: str) -> Response:
    """Page while the file is processed after the answer; the page reloads by itself."""
    after = BackgroundTask(households.arrivals.take_in)
    return RedirectResponse(f"/give/{token[:TOKEN_CHARS]}", 303, background=after)


def _page(request: Request, token: str, wrong: HouseholdUploadFault | None = None) -> Response:
    site = site_of(request)
    households = households_of(site)
    language = language_of(request, None)
    speech = words(language)
    link = households.uploads.look(token) if len(token) <= TOKEN_CHARS else None
    status_code = 200 if link is not None and link.state in SHOWN else GONE
    response = render(
        request,
        "give.html",
        session=None,
        status_code=STATUS.get(wrong, 422) if wrong else status_code,
        link=link,
        token=token,
        wrong=_wrong(link, wrong, speech),
        said=site.settings.public_words.get(language, PublicWords()),
        most={"bytes": households.uploads.most_bytes, "form": FORM_BYTES, "chunk": CHUNK_BYTES},
        gone=fault_word(HouseholdUploadFault.ENDED, speech),
        size=partial(size_word, speech=speech),
    )
    if link is not None and link.state == "sealing":
        response.background = BackgroundTask(households.arrivals.take_in)
    return response


def _wrong(link: HouseholdLink | None, wrong: HouseholdUploadFault | None, speech: Messages) -> str:
    if wrong is not None:
        return fault_word(wrong, speech)
    if link is None or not link.wrong or link.state not in ("open", "coming"):
        return ""
    return fault_word(HouseholdUploadFault(link.wrong), speech)


def size_word(size_bytes: int, speech: Messages) -> str:
    """A size in words: `3.4 GB`, `12 MB`, `310 kB`."""
    if size_bytes >= 1_000_000_000:
        return f"{one_decimal(size_bytes / 1e9, speech)} GB"
    if size_bytes >= 10_000_000:
        return f"{size_bytes / 1e6:.0f} MB"
    if size_bytes >= 1_000_000:
        return f"{one_decimal(size_bytes / 1e6, speech)} MB"
    return f"{max(1, round(size_bytes / 1e3))} kB"


def _cut(since: str, until: str) -> MarkedPart:
    return MarkedPart(_ms(since), _ms(until))


def _ms(said: str) -> int | None:
    """`90`, `1:30` or `0:01:30` from the start, in ms; None for an empty field."""
    said = said.strip().replace(",", ".")
    if not said:
        return None
    try:
        total_s = 0.0
        for part in said.split(":")[:4]:
            total_s = total_s * 60 + float(part)
        return round(total_s * 1000)
    except (ValueError, OverflowError) as error:
        raise HouseholdUploadError(HouseholdUploadFault.CUT) from error


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        **{f"household_upload.{one}": fault_word(one, words) for one in HouseholdUploadFault},
    }


def fault_word(fault: HouseholdUploadFault, speech: Messages) -> str:
    """Why the film is refused, and the cure."""
    say = speech.say
    return {
        HouseholdUploadFault.ENDED: say(
            "This link holds no more. Ask whoever sent it for another."
        ),
        HouseholdUploadFault.AGREE: say("Tick that you want to send it."),
        HouseholdUploadFault.EMPTY: say("Choose the film first."),
        HouseholdUploadFault.LARGE: say(
            "The film is too large: cut it on the phone first, or ask them."
        ),
        HouseholdUploadFault.LARGE_FORM: say(
            "Without this page's script a film may have 64 MB: open the page in another browser."
        ),
        HouseholdUploadFault.ROOM: say(
            "There is no room for it now. Nothing is lost: try again later."
        ),
        HouseholdUploadFault.CUT: say(
            "The part must end after it begins, and lie within the film."
        ),
        HouseholdUploadFault.NOT_VIDEO: say(
            "That file is no film that can be read. Choose the film itself."
        ),
        HouseholdUploadFault.LOST: say("Not all of it has come. Choose the same film once more."),
    }[fault]
