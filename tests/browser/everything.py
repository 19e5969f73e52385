"""A town with something on every page, somebody who may see them all, and the list of them."""

from uuid import UUID

from sqlalchemy import select

from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant, Right
from hub.access.tables import people
from hub.base.audit.asker import Asker
from hub.cases.service import CaseService
from hub.nodes.enrolment.sheet_service import EnrolmentSheetService, MadeSheet
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.tables import petitions
from hub.public.data_requests.views import NewDataRequest
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.rules import NewHousehold, RequestedFootage
from hub.public.households.service import HouseholdService
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import TipTexts
from hub.public.tips.sealing import Reporter
from hub.public.tips.tables import tips
from hub.public.tips.views import NewTip
from hub.registry.shapes import Point
from hub.registry.tables import areas, nodes
from tests.browser.conftest import Hub
from tests.hub.rigs.web_town import PASSWORD, Seen

KEEPER = "quan"

NOT_PAGES = frozenset(
    {
        "/list",  # a part of a page, for its script
        "/search/found",
        "/find/names",
        "/list/counts",
        "/app.webmanifest",
        "/sw.js",
        "/health",
        "/metrics",
        "/events",
        "/api/session",
        "/api/inbox",
        "/api/push-key",
        "/enrol/authority",  # a file
        "/log/month/file.csv",
        "/login/provider",  # these lead to the OpenID provider and back
        "/login/provider/back",
        "/proof/provider",
    }
)


def with_keeper_of_all(hub: Hub) -> UUID:
    """Quân, keeper, with every right on the town's camera; their id."""
    town, now = hub.town, hub.town.clock.now()
    rights = Right(sum(Right))
    with town.db.writing() as conn:
        person_id = people_rows.add_person(
            conn,
            login=KEEPER,
            name="Hồ Quân",
            language="vi",
            role="keeper",
            password=PASSWORD,
            passwords=town.passwords,
            now=now,
        )
        grant = Grant(town.area_id, None, rights, starts_utc_us=now.utc_us - 1)
        rows.add_grant(conn, person_id=person_id, grant=grant, reason="quản trị", now=now)
    return person_id


def tip_of(hub: Hub) -> UUID:
    """The alert of a tip by somebody who said who they are."""
    town = hub.town
    desk = town.services.use(PublicTipService)
    words = TipTexts("Mất xe", "trước chợ", town.area_id, None, None, has_consent=True)
    desk.receive(NewTip(words, (), Reporter("Lan", ""), "vi"), submission="1")
    with town.db.reading() as conn:
        return conn.scalars(select(tips.c.alert_id)).first() or town.area_id


def household_pages(hub: Hub) -> list[str]:
    """Those of a household that was asked from a case: officers' and its own."""
    town = hub.town
    now_us = town.clock.now().utc_us
    with town.db.reading() as conn:
        keeper = conn.execute(select(people).where(people.c.login == KEEPER)).first()
    if keeper is None:
        return ["/give/made-up", "/household/made-up"]
    asker = Asker(keeper.id, KEEPER, keeper.name, "keeper", "vi", "")
    view, consent = "cổng chợ", "Tôi đồng ý."
    point = Point(11.5352, 106.6217)
    new = ("12 Lê Lợi", point, view, "Bà Sáu", "0912", "", "vi", "1", consent, True)
    made = town.services.use(HouseholdService).register(asker, NewHousehold(town.area_id, *new))
    case_id = town.services.use(CaseService).open_case(
        asker, number="VV-77", purpose="mất xe", ends_utc_us=None
    )
    if made is None or case_id is None:
        return []
    span = (now_us - 7_200_000_000, now_us - 3_600_000_000)
    wanted = RequestedFootage((made[0],), *span, "tìm một xe máy", 24)
    asked = town.services.use(HouseholdRequestService).ask(asker, case_id, wanted)
    beside = [f"/households?one={made[0]}", f"/grants?one={keeper.id}"]
    own = [f"/households/{made[0]}", f"/household/{made[1]}", *beside]
    given = [f"/give/{one.token}" for one in asked or ()]
    return [*own, *given, f"/cases/{case_id}", f"/cases/{case_id}/ask?point=11.5352,106.6217"]


def petition_of(hub: Hub) -> UUID:
    """Somebody asks to have something deleted."""
    desk = hub.town.services.use(PublicDataRequestService)
    person = Reporter("Nguyễn Thị Lan", "0909 000 111")
    what = "Chiều 24/11 trước chợ, áo đỏ"
    new = NewDataRequest(RequestKind.DELETE, what, hub.town.area_id, person, "vi", has_consent=True)
    desk.receive(new, submission="1")
    with hub.town.db.reading() as conn:
        return conn.scalars(select(petitions.c.id)).first() or hub.town.area_id


def sheet_page(hub: Hub) -> str:
    """The page of a sheet of codes."""
    town = hub.town
    with town.db.reading() as conn:
        keeper = conn.execute(select(people).where(people.c.login == KEEPER)).first()
        area = conn.scalars(select(areas.c.name).where(areas.c.id == town.area_id)).one()
    if keeper is None:
        return "/enrolments/table"
    asker = Asker(keeper.id, KEEPER, keeper.name, "keeper", "vi", "")
    table = f"node,area\ntram-08,{area}\ntram-09,{area}\n".encode()
    desk = town.services.use(EnrolmentSheetService)
    made = desk.make(asker, table, submission="5e" * 32, days=7)
    return f"/enrolments/sheets/{made.sheet.sheet_id}" if isinstance(made, MadeSheet) else ""


def plain_pages(hub: Hub) -> list[str]:
    """Every address of the site without a blank in it that a person opens; later ones too."""
    paths = hub.town.app().openapi()["paths"]
    return sorted(
        path
        for path, methods in paths.items()
        if "get" in methods and "{" not in path and path not in NOT_PAGES and ".json" not in path
    )


def filled_pages(hub: Hub, seen: Seen, camera_id: UUID) -> list[str]:
    """Those with one, filled in."""
    with hub.town.db.reading() as conn:
        node_id = conn.scalars(select(nodes.c.id)).first()
    petition_id = petition_of(hub)
    return [
        f"/nodes/{node_id}",
        f"/nodes?box={node_id}",
        sheet_page(hub),
        f"/alerts/{tip_of(hub)}",
        *household_pages(hub),
        f"/petitions/{petition_id}",
        f"/petitions?one={petition_id}",
        f"/alerts/{seen.alert_id}",
        f"/footage?camera={camera_id}",
        f"/find?when=today&camera={camera_id}&points=11.5,106.6",
        "/find?when=week",
        f"/moment?camera={camera_id}&at={seen.first_seen_utc_us}",
        "/find?when=between&until=2026-11-25T02:10",
        f"/cameras/{camera_id}/live",
        f"/cameras/{camera_id}/aim",
        f"/cameras/{camera_id}/explanation",
        f"/duty/plans/{hub.town.area_id}",
        f"/configuration/area/{hub.town.area_id}",
        "/invited/made-up",
        "/nowhere",
    ]
