"""A town with something on every page, a person who may see all of it, and the list of pages."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from hub.access.rules.grants import ALL
from hub.access.tables import people
from hub.alerting.oncall.rows import add_team
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.cases.service import CaseService
from hub.footage.tables import media
from hub.nodes.enrolment.sheet_service import EnrolmentSheetService, MadeSheet
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.tables import petitions
from hub.public.data_requests.views import NewDataRequest
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.rules import NewHousehold, RequestedFootage
from hub.public.households.service import HouseholdService
from hub.public.notices.service import NoticeService
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import TipTexts
from hub.public.tips.sealing import Reporter
from hub.public.tips.tables import tips
from hub.public.tips.views import NewTip
from hub.registry.shapes import Point
from hub.registry.tables import areas, nodes
from tests.browser.conftest import Hub
from tests.hub.rigs.web_town import Seen

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
        "/cameras/{camera_id}/live/picture",  # files and streams
        "/cameras/{camera_id}/aim/picture",
        "/cameras/{camera_id}/explanation/page",
        "/media/{media_id}",
        "/media/{media_id}/h264",
        "/media/{media_id}/play",
        "/media/{media_id}/medium",
        "/media/{media_id}/small",
        "/clips/{clip_id}/growing",
        "/reports/{span}/file.{kind}",
        "/enrolments/sheets/{sheet_id}/events",
        "/upload/programs/{sha256}",
        "/nodes/{node_id}/diagnosis/{diagnosis_id}",
        "/notices/{notice_id}/{kind}",
        "/public/{notice_id}/{kind}",
        "/tips/pictures/{picture_id}",
        "/tips/pictures/{picture_id}/original",
        "/cases/{case_id}/given/{clip_id}",
        "/alerts/{alert_id}/card",  # parts of a page, for its script
        "/alerts/{alert_id}/clip",
        "/cameras/{camera_id}/aim/test",
    }
)


def with_keeper_of_all(hub: Hub) -> UUID:
    """Quân, keeper of the whole town; their id."""
    person_id = hub.town.add_keeper_of_all()
    with hub.town.db.reading() as conn:
        tops = conn.scalars(select(areas.c.id).where(areas.c.parent_id.is_(None))).all()
    for top in tops:
        hub.town.allow(KEEPER, ALL, area_id=top)
    return person_id


def tip_of(hub: Hub) -> UUID:
    """The alert of a tip by somebody who said who they are."""
    town = hub.town
    desk = town.services.use(PublicTipService)
    words = TipTexts("Mất xe", "trước chợ", town.area_id, None, None, has_consent=True)
    desk.receive(NewTip(words, (), Reporter("Lan", ""), "vi"), submission="1")
    with town.db.reading() as conn:
        return conn.scalars(select(tips.c.alert_id)).first() or town.area_id


def keeper_of(hub: Hub) -> Asker | None:
    """The keeper, if there is one."""
    with hub.town.db.reading() as conn:
        keeper = conn.execute(select(people).where(people.c.login == KEEPER)).first()
    return Asker(keeper.id, KEEPER, keeper.name, "keeper", "vi", "") if keeper else None


def notice_pages(hub: Hub, asker: Asker) -> list[str]:
    """A notice for its writer and for everybody."""
    desk = hub.town.services.use(NoticeService)
    notice_id = desk.write_notice(
        asker, hub.town.area_id, title="Cúp điện", words="Tối thứ Ba, từ 20 giờ", days=7
    )
    if notice_id is None or not desk.send_notice(asker, notice_id):
        return []
    return [f"/notices/{notice_id}", f"/public/{notice_id}"]


def team_page(hub: Hub) -> str:
    """A team on duty."""
    with hub.town.db.writing() as conn:
        team_id = add_team(
            conn,
            area_id=hub.town.area_id,
            name="Đội 1",
            time_zone="Asia/Ho_Chi_Minh",
            by=By(came_from="shell"),
            now=hub.town.clock.now(),
        )
    return f"/duty/teams/{team_id}"


def case_pages(hub: Hub, asker: Asker) -> list[str]:
    """A case with a clip, and where a part of it is hidden."""
    desk = hub.town.services.use(CaseService)
    case_id = desk.open_case(asker, number="VV-78", purpose="mất xe", ends_utc_us=None)
    with hub.town.db.reading() as conn:
        clips = conn.scalars(select(media.c.id).where(media.c.kind == "clip")).all()
    if case_id is None or not desk.add(asker, case_id, clips, ""):
        return []
    page = desk.case(asker, case_id)
    hidden = [f"/cases/{case_id}/hide/{one.item_id}" for one in page.items] if page else []
    return [f"/cases/{case_id}", *hidden]


def household_pages(hub: Hub) -> list[str]:
    """Pages about a household that was asked from a case: officers' pages and its own."""
    town = hub.town
    now_us = town.clock.now().utc_us
    asker = keeper_of(hub)
    if asker is None:
        return ["/give/made-up", "/household/made-up"]
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
    beside = [f"/households?one={made[0]}", f"/grants?one={asker.person_id}"]
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
    town, asker = hub.town, keeper_of(hub)
    with town.db.reading() as conn:
        area = conn.scalars(select(areas.c.name).where(areas.c.id == town.area_id)).one()
    if asker is None:
        return "/enrolments/table"
    table = f"node,area\ntram-08,{area}\ntram-09,{area}\n".encode()
    desk = town.services.use(EnrolmentSheetService)
    made = desk.make(asker, table, submission="5e" * 32, days=7)
    return f"/enrolments/sheets/{made.sheet.sheet_id}" if isinstance(made, MadeSheet) else ""


def plain_pages(hub: Hub) -> list[str]:
    """Every address of the site without a blank in it that a person opens; later ones too."""
    return [path for path in pages_of(hub) if "{" not in path]


def pages_of(hub: Hub) -> list[str]:
    """Every address of the site that a person opens, with its blanks."""
    paths = hub.town.app().openapi()["paths"]
    return sorted(
        path
        for path, methods in paths.items()
        if "get" in methods and path not in NOT_PAGES and ".json" not in path
    )


def unvisited(hub: Hub, paths: Iterable[str]) -> list[str]:
    """Pages that none of these addresses opens."""
    visited = [urlsplit(path).path for path in paths]
    return [
        page
        for page in pages_of(hub)
        if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page), path) for path in visited)
    ]


def filled_pages(hub: Hub, seen: Seen, camera_id: UUID) -> list[str]:
    """Those with one, filled in; of a keeper's things if there is a keeper."""
    asker = keeper_of(hub)
    kept: list[str] = []
    if asker is not None:
        kept = [f"/grants/people/{asker.person_id}", team_page(hub)]
        kept += [*notice_pages(hub, asker), *case_pages(hub, asker)]
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
        f"/cameras/{camera_id}",
        f"/cameras/{camera_id}/live",
        f"/cameras/{camera_id}/aim",
        f"/cameras/{camera_id}/explanation",
        f"/duty/plans/{hub.town.area_id}",
        f"/configuration/area/{hub.town.area_id}",
        *(f"/reports/{span}" for span in ("day", "week", "month")),
        *kept,
        "/invited/made-up",
        "/nowhere",
    ]
