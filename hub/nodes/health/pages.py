"""Pages of the health of nodes, for people who look after their cameras."""

from collections import Counter
from dataclasses import dataclass
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
from hub.nodes.explanations.service import ExplanationService
from hub.nodes.health import plots, wording
from hub.nodes.health.listing import ROWS, NodesForm, area_choices
from hub.nodes.health.service import NodeHealthService
from hub.nodes.no_answer_wording import no_answer_words
from hub.registry.condition import Condition
from hub.registry.wording import LOOKS
from hub.web.forms import id_of
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.table_view import TableView

router = APIRouter()

Diagnoses = Annotated[DiagnosisService, service(DiagnosisService)]
Enrolments = Annotated[EnrolmentService, service(EnrolmentService)]
Explanations = Annotated[ExplanationService, service(ExplanationService)]
NodeSettings = Annotated[SettingsService, service(SettingsService)]
Health = Annotated[NodeHealthService, service(NodeHealthService)]


@router.get("/nodes")
def show_nodes(
    request: Request, visit: SignedIn, enrolments: Enrolments, health: Health
) -> Response:
    """The nodes of cameras one manages as a table, those in trouble first, and one of them in
    detail. 404 for people who manage nothing."""
    if not health.tends(visit.asker):
        raise HTTPException(404)
    nodes, fates = health.node_states(visit.asker)
    calendar = visit.site.calendar(visit.asker.language)
    tends_areas = enrolments.tends_areas(visit.asker)
    cards = [wording.card(one, calendar) for one in nodes]
    form = NodesForm.of(request.query_params)
    table = form.table("/nodes")
    asked = next((one for one in cards if one.node.node_id == id_of(form.box)), None)
    rows = form.rows(cards)
    pages = max(1, -(-len(rows) // ROWS))
    page = min(form.page, pages)
    shown = rows[(page - 1) * ROWS : page * ROWS]
    return render(
        request,
        "nodes.html",
        session=visit.session,
        may_enrol=visit.find(Enrolling) is not None and tends_areas,
        tends_areas=tends_areas,
        table=table,
        shown=shown,
        chosen=asked or next(iter(shown), None),
        is_chosen=asked is not None,
        page=page,
        pages=pages,
        states=_states(cards, table, calendar.words),
        areas=area_choices(cards),
        orders=_orders(form.order, calendar.words),
        total=len(cards),
        troubled=sum(one.rank > 0 for one in cards),
        fates=wording.fates(fates, calendar.words),
    )


@dataclass(frozen=True, slots=True)
class StateCount:
    """Number of nodes in one state, and the address of the page that shows only these."""

    state: Condition
    name: str
    token: str
    icon: str
    count: int
    address: str
    is_shown: bool


def _states(cards: list[wording.NodeCard], table: TableView, words: Messages) -> list[StateCount]:
    """Links to the states that occur, worst first; the link of the shown state leads back to
    all."""
    counts = Counter(card.condition for card in cards)
    shown = table.filters["state"]
    return [
        StateCount(
            one,
            wording.condition_name(one, words),
            *LOOKS[one],
            counts[one],
            table.address(state="" if shown == one else one),
            shown == one,
        )
        for one in Condition
        if counts[one] or shown == one
    ]


def _orders(now: str, words: Messages) -> list[tuple[str, str]]:
    """Orders to choose on a phone, which has no room for every column; the present one too."""
    say = words.say
    found = [
        ("state", say("Worst first")),
        ("name", say("By name")),
        ("place", say("By place")),
        ("heard", say("Longest unheard first")),
        ("disk", say("Fullest disk first")),
        ("-clock", say("Worst clock first")),
        ("version", say("Oldest version first")),
    ]
    is_named = any(value == now for value, _ in found)
    return found if is_named else [(now, say("As it is now")), *found]


@router.get("/nodes/{node_id}")
def show_node(
    request: Request,
    visit: SignedIn,
    diagnoses: Diagnoses,
    explanations: Explanations,
    node_settings: NodeSettings,
    health: Health,
    node_id: UUID,
) -> Response:
    """A week of one node; 404 for people who do not manage it."""
    week = health.node_week(visit.asker, node_id)
    if week is None:
        raise HTTPException(404)
    node, said = week
    calendar = visit.site.calendar(visit.asker.language)
    drawn = plots.plots(said, calendar)
    waiting = node_settings.waiting(visit.asker, node_id)
    card = wording.card(node, calendar)
    return render(
        request,
        "node.html",
        session=visit.session,
        node=node,
        card=card,
        plots=drawn,
        waiting=waiting_line(waiting, calendar.words),
        explained=explanations.of_node(visit.asker, node_id),
        diagnoses=diagnoses.listed(visit.asker, node_id),
        why_not=lambda reason: no_answer_words(reason, calendar.words),
        kept_days=round(KEPT_S / 86_400),
    )


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "nodes.count": say("%(n)s nodes"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "node.open": say("opened a camera box"),
        "nodes.open": say("read the state of the camera boxes"),
        "node.birth": say("a camera box connected"),
    }
