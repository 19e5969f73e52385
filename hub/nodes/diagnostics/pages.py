"""Diagnosis files of nodes: requested and downloaded by the keeper, uploaded by the node."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.nodes.diagnostics.rows import MOST_BYTES, DiagnosisState
from hub.nodes.diagnostics.service import DiagnosisService
from hub.nodes.uploaded_answer import read_answer
from hub.web.i18n import Messages
from hub.web.rendering import site_of
from hub.web.resumable import UploadRefusal, drained, node_name_of
from hub.web.services import service

router = APIRouter()

Diagnoses = Annotated[DiagnosisService, service(DiagnosisService)]

FILE_TYPE: Final = "application/zip"
FILE_BEGINS: Final = b"PK"


@router.post("/nodes/{node_id}/diagnosis")
def ask(visit: FormSent, diagnoses: Diagnoses, node_id: UUID) -> Response:
    """Request one from the node; a node that is offline gets the request within a day."""
    if not diagnoses.ask(visit.asker, node_id):
        raise HTTPException(404)
    return RedirectResponse(f"/nodes/{node_id}#diagnosis", 303)


@router.get("/nodes/{node_id}/diagnosis/{diagnosis_id}")
def fetch(visit: SignedIn, diagnoses: Diagnoses, node_id: UUID, diagnosis_id: UUID) -> Response:
    """The file, for people who manage the node."""
    found = diagnoses.fetch(visit.asker, node_id, diagnosis_id)
    if found is None:
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f'attachment; filename="diagnosis-{diagnosis_id}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(found, media_type=FILE_TYPE, headers=headers)


@router.put("/upload/diagnosis/{command_id}")
async def take(request: Request, diagnoses: Diagnoses, command_id: UUID) -> Response:
    """The file, or as plain text why there is none: 204; 404 if this node was not asked, 410 if
    nobody waits for it any more."""
    site = site_of(request)
    try:
        node = await run_in_threadpool(node_name_of, request, site)
        is_asked = await run_in_threadpool(diagnoses.is_asked, node, command_id)
        said = await read_answer(
            request,
            is_asked=is_asked,
            file_type=FILE_TYPE,
            begins=FILE_BEGINS,
            most_bytes=MOST_BYTES,
        )
        _check(await run_in_threadpool(diagnoses.put, node, command_id, said))
    except UploadRefusal as unwanted:
        answer = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
        answer.headers.update(unwanted.headers)
        return await drained(request, answer)
    except (ClientDisconnect, TimeoutError):
        return Response(status_code=400)  # the client has gone
    return Response(status_code=204)


def _check(state: DiagnosisState | None) -> None:
    if state in (None, DiagnosisState.OVER):
        raise UploadRefusal(410, "over")


def acts(words: Messages) -> dict[str, str]:
    """Texts of its acts in the log."""
    say = words.say
    return {
        "diagnosis.ask": say("asked a camera box for a diagnosis file"),
        "diagnosis.fetch": say("fetched a diagnosis file"),
    }
