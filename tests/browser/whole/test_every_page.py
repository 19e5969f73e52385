"""The list of pages for axe-core and a screen reader is complete."""

import html
import re
from http import HTTPStatus
from pathlib import Path
from typing import Final

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


LABEL, PLACE = "Ngã tư 1, hướng chợ", "Ngã tư Chợ Cũ"
BESIDE: Final = 150
"""Characters of text between a camera and its place, at most."""


@pytest.mark.promise("Pages: A camera is named with its place.")
def test_no_page_names_a_camera_without_its_place(hub: Hub, whole: Seen, tmp_path: Path) -> None:
    """The place stands beside it or, where a whole page is of one camera or box, in its head."""
    enrolling = EnrolHub(hub.town.db, tmp_path / "again").enrolling(8443)
    with_keeper_of_all(hub)
    with hub.town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).one()
    paths = [*plain_pages(hub), *filled_pages(hub, whole, camera_id), "/find?when=hour"]
    keeper = Visitor(hub.town.app(enrolling=enrolling)).sign_in(KEEPER, PASSWORD)
    named, alone = 0, []
    for path in paths:
        page = keeper.get(path)
        main = re.sub(r"(?s)^.*?<main", "<main", page.text)
        text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))
        head = text[: text.find(LABEL) + BESIDE] if "<h1>" in main else ""
        for found in re.finditer(LABEL, text):
            named += 1
            beside = text[max(0, found.start() - BESIDE) : found.end() + BESIDE]
            if PLACE not in beside and PLACE not in head[:400]:
                alone.append((path, beside))
    assert alone == []
    assert named > 20
