"""Report of a day, week or month for a leader: page, self-contained file, PDF, and CSV."""

import csv
import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import SignedIn
from hub.base.text.paper import NoLettersError
from hub.oversight.reports import pdf, wording
from hub.oversight.reports.service import ReportService
from hub.oversight.reports.spans import ReportSpan, Span, bounds, day_of, today
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.styles.stylesheet import stylesheet
from hub.web.visit import Visit

router = APIRouter(prefix="/reports")

Reports = Annotated[ReportService, service(ReportService)]


@router.get("")
def lead_to_today(visit: SignedIn, reports: Reports) -> Response:
    """Redirect to today's report so far."""
    if not reports.reads_reports(visit.asker):
        raise HTTPException(404)
    return RedirectResponse("/reports/day", 303)


@router.get("/{span}")
def show_report(
    request: Request, visit: SignedIn, reports: Reports, span: Span, on: str = ""
) -> Response:
    """One day or week beside the week before, or a month beside the month before; 404 for people
    who read no reports."""
    return _page(request, visit, reports, span, on, template="report.html")


@router.get("/{span}/file.{kind}")
def save_report(
    request: Request,
    visit: SignedIn,
    reports: Reports,
    span: Span,
    kind: Literal["html", "csv", "pdf"],
    on: str = "",
) -> Response:
    """The report as a file: self-contained HTML, PDF of one page, or CSV for a spreadsheet."""
    if kind == "html":
        style = Markup(stylesheet().decode())  # noqa: S704  ours
        page = _page(request, visit, reports, span, on, template="report_file.html", style=style)
        return _as_file(page, _name(_bounds(visit, span, on)), "html")
    where = _bounds(visit, span, on)
    found = _found(visit, reports, where)
    calendar = visit.site.calendar(visit.asker.language)
    if kind == "pdf":
        try:
            made = pdf.paper(found, where, calendar=calendar, reader=visit.asker.name)
        except NoLettersError as error:  # `matthan-hub check` names the cure
            raise HTTPException(503) from error
        page = Response(made, media_type="application/pdf")
    else:
        text = io.StringIO()
        csv.writer(text).writerows(wording.rows(found, span, calendar.words))
        # With a byte order mark, or spreadsheets misread the letters.
        page = Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8")
    page.headers["Cache-Control"] = "no-store"
    return _as_file(page, _name(where), kind)


def _page(
    request: Request,
    visit: Visit,
    reports: ReportService,
    span: Span,
    on: str,
    *,
    template: str,
    **more: Any,
) -> Response:
    where = _bounds(visit, span, on)
    found = _found(visit, reports, where)
    calendar = visit.site.calendar(visit.asker.language)
    words = calendar.words
    labels = wording.slot_labels(where, words)
    return render(
        request,
        template,
        session=visit.session,
        report=found,
        bounds=where,
        title=wording.heading(where, words),
        dates=wording.dates(where, today(calendar), words),
        before=wording.before_words(span, words),
        tiles=wording.tiles(found, span, words),
        plot=wording.plot(found.now, found.before, labels),
        said=wording,
        **more,
    )


def _found(visit: Visit, reports: ReportService, where: ReportSpan) -> Any:
    found = reports.report(
        visit.asker,
        where.slots,
        where.compared_slots(visit.site.calendar(visit.asker.language).now_utc_us),
        name=_name(where),
        by_quarter=where.span == "month",
    )
    if found is None:
        raise HTTPException(404)
    return found


def _bounds(visit: Visit, span: Span, on: str) -> ReportSpan:
    calendar = visit.site.calendar(visit.asker.language)
    return bounds(span, day_of(on, today(calendar)), calendar.zone)


def _name(where: ReportSpan) -> str:
    return f"{where.span}-{where.first.isoformat()}"


def _as_file(page: Response, name: str, kind: str) -> Response:
    page.headers["Content-Disposition"] = f'attachment; filename="matthan-{name}.{kind}"'
    return page


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "report.day": say("day-%(day)s: %(n)s alerts"),
        "report.week": say("week-%(day)s: %(n)s alerts"),
        "report.month": say("month-%(day)s: %(n)s alerts"),
        "report.span": say("%(name)s: %(n)s alerts"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {"report.open": words.say("read a report")}
