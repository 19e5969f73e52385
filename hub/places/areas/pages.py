"""Pages of areas: editing the tree with dates, and import from a table."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.base.text.csv_import import Import
from hub.base.text.csv_table import MOST_BYTES
from hub.places.areas.forms import AreaForm, form_of, last_day
from hub.places.areas.rows import AreaError, AreaFault
from hub.places.areas.service import AreaService
from hub.web import csv_wording
from hub.web.forms import TableForm
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/areas")

Areas = Annotated[AreaService, service(AreaService)]

TABLES: Final = ("areas", "cameras", "rosters")
DONE: Final = ("add", "change", "same")


class ImportForm(TableForm):
    """A table with the kind of its lines."""

    what: str = ""


@router.get("")
def show_areas(
    request: Request,
    visit: SignedIn,
    areas: Areas,
    saved: str = "",
    change: UUID | None = None,
) -> Response:
    """Areas one administers, with the form of the one to `change`; 404 for others."""
    return _page(request, visit, areas, saved=saved, change=change)


def _page(
    request: Request,
    visit: Visit,
    areas: AreaService,
    *,
    saved: str = "",
    wrong: AreaError | None = None,
    change: UUID | None = None,
    entered: AreaForm | None = None,
) -> Response:
    rows = areas.areas(visit.asker)
    if not rows:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    now = calendar.now_utc_us
    return render(
        request,
        "areas.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        rows=[
            (
                row,
                last_day(row, calendar),
                row.valid_until_utc_us is not None and row.valid_until_utc_us <= now,
            )
            for row in rows
        ],
        ended_grants=int(saved) if saved.isascii() and saved.isdecimal() and len(saved) < 6 else 0,
        is_saved=bool(saved),
        wrong=fault_word(wrong.fault, calendar.words) if wrong else "",
        change=change,
        form_of=lambda row: entered or form_of(row, calendar),
        new=(change is None and entered) or AreaForm(),
    )


@router.post("")
def add_area(
    request: Request, visit: ProvedForm, areas: Areas, entered: Annotated[AreaForm, Form()]
) -> Response:
    """Add an area within one of one's own."""
    try:
        area_id = areas.add_area(visit.asker, entered.words(_zone(visit)))
    except AreaError as error:
        return _page(request, visit, areas, wrong=error, entered=entered)
    if area_id is None:
        raise HTTPException(404)
    return RedirectResponse("/areas?saved=0", 303)


@router.get("/import")
def show_import(request: Request, visit: SignedIn, areas: Areas, what: str = "") -> Response:
    """Form for a table; 404 for people without the right."""
    return _import_page(request, visit, areas, what=what)


@router.post("/import")
def try_table(
    request: Request, visit: FormSent, areas: Areas, handed_in: Annotated[ImportForm, Form()]
) -> Response:
    """Show what a table would do."""
    return _table(request, visit, areas, handed_in, is_doing=False)


@router.post("/import/do")
def take_table(
    request: Request, visit: ProvedForm, areas: Areas, handed_in: Annotated[ImportForm, Form()]
) -> Response:
    """Apply the table that was shown."""
    return _table(request, visit, areas, handed_in, is_doing=True)


def _table(
    request: Request, visit: Visit, areas: AreaService, handed_in: ImportForm, *, is_doing: bool
) -> Response:
    what, content = handed_in.what, handed_in.content(MOST_BYTES)
    if what not in TABLES:
        raise HTTPException(422)
    plan = (areas.take_table if is_doing else areas.try_table)(
        visit.asker, what, content, _zone(visit)
    )
    if plan is None:
        raise HTTPException(404)
    if is_doing and plan.may_be_done:
        return RedirectResponse("/duty" if what == "rosters" else "/areas?saved=0", 303)
    text = content.decode("utf-8", "replace") if plan.may_be_done else ""
    return _import_page(request, visit, areas, what=what, plan=plan, text=text)


@router.post("/{area_id}")
def change_area(
    request: Request,
    visit: ProvedForm,
    areas: Areas,
    area_id: UUID,
    entered: Annotated[AreaForm, Form()],
) -> Response:
    """Rename, date or move an area."""
    try:
        moved = areas.change_area(visit.asker, area_id, entered.words(_zone(visit)))
    except AreaError as error:
        return _page(request, visit, areas, wrong=error, change=area_id, entered=entered)
    if moved is None:
        raise HTTPException(404)
    return RedirectResponse(f"/areas?saved={moved.ended_grants}", 303)


def _import_page(
    request: Request,
    visit: Visit,
    areas: AreaService,
    *,
    what: str,
    plan: Import | None = None,
    text: str = "",
) -> Response:
    tables = areas.tables(visit.asker)
    if not tables:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "area_import.html",
        session=visit.session,
        status_code=422 if plan is not None and plan.wrong else 200,
        what=what if what in tables else tables[0],
        tables=[(one, table_name(one, words)) for one in tables],
        plan=plan,
        text=text,
        done=_done(words),
        wrong=csv_wording.wrong_lines(plan.wrong, words) if plan else [],
    )


def _zone(visit: Visit) -> ZoneInfo:
    return ZoneInfo(visit.site.settings.time_zone)


def table_name(what: str, words: Messages) -> str:
    """Name of a table for import: areas, cameras or rosters."""
    say = words.say
    return {"areas": say("Areas"), "cameras": say("Cameras"), "rosters": say("Rosters")}[what]


def _done(words: Messages) -> Mapping[str, str]:
    say = words.say
    return {"add": say("is new"), "change": say("changes"), "same": say("stays as it is")}


def fault_word(what: AreaFault, words: Messages) -> str:
    """Text of the reason why an area is not changed."""
    say = words.say
    return {
        AreaFault.NAME: say("It needs a name."),
        AreaFault.LEVEL: say("It needs a level, such as commune or junction."),
        AreaFault.TWICE: say("There is an area of that name here already."),
        AreaFault.RING: say("An area cannot lie in itself or in one of its own."),
        AreaFault.PARENT: say("Choose an area that it lies in."),
        AreaFault.DAY: say("A date is written 2026-11-25."),
        AreaFault.DAYS: say("It would end before it begins."),
    }[what]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "areas.count": say("%(n)s areas"),
        "area.moved": say("%(name)s, moved from %(place)s to %(place2)s"),
        "table.name": "%(table)s",
        "table.lines": say("%(table)s: %(n)s lines"),
        **{f"area.{one}": fault_word(one, words) for one in AreaFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "areas.open": say("read the areas"),
        "area.add": say("added an area"),
        "area.change": say("changed an area"),
        "table.try": say("tried a table before taking it"),
        "table.take": say("took a table"),
    }
