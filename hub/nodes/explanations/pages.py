"""Why a camera did not report people in its last hour: asked for, awaited, opened or saved.

The file comes from the node and is shown in a sandbox: it can run and load nothing.
"""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.nodes.explanations.asked import (
    KEPT_S,
    MOST_BYTES,
    AskedExplanations,
    ExplanationState,
)
from hub.nodes.explanations.service import ExplanationService
from hub.nodes.uploaded_answer import read_answer
from hub.web.i18n import Messages
from hub.web.rendering import render, site_of
from hub.web.resumable import UploadRefusal, drained, node_name_of
from hub.web.services import service

router = APIRouter()

Explanations = Annotated[ExplanationService, service(ExplanationService)]
Asked = Annotated[AskedExplanations, service(AskedExplanations)]

REFRESH_S: Final = 3
FILE_TYPE: Final = "text/html"
FILE_BEGINS: Final = b"<!doctype html>"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none';"
        " sandbox"
    ),
}


@router.get("/cameras/{camera_id}/explanation")
def show_explanation(
    request: Request,
    visit: SignedIn,
    explanations: Explanations,
    asked: Asked,
    camera_id: UUID,
) -> Response:
    """What was asked, and the way to the answer; 404 for people who may not see the camera."""
    found = explanations.state(visit.asker, camera_id)
    if found is None:
        raise HTTPException(404)
    camera, one = found
    calendar = visit.site.calendar(visit.asker.language)
    age_s = asked.age_s(one) if one is not None else 0.0
    return render(
        request,
        "explanation.html",
        session=visit.session,
        camera=camera,
        one=one,
        at_utc_us=calendar.now_utc_us - round(age_s * 1e6),
        is_waiting=one is not None and one.state is ExplanationState.WAITING,
        refresh_s=REFRESH_S,
        kept_minutes=round(KEPT_S / 60),
    )


@router.post("/cameras/{camera_id}/explanation")
def ask_for_explanation(visit: FormSent, explanations: Explanations, camera_id: UUID) -> Response:
    """Ask the camera's node."""
    if not explanations.ask(visit.asker, camera_id, language=visit.asker.language):
        raise HTTPException(404)
    return RedirectResponse(f"/cameras/{camera_id}/explanation", 303)


@router.get("/cameras/{camera_id}/explanation/page")
def open_explanation(
    visit: SignedIn, explanations: Explanations, camera_id: UUID, save: bool = False
) -> Response:
    """The file with its pictures; with `save` as a download."""
    content = explanations.open(visit.asker, camera_id)
    if content is None:
        raise HTTPException(404)
    headers = dict(HEADERS)
    if save:
        headers["Content-Disposition"] = f'attachment; filename="explanation-{camera_id}.html"'
    return Response(content, media_type=FILE_TYPE, headers=headers)


@router.put("/upload/explanation/{command_id}")
async def take_explanation(request: Request, asked: Asked, command_id: UUID) -> Response:
    """The file, or as plain text why there is none: 204; 404 if this node was not asked, 410 if
    nobody waits for it any more."""
    site = site_of(request)
    try:
        node = await run_in_threadpool(node_name_of, request, site)
        answer = await read_answer(
            request,
            is_asked=asked.is_asked(node, command_id),
            file_type=FILE_TYPE,
            begins=FILE_BEGINS,
            most_bytes=MOST_BYTES,
        )
        _check(asked.put(node, command_id, answer))
    except UploadRefusal as unwanted:
        refusal = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
        refusal.headers.update(unwanted.headers)
        return await drained(request, refusal)
    except (ClientDisconnect, TimeoutError):
        return Response(status_code=400)  # the client has gone
    return Response(status_code=204)


def _check(state: ExplanationState | None) -> None:
    if state in (None, ExplanationState.OVER):
        raise UploadRefusal(410, "over")


def acts(words: Messages) -> dict[str, str]:
    """Texts of its acts in the log."""
    say = words.say
    return {
        "explanation.ask": say("asked why a camera did not report people in its last hour"),
        "explanation.open": say("opened the pictures of people that a camera did not report"),
    }
