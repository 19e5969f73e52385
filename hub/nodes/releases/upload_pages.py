"""Upload of a signed release bundle by a keeper: by script in pieces (core of tus 1.0.0 with
creation), or by a plain form, which is also read in pieces."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent.wire.programs import MOST_BUNDLE_BYTES
from hub.access.signin.visit import ApiCalled, FormSent, SignedIn, SignedOutError, with_token
from hub.base.storage.blobs import BlobsError
from hub.base.storage.partial_files import SupersededError, WrongOffsetError
from hub.footage.upload import pages as upload_pages
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.releases import pages as releases_pages
from hub.nodes.releases.bundles import BundleRefusedError, BundleTrouble
from hub.nodes.releases.upload import BundleService, BundleUpload
from hub.web import resumable, streamed_form
from hub.web.i18n import Messages
from hub.web.rendering import site_of
from hub.web.services import service
from hub.web.streamed_form import MalformedError
from hub.web.visit import Visit

router = APIRouter(prefix="/configuration/programs")

Bundles = Annotated[BundleService, service(BundleService)]

STATUS: Final = {
    BundleTrouble.LARGE: 413,
    BundleTrouble.ROOM: 507,
    BundleTrouble.LOST: 409,
    BundleTrouble.NO_KEY: 409,
    BundleTrouble.SIGNED_OUT: 401,
}
"""All others: 422."""
FORM_AROUND_BYTES: Final = 4096
"""Approximate size of the form around the file."""
HOME: Final = "/configuration/programs"
MARK: Final = "mark"


@router.post("/add")
async def send_form(request: Request, visit: SignedIn, bundles: Bundles) -> Response:
    """Bundle from a plain form."""
    await run_in_threadpool(_check, visit)
    came: list[BundleUpload] = []

    def begin(fields: Mapping[str, str]) -> BundleUpload:
        with_token(visit, fields.get("csrf", ""))
        size_bytes = max(1, resumable.number(request, "content-length") - FORM_AROUND_BYTES)
        came.append(bundles.begin(visit.asker, size_bytes=size_bytes, mark=""))
        return came[0]

    async def take() -> Response:
        fields = await streamed_form.receive(request, file_field="bundle", begin=begin)
        if not came or not came[0].offset_bytes:
            raise BundleRefusedError(BundleTrouble.EMPTY)
        may_be_older = bool(fields.get("may_be_older"))
        return await run_in_threadpool(
            _taken, visit, bundles, came[0].upload_id, may_be_older=may_be_older
        )

    try:
        return await take()
    except BundleRefusedError as refused:
        if refused.trouble is BundleTrouble.SIGNED_OUT:
            raise SignedOutError from refused
        answer = await run_in_threadpool(_page, request, visit, refused)
    except (MalformedError, resumable.UploadRefusal) as error:
        raise HTTPException(422) from error
    except BlobsError as error:
        site_of(request).storage_notice.lacking(error)
        no_room = BundleRefusedError(BundleTrouble.ROOM, str(error))
        answer = await run_in_threadpool(_page, request, visit, no_room)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has gone
    finally:
        for upload in came:
            await run_in_threadpool(bundles.drop, visit.asker, upload.upload_id)
    return await resumable.drained(
        request, answer, most_bytes=MOST_BUNDLE_BYTES, most_s=resumable.STALL_S
    )


@router.post("/take")
def take(
    request: Request,
    visit: FormSent,
    bundles: Bundles,
    upload: Annotated[UUID, Form()],
    may_be_older: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Check and store the bundle, because the script has uploaded everything."""
    _check(visit)
    try:
        return _taken(visit, bundles, upload, may_be_older=bool(may_be_older))
    except BundleRefusedError as refused:
        if refused.trouble is BundleTrouble.SIGNED_OUT:
            raise SignedOutError from refused
        return _page(request, visit, refused)


@router.post("/upload")
async def create_upload(request: Request, visit: ApiCalled, bundles: Bundles) -> Response:
    """Start, or continue the same file: the answer has the progress."""

    def begin() -> Response:
        resumable.check_version(request)
        names = resumable.metadata(request.headers.get("upload-metadata", ""), encoding="utf-8")
        size_bytes = resumable.number(request, "upload-length")
        _check(visit)
        upload = bundles.begin(visit.asker, size_bytes=size_bytes, mark=names.get(MARK, "-"))
        upload.finish()
        headers = {"Location": f"{HOME}/upload/{upload.upload_id}"}
        return Response(status_code=201, headers=headers | resumable.offset(upload.offset_bytes))

    return await _answered(request, visit, lambda: run_in_threadpool(begin))


