"""Enrolment of nodes: a keeper creates a code, a technician takes it to the box."""

from base64 import b64encode
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from agent.wire.enrolment import EnrolmentCode
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.base.errors import RegistryError
from hub.nodes.enrolment.camera_sources import camera_of
from hub.nodes.enrolment.cloud_init import user_data
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.enrolment.sheet_pages import enrolling_of
from hub.nodes.enrolment.sheet_service import EnrolmentSheetService
from hub.nodes.enrolment.sheet_wording import qr, summary
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

Enrolments = Annotated[EnrolmentService, service(EnrolmentService)]


@router.get("/enrolments")
def show_enrolments(request: Request, visit: SignedIn, enrolments: Enrolments) -> Response:
    """Open enrolments, and the form for another; 404 for people who manage nothing."""
    return _page(request, visit, enrolments)


@router.post("/enrolments")
def make_enrolment(
    request: Request,
    visit: ProvedForm,
    enrolments: Enrolments,
    area: Annotated[UUID, Form()],
    node: Annotated[str, Form(max_length=80)] = "",
    cameras: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Create a code and show it once."""
    enrolling = enrolling_of(visit)
    words = visit.site.calendar(visit.asker.language).words
    try:
        found = [camera_of(line) for line in cameras.splitlines() if line.strip()]
    except ValueError:
        return _page(request, visit, enrolments, wrong=_wrong_camera(words))
    try:
        token = enrolments.make_enrolment(
            visit.asker, area, node=node.strip().lower(), cameras=found
        )
    except RegistryError:
        return _page(request, visit, enrolments, wrong=_wrong_name(words))
    if token is None:
        raise HTTPException(404)
    code = enrolling.code(token)
    return _page(request, visit, enrolments, made=node.strip().lower(), code=code)


@router.post("/enrolments/{enrolment_id}/withdraw")
def withdraw(visit: FormSent, enrolments: Enrolments, enrolment_id: UUID) -> Response:
    """Cancel a code."""
    if not enrolments.withdraw_enrolment(visit.asker, enrolment_id):
        raise HTTPException(404)
    return RedirectResponse("/enrolments", 303)


@router.post("/enrolments/shut-out")
def shut_out(
    request: Request,
    visit: ProvedForm,
    enrolments: Enrolments,
    node: Annotated[str, Form(max_length=80)] = "",
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Revoke a stolen box: messages under its name are ignored, and its connection ends."""
    enrolling = enrolling_of(visit)
    if not reason.strip():
        words = visit.site.calendar(visit.asker.language).words
        return _page(
            request, visit, enrolments, wrong=words.say("Give a reason: somebody will ask one day.")
        )
    if not enrolments.revoke_node(visit.asker, node, why=reason.strip()):
        raise HTTPException(404)
    enrolling.shut_out(node)
    return RedirectResponse("/enrolments", 303)


def _page(
    request: Request,
    visit: Visit,
    enrolments: EnrolmentService,
    *,
    made: str = "",
    code: EnrolmentCode | None = None,
    wrong: str = "",
) -> Response:
    enrolling_of(visit)
    sheets = visit.use(EnrolmentSheetService)
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "enrolments.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=enrolments.enrolments(visit.asker),
        sheets=[(one, summary(one, words)) for one in sheets.sheets(visit.asker)],
        made=made,
        code=code.text if code else "",
        qr=qr(code.text, words) if code else "",
        first_boot=_first_boot(made, code) if code else "",
        wrong=wrong,
    )


def _wrong_camera(words: Messages) -> str:
    return words.say("A line of the cameras is none: write NAME=rtsp://…, one camera a line.")


def _wrong_name(words: Messages) -> str:
    return words.say(
        "That name cannot be: a-z, 0-9 and inner hyphens, each camera another, and no box of"
        " another place."
    )


def _first_boot(node: str, code: EnrolmentCode) -> str:
    """File for a flashed card, as a data address: the hub does not store it."""
    text = user_data(node, code).encode()
    return f"data:application/octet-stream;base64,{b64encode(text).decode()}"


def why_refused(why: str, words: Messages) -> str:
    """Why an enrolment was refused; KeyError for a reason of another version."""
    say = words.say
    return {
        "unknown": say("unknown"),
        "expired": say("expired"),
        "used": say("used"),
        "withdrawn": say("withdrawn"),
        "revoked": say("revoked"),
    }[why]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "enrolments.count": say("%(n)s wait"),
        "enrolment.validity": say(
            "an enrolment is valid for at least one second and at most 14 days"
        ),
        "enrolment.cameras": say("a node has at most %(n)s cameras, all with different names"),
        "enrolment.other_area": say("node %(name)s already exists in another area"),
        "enrolment.refused": "%(why)s",
        "enrolment_sheet.boxes": say("%(n)s boxes"),
        "enrolment_sheet.boxes_and_days": say("%(n)s boxes, %(m)s days"),
        "enrolment_sheet.wrong_lines": say("%(n)s lines are wrong"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "enrolments.open": say("read which new camera boxes are expected"),
        "enrolment.make": say("made a code for a new camera box"),
        "enrolment.redeem": say("a camera box used its code"),
        "enrolment.refused": say("a code of a camera box was refused"),
        "enrolment.withdraw": say("withdrew the code of a camera box"),
        "papers.renew": say("a camera box renewed its certificate"),
        "node.revoke": say("locked a camera box"),
    }
