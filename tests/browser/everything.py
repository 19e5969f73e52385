"""A town with something on every page, somebody who may see them all, and the list of them."""

from uuid import UUID

from sqlalchemy import select

from hub.alerts.grants import Grant, Right
from hub.alerts.tips import Words
from hub.store import staff
from hub.store.tables import nodes
from hub.store.tip_box import Reporter, TipBox
from hub.store.tip_tables import tips
from hub.store.tip_views import NewTip
from tests.browser.conftest import Hub
from tests.hub.web_town import PASSWORD, Seen

KEEPER = "quan"

NOT_PAGES = frozenset(
    {
        "/list",  # a part of a page, for its script
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
    }
)


def with_keeper_of_all(hub: Hub) -> UUID:
    """Quân, keeper, with every right on the town's camera; their id."""
    town, now = hub.town, hub.town.clock.now()
    rights = Right(sum(Right))
    with town.db.writing() as conn:
        person_id = staff.add_person(
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
        staff.add_grant(conn, person_id=person_id, grant=grant, reason="quản trị", now=now)
    return person_id


def tip_of(hub: Hub) -> UUID:
    """The alert of a tip by somebody who said who they are."""
    town = hub.town
    desk = town.door.tip_desk(TipBox(bytes(32)))
    words = Words("Mất xe", "trước chợ", town.area_id, None, None, has_consent=True)
    desk.receive(NewTip(words, (), Reporter("Lan", ""), "vi"), submission="1")
    with town.db.reading() as conn:
        return conn.scalars(select(tips.c.alert_id)).first() or town.area_id


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
    return [
        f"/nodes/{node_id}",
        f"/alerts/{tip_of(hub)}",
        f"/alerts/{seen.alert_id}",
        f"/footage?camera={camera_id}",
        f"/find?when=today&camera={camera_id}&points=11.5,106.6",
        "/find?when=week",
        f"/moment?camera={camera_id}&at={seen.first_seen_utc_us}",
        "/find?when=between&until=2026-11-25T02:10",
        f"/cameras/{camera_id}/live",
        f"/cameras/{camera_id}/aim",
        f"/duty/plans/{hub.town.area_id}",
        f"/configuration/area/{hub.town.area_id}",
        "/invited/made-up",
        "/nowhere",
    ]
