"""Pages for those who look after cameras: how the nodes are, and what could not be delivered."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.alerts.channels import ORDERS
from hub.web import node_words
from hub.web.auth import FormSent, SignedIn
from hub.web.site import render

router = APIRouter()


@router.get("/nodes")
def show_nodes(request: Request, visit: SignedIn) -> Response:
    """Every node of cameras one may manage, those in trouble first; 404 for all others."""
    if not visit.site.door.tends(visit.asker):
        raise HTTPException(404)
    nodes, fates = visit.site.door.node_states(visit.asker)
    calendar = visit.site.calendar(visit.asker.language)
    return render(
        request,
        "nodes.html",
        session=visit.session,
        nodes=[node_words.card(one, calendar) for one in nodes],
        dark=sum(one.is_dark for one in nodes),
        fates=node_words.fates(fates, calendar.words),
    )


@router.get("/undelivered")
def show_undelivered(request: Request, visit: SignedIn) -> Response:
    """What never reached its phone, and phones that are lost; 404 for those who tend nothing."""
    if not visit.site.door.tends(visit.asker):
        raise HTTPException(404)
    found = visit.site.door.undelivered(visit.asker)
    return render(request, "undelivered.html", session=visit.session, found=found)


@router.post("/settings/channels")
def choose_channels(visit: FormSent, order: Annotated[str, Form()] = "") -> Response:
    """By which channel one is told first."""
    if order not in ORDERS:
        raise HTTPException(422)
    visit.site.door.choose_channels(visit.asker, order)
    return RedirectResponse("/settings", 303)