@router.patch("/upload/{upload_id}")
async def take_bytes(
    request: Request, visit: ApiCalled, bundles: Bundles, upload_id: UUID
) -> Response:
    """Take the next bytes of an upload."""

    async def receive() -> Response:
        resumable.check_version(request)
        if request.headers.get("content-type") != upload_pages.BODY_TYPE:
            raise resumable.UploadRefusal(415, f"the body of a PATCH is {upload_pages.BODY_TYPE}")
        at = resumable.number(request, "upload-offset")
        await run_in_threadpool(_check, visit)
        upload = await run_in_threadpool(bundles.resume, visit.asker, upload_id, at)
        return Response(
            status_code=204, headers=resumable.offset(await resumable.receive(request, upload))
        )

    return await _answered(request, visit, receive)


async def _answered(
    request: Request, visit: Visit, act: Callable[[], Awaitable[Response]]
) -> Response:
    """A fault becomes its status and a text for the page."""
    words = visit.site.calendar(visit.asker.language).words
    try:
        return await act()
    except resumable.UploadRefusal as unwanted:
        answer = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
    except BundleRefusedError as refused:
        answer = _told(refused, words)
    except WrongOffsetError as error:
        answer = JSONResponse({"reason": str(error)}, 409)
    except SupersededError:
        answer = JSONResponse({"reason": "another request brings this file now"}, 409)
    except BlobsError as error:
        site_of(request).storage_notice.lacking(error)
        answer = _told(BundleRefusedError(BundleTrouble.ROOM, str(error)), words)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has gone
    return await resumable.drained(request, answer)


def _told(refused: BundleRefusedError, words: Messages) -> JSONResponse:
    said = {"reason": refused.trouble.value, "words": sentence(refused, words)}
    return JSONResponse(said, STATUS.get(refused.trouble, 422))


def _taken(
    visit: Visit, bundles: BundleService, upload_id: UUID, *, may_be_older: bool
) -> Response:
    bundles.take(visit.asker, upload_id, may_be_older=may_be_older)
    return RedirectResponse(f"{HOME}#bundles", 303)


def _page(request: Request, visit: Visit, refused: BundleRefusedError) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    status_code = STATUS.get(refused.trouble, 422)
    return releases_pages.page(
        request, visit, wrong=sentence(refused, words), status_code=status_code
    )


def _check(visit: Visit) -> None:
    """404 for people who manage nothing."""
    if not visit.use(EnrolmentService).tends_areas(visit.asker):
        raise HTTPException(404)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        "release.added": words.say("%(name)s, sha256 %(sha)s"),
        **{f"bundle.{one}": sentence(BundleRefusedError(one), words) for one in BundleTrouble},
    }


def sentence(refused: BundleRefusedError, words: Messages) -> str:
    """Sentence with the reason of the refusal, and the cure."""
    say = words.say
    told = {
        BundleTrouble.NO_KEY: say(
            "This hub does not know the town's update key, and takes no bundle by a page without "
            "it: put update.pub at /etc/matthan/update.pub of the hub."
        ),
        BundleTrouble.EMPTY: say("Choose the bundle first: the file that sign.py pack has made."),
        BundleTrouble.LARGE: say("It is larger than bundles are: at most %(size)s MB.")
        % {"size": MOST_BUNDLE_BYTES // 1_000_000},
        BundleTrouble.UNSIGNED: say(
            "The town's update key did not sign it: sign it where the key is, or ask who made it."
        ),
        BundleTrouble.ALTERED: say(
            "It is not what was signed: something in it was changed or is missing. Copy it again, "
            "or ask who made it."
        ),
        BundleTrouble.NO_BUNDLE: say(
            "That file is no bundle of programs: choose the file that sign.py pack has made."
        ),
        BundleTrouble.OLDER: say(
            "It is older than the newest that is here. If it is meant to be gone back to, tick "
            "that and send it again."
        ),
        BundleTrouble.ROOM: say(
            "There is no room for it on the hub's disk: free some, or ask who looks after the hub."
        ),
        BundleTrouble.SIGNED_OUT: say("Your account was closed: nothing more is taken."),
        BundleTrouble.LOST: say("Not all of it has come. Choose the same file once more."),
    }[refused.trouble]
    # Further details are in the log, in English; this case needs two names of releases.
    is_shown = refused.trouble is BundleTrouble.OLDER and refused.detail
    return f"{told} ({refused.detail})" if is_shown else told
