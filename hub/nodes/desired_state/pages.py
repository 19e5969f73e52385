"""Pages for remote settings of nodes: previewed first, then desired."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from agent.wire.settings import SettingsFault
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.base.errors import RegistryError
from hub.nodes.desired_state import listing, wording
from hub.nodes.desired_state.fault_wording import fault_words
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.release_service import ReleaseService
from hub.nodes.desired_state.service import SettingsService
from hub.nodes.desired_state.views import NodePreview, NodeSettingsRow, ScopePage
from hub.nodes.enrolment.service import EnrolmentService
from hub.web.forms import TypedForm, id_of
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/configuration")

Enrolments = Annotated[EnrolmentService, service(EnrolmentService)]
Settings = Annotated[SettingsService, service(SettingsService)]

SHOWN: Final = 50
"""Nodes of a preview that are listed; the rest are counted."""
Kind = Literal["node", "area", "group"]


class SettingsForm(TypedForm):
    """Settings as typed, one field by the name of each key."""

    model_config = ConfigDict(extra="allow")

    seen: str = ""
    """Id of the settings that the form showed."""
    reason: Annotated[str, Field(max_length=300)] = ""

    def typed(self) -> dict[str, str]:
        """Typed texts by key."""
        return {key: str(value) for key, value in (self.model_extra or {}).items()}


@router.get("")
def show_overview(
    request: Request, visit: SignedIn, enrolments: Enrolments, settings: Settings
) -> Response:
    """Progress of every node; 404 for people who manage nothing."""
    if not enrolments.tends_areas(visit.asker):
        raise HTTPException(404)
    found = settings.overview(visit.asker)
    words = visit.site.calendar(visit.asker.language).words
    names = {row.scope: row.name for row in found.scopes}
    table = listing.SETTINGS.view(request.query_params)
    shown = listing.SETTINGS.rows(found.nodes, table)
    return render(
        request,
        "configuration.html",
        session=visit.session,
        table=table,
        nodes=[_node(row, words) for row in shown],
        total=len(found.nodes),
        states=listing.states_of((row.state for row in found.nodes), table.filters["state"], words),
        scopes=found.scopes,
        rollouts=[
            (
                one,
                names.get(one.scope, ""),
                wording.course_word(one.course, words),
                wording.fates_line(one.fates, words),
                wording.halt_words(one.why, words),
            )
            for one in found.rollouts
        ],
    )


@router.get("/{kind}/{scope_id}")
def show_scope(
    request: Request, visit: SignedIn, settings: Settings, kind: Kind, scope_id: UUID
) -> Response:
    """Desired settings of one node, area or group, and their history."""
    return _shown(request, visit, _page(visit, settings, kind, scope_id, ""))


@router.post("/{kind}/{scope_id}/preview")
def preview(
    request: Request,
    visit: FormSent,
    settings: Settings,
    kind: Kind,
    scope_id: UUID,
    entered: Annotated[SettingsForm, Form()],
) -> Response:
    """Page that shows what would change at each node; nothing is stored."""
    form = entered.typed()
    page = _page(visit, settings, kind, scope_id, entered.seen)
    words = visit.site.calendar(visit.asker.language).words
    try:
        changes = wording.changes(form, page.seen_wanted)
        found = settings.preview(visit.asker, page.scope, changes)
    except (SettingsFault, ValueError) as fault:
        said = words.say("That cannot be wanted: %(why)s.") % {
            "why": fault_words(str(fault), words)
        }
        return _shown(request, visit, page, form=form, wrong=said)
    if found is None:
        raise HTTPException(404)
    return _shown(request, visit, page, form=form, found=found)


@router.post("/{kind}/{scope_id}")
def want(
    request: Request,
    visit: ProvedForm,
    settings: Settings,
    kind: Kind,
    scope_id: UUID,
    entered: Annotated[SettingsForm, Form()],
) -> Response:
    """Store settings as desired: for a node at once, for an area or group in stages."""
    form = entered.typed()
    page = _page(visit, settings, kind, scope_id, entered.seen)
    words = visit.site.calendar(visit.asker.language).words
    if not entered.reason:
        said = words.say("Give a reason: somebody will ask one day.")
        return _shown(request, visit, page, form=form, wrong=said)
    try:
        changes = wording.changes(form, page.seen_wanted)
        is_done = settings.want(visit.asker, page.scope, changes, reason=entered.reason)
    except RegistryError:
        said = words.say("Something is going out to some of these boxes already: wait, or halt it.")
        return _shown(request, visit, page, form=form, wrong=said)
    except (SettingsFault, ValueError) as fault:
        said = words.say("That cannot be wanted: %(why)s.") % {
            "why": fault_words(str(fault), words)
        }
        return _shown(request, visit, page, form=form, wrong=said)
    if not is_done:
        raise HTTPException(404)
    return RedirectResponse(f"/configuration/{kind}/{scope_id}", 303)


@router.post("/nodes/{node_id}/again")
def try_again(visit: FormSent, settings: Settings, node_id: UUID) -> Response:
    """Let a node that refused or fell back try again."""
    if not settings.try_again(visit.asker, node_id):
        raise HTTPException(404)
    return RedirectResponse(f"/configuration/node/{node_id}", 303)


@router.post("/rollouts/{rollout_id}/halt")
def halt(
    visit: FormSent,
    settings: Settings,
    rollout_id: UUID,
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Stop a roll-out; all its nodes go back."""
    if not settings.halt(visit.asker, rollout_id, reason=reason):
        raise HTTPException(404)
    return RedirectResponse("/configuration", 303)


