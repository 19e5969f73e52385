"""Services: pages get the one that they name; reads without a log line are listed here."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, Final, get_args, get_type_hints

import pytest
from fastapi import HTTPException
from fastapi.params import Depends
from fastapi.routing import APIRoute

import hub
from hub.app.features import FEATURES
from hub.app.web.create_app import WebSettings, create_app
from hub.cases.service import CaseService
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.service import TipService
from hub.web.services import ServiceProvider, Services, Under, service, service_if_any
from tests.hub.rigs.web_town import Town

PARTS: Final[dict[str, dict[str, str]]] = {
    "nodes/releases/upload.py": {"_keep": "ADD", "_is_closed": "ADD"},
    "places/areas/service.py": {"tables": "table.try"},
    "public/households/request_service.py": {
        "requests": "case.open",
        "clips": "case.open",
        "open_clip": "given.open",
    },
    "cases/service.py": {
        "may_create": "cases.open",
        "open_cases": "alert.open",
        "export_content": "case.open",
    },
    "nodes/diagnostics/service.py": {"listed": "node.open"},
    "nodes/enrolment/service.py": {"tends_areas": "enrolments.open"},
    "nodes/enrolment/sheet_service.py": {
        "progress": "enrolment_sheet.open",
        "sheets": "enrolments.open",
    },
    "access/grants/service.py": {"ended": "inbox.open"},
    "cases/evidence/service.py": {"_found": "evidence.export"},
    "footage/playback/service.py": {
        "open_media": "media.open",
        "may_watch": "clip.watch",
        "first_clip": "clip.await",
        "_is_stored": "media.copy",
    },
    "nodes/health/service.py": {"tends": "nodes.open", "dark_cameras": "inbox.open"},
    "notify/phones/service.py": {
        "lost_phones": "inbox.open",
        "silent_phones": "inbox.open",
        "channel_orders": "phones.open",
    },
    "footage/retention/service.py": {"may_hold": "keeping.open", "may_hold_alert": "alert.open"},
    "footage/live/service.py": {"_live_camera": "act"},
    "nodes/desired_state/service.py": {"waiting": "node.open"},
    "nodes/desired_state/release_service.py": {
        "bundles": "settings.open",
        "bundles_shown": "programs.list",
    },
    "search/service.py": {
        "searches": "search.open",
        "searches_sightings": "search.open",
        "place_names": "search.open",
        "offered": "search.open",
        "is_any_described": "search.open",
        "files_of": "case.add",
        "left_out": "case.add",
    },
    "console/in_words_service.py": {"tells": "alert.words"},
    "console/service.py": {
        "counts": "inbox.open",
        "ended": "alert.open",
        "fits": "alert.glance",
        "changes_since": "changes.open",
        "scope_mark": "changes.open",
    },
    "nodes/explanations/service.py": {"of_node": "node.open", "state": "explanation.ask"},
    "nodes/commissioning/alert_test_service.py": {"last_test": "aim.begin"},
    "alerting/response/bulk.py": {
        "count": "inbox.open",
        "undo": "alert.undo",
    },
    "access/standing.py": {"standing": "inbox.open"},
    "alerting/silences/service.py": {
        "snoozed_until": "alert.open",
        "may_snooze": "alert.open",
        "may_mute": "alert.open",
        "mute_of": "alert.open",
        "silences": "silences.open",
        "cameras_to_silence": "silences.open",
        "zones_to_silence": "silences.open",
    },
    "public/households/service.py": {"areas": "households.open"},
    "public/data_requests/service.py": {
        "answers": "phones.open",
        "overdue": "inbox.open",
        "cameras": "petition.open",
    },
    "oversight/reports/service.py": {"reads_reports": "phones.open"},
    "public/tips/service.py": {"start_case": "tip.case", "tips_of": "case.open"},
}
"""Reads without a line of their own, by file: the function, and the act of the line that covers
it. Whoever adds one says here which page shows it."""


def test_every_read_without_a_line_is_listed() -> None:
    root = Path(hub.__file__).parent
    found: dict[str, dict[str, str]] = {}
    for path in sorted(root.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "part_of" in source and (parts := dict(_parts(ast.parse(source)))):
            found[str(path.relative_to(root))] = parts
    assert found == PARTS


def _parts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for made in ast.walk(tree):
        if not isinstance(made, ast.FunctionDef):
            continue
        for call in ast.walk(made):
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(attr="_acting"), attr="part_of"),
                    args=[_, act],
                ):
                    yield made.name, ast.unparse(act).strip("'")


def test_each_page_gets_the_service_that_it_names(town: Town) -> None:
    asked = [
        one
        for feature in FEATURES
        for router in feature.routers
        for route in router.routes
        for one in _asked(route)
    ]
    assert (CaseService, CaseService) in asked
    assert (TipService | None, TipService) in asked
    for named, given in asked:
        assert named in (given, given | None)
        assert isinstance(town.services.use(given), given)


def _asked(route: object) -> Iterator[tuple[object, type]]:
    """For each service in the route's signature, or in that of what gathers several: the type that
    it names, and what it is given."""
    if isinstance(route, APIRoute):
        yield from _asked_by(route.endpoint)


def _asked_by(function: object) -> Iterator[tuple[object, type]]:
    for hint in get_type_hints(function, include_extras=True).values():
        for extra in get_args(hint)[1:]:
            if not isinstance(extra, Depends):
                continue
            if isinstance(extra.dependency, ServiceProvider):
                yield get_args(hint)[0], extra.dependency.kind
            elif isinstance(extra.dependency, FunctionType):
                yield from _asked_by(extra.dependency)


def test_a_page_without_its_service_is_404_and_a_page_that_may_lack_it_gets_none() -> None:
    site = SimpleNamespace(services=Services([Under(TipService)]))
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(site=site)))
    with pytest.raises(HTTPException) as refused:
        asyncio.run(service(TipService).dependency(request))
    assert refused.value.status_code == 404
    assert asyncio.run(service_if_any(TipService).dependency(request)) is None


def test_a_hub_may_be_without_a_service() -> None:
    none = Services([Under(PublicTipService)])
    assert none.find(PublicTipService) is None
    with pytest.raises(LookupError, match="PublicTipService"):
        none.use(PublicTipService)


def test_a_service_is_found_by_exactly_its_type_or_the_one_it_is_given_under() -> None:
    class Special(dict[str, str]):
        pass

    one = Special()
    assert Services([one]).use(Special) is one
    assert Services([Under(dict, one)]).use(dict) is one
    with pytest.raises(LookupError, match="dict"):
        Services([one]).find(dict)


def test_two_services_of_one_type_are_refused() -> None:
    with pytest.raises(ValueError, match="two services are a dict"):
        Services([{}, {}])


def test_a_page_whose_service_nobody_makes_is_refused_at_the_start(town: Town) -> None:
    cases = town.services.use(CaseService)
    web = WebSettings(public_url="http://testserver", push_public_key="", now=int)
    with pytest.raises(LookupError, match=r"nobody makes these services: .*InboxService"):
        create_app(FEATURES, town.resources, Services([cases]), web)
