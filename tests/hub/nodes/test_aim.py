"""The technician's page of a camera: the live picture, and zones and masks as desired settings."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.base.audit.tables import audit
from hub.nodes.commissioning.tables import phone_tests
from hub.nodes.desired_state.rules.outlines import OutlineFault, keys, read, written
from hub.registry.tables import cameras
from tests.hub.helpers.footage.live import bring, jpeg
from tests.hub.helpers.nodes.aim import SUBSCRIPTION, place_of, wanted
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Installing: A technician can aim a camera and send a test alert.")

MASK = "private: 0.1 0.2, 0.5 0.2, 0.5 0.8"
YARD = "zone san entry loiter 30: 0 0, 1 0, 1 0.4"
SHARES = st.integers(0, 10_000).map(lambda number: number / 10_000)
OUTLINES = st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=12)


def test_who_looks_after_a_camera_sees_its_present_and_what_they_draw_is_wanted_of_its_node(
    town: Town,
) -> None:
    kim, place = Visitor(town.app()).sign_in("kim", PASSWORD), place_of(town)
    assert place in kim.get("/nodes").text
    assert kim.get(place).status_code == 200
    assert bring(town, jpeg(b"a")).status_code == 204
    assert kim.get(f"{place}/picture?after=0").content == jpeg(b"a")
    answer = kim.post(place, outlines=f"{MASK}\n\n{YARD}\n", reason="cửa sổ nhà bên")
    assert answer.status_code == 303, text_of(answer)
    zone = {"name": "san", "outline": [[0, 0], [1, 0], [1, 0.4]], "entry": True, "loiter_s": 30}
    assert wanted(town) == {"private": [[[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]]], "zone": [zone]}
    assert f"{MASK}\n{YARD}</textarea>" in kim.get(place).text
    assert kim.post(f"{place}/end").status_code == 204
    with town.db.reading() as conn:
        acts = [act for act in conn.scalars(select(audit.c.act)) if act.startswith("aim.")]
    assert acts == ["aim.begin", "aim.end"]


@pytest.mark.parametrize(
    ("outlines", "reason", "said"),
    [
        (f"{MASK}\nprivate: 0 0, 1 1", "vì", "Dòng 2"),
        ("private: 0 0, 1 1, 2 2", "vì", "Dòng 1"),
        ("zone KHÔNG entry: 0 0, 1 1, 1 0", "vì", "Dòng 1"),
        ("zone san: 0 0, 1 1, 1 0", "vì", "it has no rule"),
        (f'zone san "{"ư" * 61}" entry: 0 0, 1 1, 1 0', "vì", "at most 60 characters"),
        ('zone san "sân \u202e" entry: 0 0, 1 1, 1 0', "vì", "a label is one line of letters"),
        ('zone san "sân entry: 0 0, 1 1, 1 0', "vì", "Dòng 1"),
        (MASK, "", "Hãy ghi lý do"),
        (MASK, "   ", "Hãy ghi lý do"),
    ],
)
def test_what_cannot_be_wanted_changes_nothing_and_comes_back_with_its_line(
    town: Town, outlines: str, reason: str, said: str
) -> None:
    kim, place = Visitor(town.app()).sign_in("kim", PASSWORD), place_of(town)
    answer = kim.post(place, outlines=outlines, reason=reason)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert outlines.splitlines()[0] in unescape(answer.text)
    assert wanted(town) == {}


@pytest.mark.promise("Search: Neighbouring cameras come in the likely order of passing.")
def test_where_a_camera_looks_is_noted_logged_and_taken_back(town: Town) -> None:
    keeper, place = Visitor(town.app()).sign_in("kim", PASSWORD), place_of(town)
    for said, is_kept in (("90", 90.0), ("22,5", 22.5), ("360", 0.0), ("", None)):
        assert keeper.post(f"{place}/bearing", bearing=said).status_code == 303
        with town.db.reading() as conn:
            assert conn.scalars(select(cameras.c.bearing_deg)).one() == is_kept
    for said in ("north", "361", "-1", "nan"):
        assert keeper.post(f"{place}/bearing", bearing=said).status_code == 422
    assert (
        Visitor(town.app())
        .sign_in("an", PASSWORD)
        .post(f"{place}/bearing", bearing="90")
        .status_code
        == 404
    )
    with town.db.reading() as conn:
        acts = [act for act in conn.scalars(select(audit.c.act)) if act.startswith("camera.")]
    assert acts == ["camera.place"] * 4 + ["camera.place.refused"] * 4, "three are no bearing"


def test_height_and_horizon_become_settings_of_the_camera_and_are_taken_back(town: Town) -> None:
    keeper, place = Visitor(town.app()).sign_in("kim", PASSWORD), place_of(town)
    keeper.post(place, outlines=MASK, reason="cửa sổ nhà bên")
    mask = {"private": [[[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]]], "zone": []}

    def save(mast: str, horizon: str, reason: str = "đo lại") -> int:
        answer = keeper.post(
            f"{place}/measures", mast_height_m=mast, horizon=horizon, reason=reason
        )
        return answer.status_code

    assert save("6,5", "-12.5") == 303
    assert wanted(town) == {**mask, "mast_height_m": 6.5, "horizon": -0.125}
    page = keeper.get(place).text
    assert (
        'name="mast_height_m" min="2" max="30" step="any" inputmode="decimal" value="6.5"' in page
    )
    assert 'name="horizon" min="-100" max="90" step="any" value="-12.5"' in page
    for mast, horizon in (("1", "20"), ("31", "20"), ("6", "91"), ("6", "-101"), ("nan", "20")):
        assert save(mast, horizon) == 422
    assert save("6", "x") == save("", "inf") == save("6", "20", reason=" ") == 422
    assert wanted(town)["mast_height_m"] == 6.5
    assert save("", "30") == 303
    assert wanted(town) == {**mask, "horizon": 0.3}
    assert save("", "") == 303
    assert wanted(town) == mask
    stranger = Visitor(town.app()).sign_in("an", PASSWORD)
    told = {"mast_height_m": "6", "horizon": "20", "reason": "đo"}
    assert stranger.post(f"{place}/measures", **told).status_code == 404


def test_who_does_not_look_after_it_neither_sees_nor_draws(town: Town) -> None:
    place = place_of(town)
    for login in ("an", "guest"):
        visitor = Visitor(town.app()).sign_in(login, PASSWORD)
        for path in (place, f"{place}/picture"):
            assert visitor.get(path).status_code == 404
        assert visitor.post(place, outlines=MASK, reason="vì").status_code == 404
    assert wanted(town) == {}


@given(st.lists(OUTLINES, max_size=5), st.lists(st.tuples(OUTLINES, st.booleans()), max_size=5))
def test_what_is_written_is_read_again_as_it_was(
    masks: list[list[tuple[float, float]]], drawn: list[tuple[list[tuple[float, float]], bool]]
) -> None:
    zones = [
        {
            "name": f"v-{index}",
            "outline": outline,
            "entry": entry,
            "loiter_s": 60,
            **({"label": f"Cổng {index}: chợ, sân"} if index else {}),
        }
        for index, (outline, entry) in enumerate(drawn)
    ]
    found = keys(read(written(masks, zones)), zones)
    assert found["private"] == [[list(corner) for corner in one] for one in masks]
    assert [one["outline"] for one in found["zone"]] == [
        [list(corner) for corner in one] for one, _ in drawn
    ]
    assert [one["entry"] for one in found["zone"]] == [entry for _, entry in drawn]
    assert [one.get("label") for one in found["zone"]] == [one.get("label") for one in zones]


def test_rules_of_a_zone_that_the_page_does_not_draw_stay() -> None:
    whole = {"name": "dem", "outline": (), "closed_hours": ["22:00-05:00"]}
    yard = {"name": "san", "outline": [[0, 0], [1, 0], [1, 1]], "entry": True, "group": 4}
    found = keys(read("zone san loiter 20: 0 0, 0.5 0, 0.5 0.5"), [whole, yard])
    assert found["zone"][0] == whole
    assert found["zone"][1] == {
        "name": "san",
        "outline": [[0, 0], [0.5, 0], [0.5, 0.5]],
        "entry": False,
        "loiter_s": 20,
        "group": 4,
    }


@given(st.text(max_size=200))
def test_whatever_is_sent_is_an_outline_or_a_line_that_is_none(text: str) -> None:
    try:
        for shape in read(text):
            assert len(shape.corners) >= 3
    except OutlineFault as fault:
        assert 1 <= fault.line <= len(text.splitlines())


def test_a_test_alert_is_for_who_looks_after_the_camera_and_shows_in_nobodys_lists(
    town: Town,
) -> None:
    place = f"{place_of(town)}/test"
    for login in ("an", "guest"):
        visitor = Visitor(town.app()).sign_in(login, PASSWORD)
        assert visitor.get(place).status_code == 404
        assert visitor.post(place).status_code == 404
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    before = [kim.get(path).text.count("card-text") for path in ("/", "/reports")]
    kim.get(place_of(town))
    assert bring(town, jpeg(b"a")).status_code == 204
    answer = kim.post(place)
    assert answer.headers["location"].endswith("/aim?tested=no-phone#test")
    kim.call("/api/phones", SUBSCRIPTION)
    assert kim.post(place).headers["location"].endswith("/aim?tested=sent#test")
    assert "Đang gửi" in text_of(kim.get(place))
    assert [kim.get(path).text.count("card-text") for path in ("/", "/reports")] == before
    with town.db.reading() as conn:
        test_id = conn.scalars(select(phone_tests.c.id)).one()
        acts = list(conn.scalars(select(audit.c.act).where(audit.c.act.like("phone.test%"))))
    assert acts == ["phone.test", "phone.test"]
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert an.call(f"/api/tests/{test_id}/shown", {}).status_code == 404
    assert kim.call(f"/api/tests/{test_id}/taken", {}).status_code == 404
    assert kim.call(f"/api/tests/{test_id}/opened", {}).status_code == 204
    assert "Đã mở trên điện thoại" in text_of(kim.get(place))
