"""The page for everyone: what it says, and what it never shows."""

import pytest

from hub.footage.retention import rows
from hub.footage.retention.rules import FootageClass
from hub.web.rate_limits import LOOKING_IN
from hub.web.rendering import PublicWords
from tests.hub.rigs.features import rule_of
from tests.hub.rigs.web_town import NODE, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise(
        "Audit and data protection: Retention applies by area, and its reason is shown."
    ),
    pytest.mark.promise("Audit and data protection: A public page lists the watched areas."),
]


def test_anybody_reads_where_cameras_watch_for_what_by_whom_and_how_long(town: Town) -> None:
    with town.db.writing() as conn:
        rows.set_rule(
            conn,
            footage_class=FootageClass.ALERT,
            area_id=None,
            keep_days=30,
            reason="Quyết định 12",
            now=town.clock.now(),
        )
    said = PublicWords("Công an xã Tân Khai", "phòng ngừa trộm cắp", "0271 3 000 000")
    anybody = Visitor(town.app(public_words={"vi": said}))
    page = text_of(anybody.get("/watched", accept_language="vi"))
    for word in (
        "Công an xã Tân Khai",
        "phòng ngừa trộm cắp",
        "0271 3 000 000",
        "Ngã tư Chợ Cũ, Tân Khai",
        "giữ 30 ngày",
        "Quyết định 12",
    ):
        assert word in page


def test_it_names_no_camera_no_box_and_nobody(town: Town) -> None:
    page = Visitor(town.app()).get("/watched", accept_language="en").text
    assert "Not said yet" in page
    assert "Footage of alerts" not in page  # there is no rule
    for word in (NODE, town.voice.camera, "Nguyễn", "an", "latitude"):
        assert f">{word}<" not in page
    assert town.voice.camera not in page
    assert NODE not in page


def test_a_flood_of_looks_is_bounded_by_its_address() -> None:
    assert rule_of("GET", "/watched") is LOOKING_IN
    assert LOOKING_IN.by == "address"
