"""The list of pages for axe-core and a screen reader is complete."""

from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.registry.tables import cameras
from tests.browser.conftest import Hub
from tests.browser.everything import (
    KEEPER,
    filled_pages,
    plain_pages,
    unvisited,
    with_keeper_of_all,
)
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import PASSWORD, Seen
from tests.hub.rigs.web_visitor import Visitor

REFUSED = {"/invited/made-up", "/nowhere", "/find?when=between&until=2026-11-25T02:10"}


@pytest.mark.promise("Pages: axe-core finds no serious fault.")
def test_every_page_of_the_site_is_looked_at(hub: Hub, whole: Seen, tmp_path: Path) -> None:
    """A new one is filled in by `everything.filled_pages`, or is no page and stands there."""
    enrolling = EnrolHub(hub.town.db, tmp_path / "again").enrolling(8443)
    with_keeper_of_all(hub)
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).one()
    filled = filled_pages(hub, whole, camera_id)
    assert unvisited(hub, [*plain_pages(hub), *filled]) == []
    keeper = Visitor(hub.town.app(enrolling=enrolling)).sign_in(KEEPER, PASSWORD)
    answers = {path: keeper.get(path).status_code for path in filled}
    shut = {path for path, status in answers.items() if status != HTTPStatus.OK}
    assert shut == REFUSED
