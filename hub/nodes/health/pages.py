"""Pages of the health of nodes, for people who look after their cameras."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.nodes.desired_state.service import SettingsService
from hub.nodes.desired_state.wording import waiting_line
from hub.nodes.diagnostics.rows import KEPT_S
from hub.nodes.diagnostics.service import DiagnosisService
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.health import plots, wording
from hub.nodes.health.service import NodeHealthService
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Health = Annotated[NodeHealthService, service(NodeHealthService)]


@router.get("/nodes")
def show_nodes(request: Request, visit: SignedIn, health: Health) -> Response:
    """All nodes of cameras one manages, those in trouble first; 404 for others."""
    if not health.tends(visit.asker):
        raise HTTPException(404)
    nodes, fates = health.node_states(visit.asker)
    calendar = visit.site.calendar(visit.asker.language)
    tends_areas = visit.use(EnrolmentService).tends_areas(visit.asker)
    cards = [
        wording.card(one, calendar, waited=visit.site.says_too_much(one.name)) for one in nodes
    ]
    return render(
        request,
        "nodes.html",
        session=visit.session,
        may_enrol=visit.find(Enrolling) is not None and tends_areas,
        tends_areas=tends_areas,
        nodes=sorted(cards, key=lambda one: -one.rank),
        troubled=sum(one.rank > 0 for one in cards),
        fates=wording.fates(fates, calendar.words),
    )


@router.get("/nodes/{node_id}")
def show_node(request: Request, visit: SignedIn, health: Health, node_id: UUID) -> Response:
    """A week of one node; 404 for people who do not manage it."""
    week = health.node_week(visit.asker, node_id)
    if week is None:
        raise HTTPException(404)
    node, said = week
    calendar = visit.site.calendar(visit.asker.language)
    drawn = plots.plots(said, calendar)
    waiting = visit.use(SettingsService).waiting(visit.asker, node_id)
    card = wording.card(node, calendar, waited=visit.site.says_too_much(node.name))
    return render(
        request,
        "node.html",
        session=visit.session,
        node=node,
        card=card,
        plots=drawn,
        waiting=waiting_line(waiting, calendar.words),
        diagnoses=visit.use(DiagnosisService).listed(visit.asker, node_id),
        kept_days=round(KEPT_S / 86_400),
    )


def acts(words: Messages) -> dict[str, str]:
    """Texts of its acts in the log."""
    say = words.say
    return {
        "node.open": say("opened a camera box"),
        "nodes.open": say("read the state of the camera boxes"),
        "node.birth": say("a camera box connected"),
    }
