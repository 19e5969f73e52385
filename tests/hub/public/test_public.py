"""The public page: what it says, and what it never shows."""

import random

import pytest
from sqlalchemy import update

from hub.footage.retention import rows
from hub.footage.retention.rules import FootageClass
from hub.public.watched import pages
from hub.public.watched.queries import PublicRetention, PublicService, Watched
from hub.public.watched.sketch import WIDTH, sketch
from hub.registry.shapes import Point
from hub.registry.tables import cameras
from hub.web.i18n import words
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
    assert "Màu quần áo, màu xe và chiều cao ước chừng được ghi bằng chữ" in page
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
    assert "Ask at the police office" in page
    for unfilled in ("Not said yet", "By whom", "For what", "None", "()"):
        assert unfilled not in page
    assert "Footage of alerts" not in page  # there is no rule
    for word in (NODE, town.voice.camera, "Nguyễn", "an", "latitude"):
        assert f">{word}<" not in page
    assert town.voice.camera not in page
    assert NODE not in page


def placed(town: Town, latitude_deg: float, longitude_deg: float) -> None:
    with town.db.writing() as conn:
        here = {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg}
        conn.execute(update(cameras).values(here))


def test_a_place_is_found_without_diacritics_and_stands_on_a_map(town: Town) -> None:
    placed(town, 11.541234, 106.601234)
    anybody = Visitor(town.app())
    page = anybody.get("/watched?find=nga tu cho cu", accept_language="en").text
    assert "Ngã tư Chợ Cũ" in page and "Places with cameras (1)" in page
    assert page.count("<circle") == 1 + page.count('<circle cx="12"')  # and those of icons
    none = text_of(anybody.get("/watched?find=xyz<b>", accept_language="en"))
    assert "No place of that name has a camera." in none
    assert "<b>" not in anybody.get("/watched?find=<b>").text
    assert anybody.get(f"/watched?find={'x' * 101}").status_code == 422


def test_the_map_gives_no_cameras_position_away(town: Town) -> None:
    public = town.services.use(PublicService)
    drawn = set()
    for off_deg in (-0.0020, 0.0, 0.0020):
        placed(town, 11.54 + off_deg, 106.60 + off_deg)
        [area] = public.watched()
        drawn.add((area.about, sketch([area])))
    assert len(drawn) == 1
    [(about, _)] = drawn
    assert about == Point(11.54, 106.6)


def test_a_town_without_positions_has_a_list_and_no_map(town: Town) -> None:
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=None, longitude_deg=None))
    page = Visitor(town.app()).get("/watched").text
    assert "watched-map" not in page and "Ngã tư Chợ Cũ" in page


def watched(place: str, north: float, east: float, n: int = 1) -> Watched:
    return Watched(place, n, Point(north, east), ())


@pytest.mark.parametrize("number", [1, 2, 13, 2000])
def test_all_places_are_within_the_drawing(number: int) -> None:
    dice = random.Random(number)  # noqa: S311 - dice, no secret
    areas = [
        watched(
            f"Ngã tư {n}, Tân Khai", 11 + dice.random() / 10, 106 + dice.random() / 10, 1 + n % 7
        )
        for n in range(number)
    ]
    found = sketch(areas)
    assert found is not None
    assert sum(len(one.names) for one in found.spots) == number
    for one in found.spots:
        assert one.radius <= one.x <= WIDTH - one.radius
        assert one.radius <= one.y <= found.height - one.radius
    assert 0 < found.bar <= WIDTH / 3
    assert found.has_names is (number <= 12)


def test_a_rule_without_a_reason_leaves_no_empty_sentence(town: Town) -> None:
    kept = PublicRetention(FootageClass.ALERT, 30, "")
    assert pages._sentence(kept, words("vi")).endswith("30 ngày.")


def test_a_flood_of_looks_is_bounded_by_its_address() -> None:
    assert rule_of("GET", "/watched") is LOOKING_IN
    assert LOOKING_IN.by == "address"
