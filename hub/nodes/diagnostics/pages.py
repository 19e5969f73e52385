"""Diagnosis files of nodes: requested and downloaded by the keeper, uploaded by the node."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.nodes.diagnostics.rows import MOST_BYTES
from hub.nodes.diagnostics.service import DiagnosisService
from hub.nodes.uploaded_answer import AnswerKind, take_answer
from hub.web.i18n import Messages
from hub.web.services import service

router = APIRouter()

Diagnoses = Annotated[DiagnosisService, service(DiagnosisService)]

KIND: Final = AnswerKind(file_type="application/zip", begins=b"PK", most_bytes=MOST_BYTES)


@router.post("/nodes/{node_id}/diagnosis")
def ask(visit: FormSent, diagnoses: Diagnoses, node_id: UUID) -> Response:
    """Request a diagnosis file from the node; a node that is offline gets the request if it returns
    within a day."""
    if not diagnoses.ask(visit.asker, node_id):
        raise HTTPException(404)
    return RedirectResponse(f"/nodes/{node_id}#diagnosis", 303)


@router.get("/nodes/{node_id}/diagnosis/{diagnosis_id}")
def fetch(visit: SignedIn, diagnoses: Diagnoses, node_id: UUID, diagnosis_id: UUID) -> Response:
    """Download the file, for people who manage the node."""
    found = diagnoses.fetch(visit.asker, node_id, diagnosis_id)
    if found is None:
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f'attachment; filename="diagnosis-{diagnosis_id}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(found, media_type=KIND.file_type, headers=headers)


@router.put("/upload/diagnosis/{command_id}")
async def take(request: Request, diagnoses: Diagnoses, command_id: UUID) -> Response:
    """See `take_answer`."""
    return await take_answer(
        request, KIND, command_id, is_asked=diagnoses.is_asked, put=diagnoses.put
    )


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "diagnosis.ask": say("asked a camera box for a diagnosis file"),
        "diagnosis.fetch": say("fetched a diagnosis file"),
    }
