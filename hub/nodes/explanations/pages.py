"""Pages of explanations: why a camera did not report people in its last hour; requested, awaited,
opened or saved.

The file comes from the node and is shown in a sandbox: it can run and load nothing.
"""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.nodes.explanations.asked import KEPT_S, MOST_BYTES, AskedExplanations
from hub.nodes.explanations.service import ExplanationService
from hub.nodes.no_answer_wording import no_answer_words
from hub.nodes.uploaded_answer import AnswerKind, AnswerState, take_answer
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Explanations = Annotated[ExplanationService, service(ExplanationService)]
Asked = Annotated[AskedExplanations, service(AskedExplanations)]

REFRESH_S: Final = 3
KIND: Final = AnswerKind(file_type="text/html", begins=b"<!doctype html>", most_bytes=MOST_BYTES)
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'"
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'; sandbox",
}
SAVED_POLICY: Final = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
"""First in a saved file: there no header holds, and the box may be in the wrong hands."""


@router.get("/cameras/{camera_id}/explanation")
def show_explanation(
    request: Request,
    visit: SignedIn,
    explanations: Explanations,
    asked: Asked,
    camera_id: UUID,
    asked_id: Annotated[UUID | None, Query(alias="asked")] = None,
) -> Response:
    """State of the request, and the link to the answer; 404 for people who may not see the camera.
    `asked`: the request that they made just now, maybe at another process; this one may hear of it
    in a moment."""
    found = explanations.state(visit.asker, camera_id)
    if found is None:
        raise HTTPException(404)
    camera, one = found
    is_heard = True
    if asked.is_shared and asked_id is not None:
        key = visit.asker.person_id, camera_id
        is_heard = asked.hears_of(key, asked_id)
        one = asked.state(key)
    calendar = visit.site.calendar(visit.asker.language)
    age_s = asked.age_s(one) if one is not None else 0.0
    return render(
        request,
        "explanation.html",
        session=visit.session,
        camera=camera,
        one=one,
        why=no_answer_words(one.reason, calendar.words) if one is not None else "",
        at_utc_us=calendar.now_utc_us - round(age_s * 1e6),
        is_waiting=not is_heard or (one is not None and one.state is AnswerState.WAITING),
        refresh_s=REFRESH_S,
        kept_minutes=round(KEPT_S / 60),
    )


@router.post("/cameras/{camera_id}/explanation")
def ask_for_explanation(visit: FormSent, explanations: Explanations, camera_id: UUID) -> Response:
    """Request an explanation from the camera's node."""
    asked_id = explanations.ask(visit.asker, camera_id, language=visit.asker.language)
    if asked_id is None:
        raise HTTPException(404)
    return RedirectResponse(f"/cameras/{camera_id}/explanation?asked={asked_id}", 303)


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
        content = KIND.begins + SAVED_POLICY.encode() + content.removeprefix(KIND.begins)
        headers["Content-Disposition"] = f'attachment; filename="explanation-{camera_id}.html"'
    return Response(content, media_type=KIND.file_type, headers=headers)


@router.put("/upload/explanation/{command_id}")
async def take_explanation(request: Request, asked: Asked, command_id: UUID) -> Response:
    """See `take_answer`; 503 for what this process does not know but another may."""
    answer = await take_answer(request, KIND, command_id, is_asked=asked.is_asked, put=asked.put)
    if answer.status_code == HTTPStatus.NOT_FOUND and asked.is_shared:
        # This process may not have heard of the request yet: the node brings it when asked again.
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return answer


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "explanation.ask": say("asked why a camera did not report people in its last hour"),
        "explanation.open": say("opened the pictures of people that a camera did not report"),
    }