def _shown(
    request: Request,
    visit: Visit,
    page: ScopePage,
    *,
    form: Mapping[str, str] | None = None,
    found: list[NodePreview] | None = None,
    wrong: str = "",
) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "configuration_of.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        fields=wording.fields(page.wanted, page.origins, words),
        first=wording.FIRST,
        form=form or {},
        drawn=_drawn(page),
        bundles=visit.use(ReleaseService).bundles(visit.asker),
        nodes=[_node(row, words) for row in page.nodes],
        waiting=wording.waiting_line(page.waiting, words),
        previews=None if found is None else [_preview(one, words) for one in found[:SHOWN]],
        more=max(0, len(found or ()) - SHOWN),
        past=[
            (one, wording.halt_words(one.reason, words), wording.change_lines(one.changed, words))
            for one in page.history
        ],
        wrong=wrong,
    )


def _node(row: NodeSettingsRow, words: Messages) -> tuple[NodeSettingsRow, str, str]:
    """A node, its state, and why it refused."""
    return row, wording.state_word(row.state, words), fault_words(row.reason, words)


def _preview(one: NodePreview, words: Messages) -> tuple[NodePreview, list[str], str, str]:
    waiting = wording.waiting_line(one.waiting, words)
    changed = wording.change_lines(one.changed, words)
    return one, changed, waiting, fault_words(one.fault, words)


def _drawn(page: ScopePage) -> list[str]:
    """Cameras of a node with desired zones, lines or masks."""
    cameras: Mapping[str, Any] = page.wanted.get("cameras") or {}
    return sorted(cameras)


def _page(
    visit: Visit, settings: SettingsService, kind: Kind, scope_id: UUID, seen: str
) -> ScopePage:
    page = settings.page(visit.asker, Scope(kind, scope_id), id_of(seen))
    if page is None:
        raise HTTPException(404)
    return page


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "group.members": say("%(n)s nodes, %(m)s new, %(k)s gone"),
        "settings.wanted": say("%(n)s nodes: %(reason)s"),
        "settings.roll_out_running": say(
            "a roll-out to some of these nodes is running (%(name)s): wait, or halt it"
        ),
        "settings.in_stages": say("%(n)s nodes, in stages: %(reason)s"),
        "settings.go_back": say("%(n)s nodes go back: %(halted)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "group.add": say("made a group of camera boxes"),
        "group.members": say("changed a group of camera boxes"),
        "settings.list": say("read the settings of the camera boxes"),
        "settings.open": say("opened the settings of camera boxes"),
        "settings.preview": say("looked what settings would change"),
        "settings.want": say("changed the settings of camera boxes"),
        "settings.roll": say("settings went out to the next camera boxes"),
        "settings.halt": say("halted a roll-out of settings"),
        "settings.again": say("let a camera box try its settings again"),
        "programs.list": say("read the programs of the camera boxes"),
    }
