"""Every page that each role may open: it fits, logs no error, and is in one language."""

import os
from typing import Final

import pytest
from sqlalchemy import select

from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant
from hub.access.rules.roles import USUAL, Role
from hub.registry.tables import cameras
from tests.browser.conftest import Hub, Meet
from tests.browser.everything import filled_pages, plain_pages
from tests.browser.helpers.whole.every_role import EVERY_LOOK
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits
from tests.hub.helpers.oversight.reports import an_alert
from tests.hub.rigs.web_town import PASSWORD, Seen

pytestmark = pytest.mark.promise("Pages: Each role sees its pages without an error.")

ROLES: Final = (Role.OFFICER, Role.LEADER, Role.BOARD_MEMBER, Role.TECHNICIAN)
MEANT_FOR: Final = {
    "/": set(ROLES),
    "/map": set(ROLES),
    "/more": set(ROLES),
    "/notices": {Role.LEADER},
    "/petitions": {Role.LEADER},
    "/rights": set(ROLES),
    "/reports/day": {Role.LEADER, Role.TECHNICIAN},
    "/nodes": {Role.LEADER, Role.TECHNICIAN},
    "/public": set(ROLES),
    "/watched": set(ROLES),
}

LOOKED_AT: Final = EVERY_LOOK if "MATTHAN_SHOTS" in os.environ else EVERY_LOOK[:1] + EVERY_LOOK[-1:]
"""Both sizes and both languages; every pair of them for whoever wants to look at the pictures."""


def with_every_role(hub: Hub, language: str) -> None:
    """One of each, on the town's camera, with the rights that are usual; the role is the login."""
    town, now = hub.town, hub.town.clock.now()
    with town.db.writing() as conn:
        for role in ROLES:
            person_id = people_rows.add_person(
                conn,
                login=role,
                name=role.replace("_", " ").title(),
                language=language,
                role=role,
                password=PASSWORD,
                passwords=town.passwords,
                now=now,
            )
            grant = Grant(town.area_id, None, USUAL[role], starts_utc_us=now.utc_us - 1)
            rows.add_grant(conn, person_id=person_id, grant=grant, reason="QĐ 12", now=now)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("size", "language"), LOOKED_AT)
def test_every_page_a_role_is_let_into_fits_and_complains_of_nothing(
    hub: Hub, meet: Meet, whole: Seen, role: Role, size: str, language: str
) -> None:
    with_every_role(hub, language)
    an_alert(hub.town, "Cổng chợ", cause="animal")
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).first()
    assert camera_id is not None
    paths = [*plain_pages(hub), *filled_pages(hub, whole, camera_id)]
    one = meet(role, size=SIZES[size], locale=LANGUAGES[language])
    let_in = set()
    for path in paths:
        if one.context.request.get(f"{hub.url}{path}").status != 200:
            continue
        let_in.add(path)
        one.open(path)
        one.page.wait_for_timeout(200)  # for pictures and the map
        name = path.strip("/").replace("/", "-")[:24] or "inbox"
        one.shot(f"{size}-{language}-{role}-{name}", full=True)
        assert fits(one.page), path
        assert one.page.locator("html").get_attribute("lang") == language
    assert {path for path, roles in MEANT_FOR.items() if role in roles} <= let_in
    assert not {path for path, roles in MEANT_FOR.items() if role not in roles} & let_in
    drawn = [said for said in one.complaints if "GL Driver Message" not in said]  # no GPU here
    assert drawn == []
