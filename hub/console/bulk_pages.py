"""Acts of the inbox on many alerts: close the chosen ones with one reason, and take that back."""

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.access.signin.visit import FormSent
from hub.alerting.alerts.rules.lifecycle import UNDO_S, Act, offers_undo
from hub.alerting.response.bulk import BulkService, Closings, TooManyError
from hub.console.inbox_form import number, parsed
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/alerts")

Bulk = Annotated[BulkService, service(BulkService)]

ACTS: Final[dict[str, Act]] = {"resolve": "resolve", "false": "false_alarm"}
"""Value of the button → act."""

SAID: Final = frozenset({"none", "many", "undone", "late"})
"""Ends of an act on many that closed nothing, in the list's address."""


@router.post("/close")
def close_chosen(
    request: Request,
    visit: FormSent,
    bulk: Bulk,
    alert: Annotated[list[UUID] | None, Form()] = None,
    end: Annotated[str, Form(max_length=10)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    cause: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Close the chosen alerts; the list says how many, and offers to take that back.

    A script, which closes many in parts, gets numbers instead of the list."""
    act = ACTS.get(end)
    if act is None:
        raise HTTPException(422)
    form = parsed(request.query_params)
    try:
        done = bulk.close(visit.asker, alert or [], act=act, reason=note, cause=cause or None)
    except TooManyError:
        return RedirectResponse(form.address(bulk="many"), 303)
    except ValueError:
        return RedirectResponse(form.address(bulk="none"), 303)
    closings = done.closings or Closings(0, 0)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(asdict(closings) | {"kept": done.kept})
    told = f"{closings.first_utc_us}.{closings.last_utc_us}.{done.kept}"
    return RedirectResponse(form.address(select="", bulk=told), 303)


@router.post("/undo")
def undo_closings(
    request: Request,
    visit: FormSent,
    bulk: Bulk,
    first: Annotated[int, Form(ge=0, le=2**62)],
    last: Annotated[int, Form(ge=0, le=2**62)],
) -> Response:
    """Take back the closing of many alerts, within seconds."""
    undone = bulk.undo(visit.asker, Closings(first, last))
    form = parsed(request.query_params)
    return RedirectResponse(form.address(bulk="undone" if undone else "late"), 303)


def told(visit: Visit, service: BulkService, bulk: str) -> dict[str, Any]:
    """Message of the list about the last act on many alerts, from the address: one of `SAID`, or
    the closings and the number of alerts that could not be closed."""
    match [number(part) for part in bulk.split(".")]:
        case [int() as first, int() as last, int() as kept]:
            closings = Closings(first, last)
            return {
                "bulk": "closed",
                "closings": closings,
                "closed": service.count(visit.asker, closings),
                "kept": kept,
                "undo_s": UNDO_S if offers_undo(last, visit.site.settings.now()) else 0,
            }
    return {"bulk": bulk if bulk in SAID else ""}
