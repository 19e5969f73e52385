"""Every HTTP route leaves its line in the log, or says here why it needs none.

A route stands in `LOGGED` with the act that it leaves and the request that is made here; or in
`ELSEWHERE` with the act and the file of the test that checks it; or in `SILENT` with the reason why
it needs no line. A look at footage, pictures, texts of a case or data about persons needs one, and
so does a change that affects anybody but the person who makes it. Whoever adds a route adds a line
here.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Table, select
from starlette.routing import BaseRoute

from hub.access.grants import rows
from hub.access.rules.grants import ALL, Grant
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.app.schema import metadata
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.cases.tables import case_items, cases
from hub.footage.tables import media
from hub.public.tips.forms import picture_of
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import TipTexts
from hub.public.tips.sealing import Reporter
from hub.public.tips.tables import tip_pictures
from hub.public.tips.views import NewTip
from hub.registry.tables import areas, cameras
from tests.hub.helpers.app.every_route_is_logged import ELSEWHERE, LOGGED, Leaves
from tests.hub.helpers.cases.cases import whole
from tests.hub.helpers.public.tips import photo
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor

pytestmark = pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)

TESTS: Final = Path(__file__).parents[2]


TEAM: Final = {"team_id": "{team_id}"}
_A_NODE: Final = "a node speaks of its own file; what it brings is in the log once it is here"
_FILES: Final = "the same for everybody: no footage, no case, no person"
_PUBLIC: Final = "anybody may read it, and nothing of who reads it is kept"
_OWN: Final = "one's own, on one's own device"
_CHALLENGE: Final = "a number to be signed; what is done with it is in the log"
_HOUSE: Final = (
    "a household sees and chooses its own; what it sends is in the log once it is sealed"
)
_PIECES: Final = "pieces of a bundle on their way; taking it in or refusing it is logged"
_FORM: Final = "an empty form, without anybody's name"
SILENT: Final[dict[str, str]] = {
    "GET /login": _FORM,
    "POST /login/language": _OWN,
    "POST /settings/theme": _OWN,
    "GET /account": _OWN,
    "GET /more": "links to the pages that are open to oneself",
    "GET /proof": _FORM,
    "GET /api/session": _OWN,
    "GET /list/counts": "numbers for an open page, whose opening left its line",
    "GET /api/push-key": _FILES,
    "GET /app.webmanifest": _FILES,
    "GET /sw.js": _FILES,
    "GET /offline": _FILES,
    "GET /health": _FILES,
    "GET /metrics": "numbers of the hub's own work, for who has its token",
    "GET /map/ground": _FILES,
    "GET /map/ground.json": _FILES,
    "GET /duty/plan": "leads on to the page of the plan, which is logged",
    "GET /reports": "leads on to today's report, which is logged",
    "GET /areas/import": _FORM,
    "GET /enrolments/table": _FORM,
    "GET /enrolments/sheets/{sheet_id}/events": "states for an open page, which left its line",
    "GET /enrol/authority": _FILES,
    "POST /enrol/speed": "bytes that are counted and forgotten",
    "POST /passkeys/options": _CHALLENGE,
    "POST /account/passkeys/options": _CHALLENGE,
    "POST /proof/passkey/options": _CHALLENGE,
    "POST /invited/{token}/passkey/options": _CHALLENGE,
    "GET /invited/{token}": "whom the link was made for sees their own name; a wrong one is logged",
    "GET /login/provider": _CHALLENGE,
    "GET /proof/provider": _CHALLENGE,
    "GET /proof/done": _FORM,
    "POST /account/provider": _CHALLENGE,
    "POST /invited/{token}/provider": _CHALLENGE,
    "GET /cameras/{camera_id}/aim/test": _OWN,
    "POST /api/tests/{test_id}/{what}": _OWN,
    "GET /household/{token}": _HOUSE,
    "GET /give/{token}": _HOUSE,
    "POST /give/{token}/another": _HOUSE,
    "POST /give/{token}/upload": _HOUSE,
    "HEAD /give/{token}/upload/{upload_id}": _HOUSE,
    "PATCH /give/{token}/upload/{upload_id}": _HOUSE,
    "POST /configuration/programs/upload": _PIECES,
    "PATCH /configuration/programs/upload/{upload_id}": _PIECES,
    "GET /upload/programs/{sha256}": "a node fetches the programs that it was told to, signed",
    "HEAD /upload/{name}": _A_NODE,
    "DELETE /upload/{name}": _A_NODE,
    "PUT /upload/diagnosis/{command_id}": "asking for it and fetching it are logged",
    "GET /cameras/{camera_id}/explanation": "no picture: asking and opening are logged",
    "PUT /upload/explanation/{command_id}": "asking for it and opening it are logged",
    "PUT /upload/live/{camera}": "on its way to who watches, whose watching is logged",
    "GET /watched": _PUBLIC,
    "GET /public": _PUBLIC,
    "GET /public/{notice_id}": _PUBLIC,
    "GET /public/{notice_id}/{kind}": _PUBLIC,
    "GET /tips": _PUBLIC,
    "GET /tips/follow": _FORM,
    "POST /tips/follow": "whoever sent it reads the answer by their code, and stays unknown",
    "GET /rights": _PUBLIC,
    "GET /rights/follow": _FORM,
    "POST /rights/follow": "whoever asked reads the answer by their code, and stays unknown",
}


def routes(app: Any) -> Iterator[tuple[str, str]]:
    """`GET /path` of every route, with the name of its function."""
    for route in _flat(app.routes):
        for method in sorted(getattr(route, "methods", None) or ()):
            if method != "OPTIONS":
                yield f"{method} {route.path}", route.endpoint.__name__  # type: ignore[attr-defined]


def _flat(found: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        elif hasattr(route, "endpoint"):
            yield route


class World:
    """A town with something of everything, and its keeper, who may do all of it."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.town = town = Town(db, folder)
        seen, _, _ = whole(town)
        times: dict[str, str] = {}
        calendar = town.app().state.site.calendar("vi")
        for name, hours in (("hours_ago", 3), ("hour_ago", 2)):
            then = calendar.local(town.clock.now().utc_us - hours * 3_600_000_000)
            times[name] = f"{then:%Y-%m-%dT%H:%M}"
        self.ids = times | {
            "alert_id": str(seen.alert_id),
            "area_id": str(town.area_id),
            "kind": "node",
        }
        desk = town.services.use(PublicTipService)
        words = TipTexts("Mất xe", "trước chợ", town.area_id, None, None, has_consent=True)
        desk.receive(
            NewTip(words, (picture_of(photo()),), Reporter("Lan", ""), "vi"), submission="1"
        )
        quan = town.add_keeper_of_all()
        papers = EnrolHub(db, folder)
        everywhere = Grant(papers.area_id, None, ALL, town.clock.now().utc_us - 1)
        with town.db.writing() as conn:
            now = town.clock.now()
            rows.add_grant(conn, person_id=quan, grant=everywhere, reason="QĐ 12", now=now)
        self.app = town.app(enrolling=papers.enrolling(8443), notice_channels=("zalo_oa", "sms"))
        self.keeper = Visitor(self.app).sign_in("quan", PASSWORD)

    def take(self, name: str, how: Leaves) -> tuple[int, list[str]]:
        """Go by the route as `how` says; its answer's code, and the acts that it left."""
        method, _, path = name.partition(" ")
        before = self.acts()
        address = self.filled(path, how.of) + (f"?{self.filled(how.query)}" if how.query else "")
        keeper = self.keeper
        if how.json is not None:
            answer = keeper.call(address, self.deep(how.json))
        elif method == "POST":
            answer = keeper.send(
                "POST",
                address,
                files={"file": ("xe.jpg", how.file)} if how.file else None,
                data={"csrf": keeper.csrf, **self.deep(dict(how.form))},
                headers={**PAGE, **keeper.origin, "X-CSRF-Token": keeper.csrf},
            )
        else:
            answer = keeper.send(method, address, headers=PAGE)
        return answer.status_code, self.acts()[len(before) :]

    def acts(self) -> list[str]:
        with self.town.db.reading() as conn:
            return list(conn.scalars(select(audit.c.act).order_by(audit.c.seq)))

    def deep(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {key: self.deep(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self.deep(one) for one in said]
        return self.filled(said) if isinstance(said, str) else said

    def filled(self, text: str, of: Mapping[str, str] | None = None) -> str:
        def value(match: re.Match[str]) -> str:
            own = (of or {}).get(match[1])
            return self.filled(own) if own is not None else self.of(match[1])

        return re.sub(r"\{(\w+)\}", value, text)

    def of(self, name: str) -> str:
        """What stands for a blank of an address: an id of what the town has, the newest of it."""
        if name in self.ids:
            return self.ids[name]
        with self.town.db.reading() as conn:
            if name in _COLUMNS:
                return str(conn.scalars(_COLUMNS[name]).first())
            table: Table | None = metadata.tables.get(_TABLES.get(name, ""))
            if table is None:
                return self.ids["area_id"]  # there is no such thing here: it is refused
            return str(conn.scalars(select(table.c.id).order_by(table.c.id.desc())).first())


_TABLES: Final = {
    "hold_id": "holds",
    "petition_id": "petitions",
    "household_id": "households",
    "request_id": "household_requests",
    "team_id": "teams",
    "shift_id": "shifts",
    "rule_id": "alert_rules",
    "silence_id": "silences",
    "grant_id": "grants",
    "notice_id": "notices",
    "invitation_id": "invitations",
    "phone_id": "phones",
    "node_id": "nodes",
    "way_id": "notice_ways",
    "enrolment_id": "enrolments",
    "sheet_id": "enrolment_sheets",
    "scope_id": "nodes",
}
_COLUMNS: Final[dict[str, Any]] = {
    "case_id": select(cases.c.id).where(cases.c.number == "VA-1"),
    "item_id": select(case_items.c.id),
    "media_id": select(media.c.id).where(media.c.kind == "picture"),
    "picture_id": select(tip_pictures.c.id),
    "camera_id": select(cameras.c.id),
    "camera": select(cameras.c.name),
    "person_id": select(people.c.id).where(people.c.login == "an"),
    "binh": select(people.c.id).where(people.c.login == "binh"),
    "former": select(people.c.id).where(people.c.login == "guest"),
    "parent_id": select(areas.c.id).where(areas.c.name == "Tân Khai"),
    "tip_alert_id": select(alerts.c.id).where(alerts.c.kind == "tip"),
    "now_us": select(alerts.c.began_utc_us),
}


def test_every_route_is_in_the_table_or_has_a_reason_to_be_silent(town: Town) -> None:
    known = [*LOGGED, *ELSEWHERE, *SILENT]
    assert len(known) == len(set(known)), "a route stands in two of the tables"
    here = dict(routes(town.app()))
    new = [f"{name} ({function})" for name, function in here.items() if name not in known]
    assert new == [], (
        "these routes say nowhere which line of the log they leave: add each to LOGGED with its"
        f" act (or to ELSEWHERE, or with a reason to SILENT) in {__file__}"
    )
    assert [name for name in known if name not in here] == [], "these routes are no more"


def test_taking_each_route_leaves_its_line(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url)
    world, wrong = World(db, tmp_path), []
    for name, how in LOGGED.items():
        status, left = world.take(name, how)
        if how.act not in left or status >= 500:
            wrong.append(f"{name} leaves {how.act}: answered {status}, left {left}")
    db.close()
    assert wrong == [], "\n".join(wrong)


def test_what_is_proved_elsewhere_is_asked_for_there(town: Town) -> None:
    for name, (act, where) in ELSEWHERE.items():
        assert f'"{act}"' in (TESTS / where).read_text("utf-8"), (name, act, where)


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()
