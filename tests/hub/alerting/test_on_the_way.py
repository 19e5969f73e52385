"""For an officer on the way: nearby cameras, "I am there", and causes of false alarms."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.response.service import ResponseService
from hub.console.service import InboxService
from hub.registry.neighbours import MOST, NEAR_M, CameraSpot, distance, neighbours
from tests.hub.helpers.alerting.on_the_way import another_camera, asker
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: A camera opens in the phone's map, with its neighbours.")


def test_who_has_it_says_once_that_they_are_there(town: Town) -> None:
    seen = town.somebody()
    an, binh = asker(town, "an"), asker(town, "binh")
    responses = town.services.use(ResponseService)
    assert isinstance(responses.arrive(an, seen.alert_id), Conflict)
    responses.act(an, seen.alert_id, act="take")
    assert isinstance(responses.arrive(binh, seen.alert_id), Conflict)
    arrived = responses.arrive(an, seen.alert_id)
    assert isinstance(arrived, AlertRow)
    assert arrived.arrived_utc_us is not None
    again = responses.arrive(an, seen.alert_id)
    assert isinstance(again, AlertRow)
    assert again.arrived_utc_us == arrived.arrived_utc_us
    page = town.services.use(InboxService).alert(binh, seen.alert_id)
    assert page is not None
    assert [step.act for step in page.history].count("arrived") == 1
    assert responses.arrive(asker(town, "guest"), seen.alert_id) is None


def test_a_false_alarm_may_say_what_it_was_and_nothing_else_can(town: Town) -> None:
    an = asker(town, "an")
    causes = []
    for cause, act in (("animal", "false_alarm"), ("<b>", "false_alarm"), ("animal", "resolve")):
        seen = town.somebody()
        town.gone(seen)
        town.services.use(ResponseService).act(an, seen.alert_id, act=act, cause=cause)  # type: ignore[arg-type]  # three acts
        with town.db.reading() as conn:
            causes.append(
                conn.scalar(select(alerts.c.false_cause).where(alerts.c.id == seen.alert_id))
            )
    assert causes == ["animal", None, None]


def test_neighbours_are_those_one_may_see_one_tap_away(town: Town) -> None:
    seen = town.somebody()
    mine = another_camera(town, "Cổng trường")
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = an.get(f"/alerts/{seen.alert_id}")
    assert f"/cameras/{mine}" in page.text
    assert "Cổng trường" in text_of(page) and "cùng khu vực" in text_of(page)
    here = an.get(f"/cameras/{mine}")
    assert here.status_code == 200
    words = text_of(here)
    assert "Cổng trường" in words and "Ngã tư Chợ Cũ" in words
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get(f"/cameras/{mine}").status_code == 404
    assert guest.get(f"/cameras/{uuid4()}").status_code == 404


def test_the_button_is_there_for_who_has_it_until_they_have_said_so(town: Town) -> None:
    seen = town.somebody()
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    address = f"/alerts/{seen.alert_id}"
    assert 'data-act="arrive"' not in an.get(address).text
    an.post(f"{address}/take")
    assert 'data-act="arrive"' in an.get(address).text
    assert an.post(f"{address}/arrive").status_code == 303
    page = an.get(address)
    assert 'data-act="arrive"' not in page.text
    assert "Đã đến nơi · Nguyễn Văn An" in text_of(page)
    binh = Visitor(town.app()).sign_in("binh", PASSWORD)
    assert binh.post(f"{address}/arrive").status_code == 409


SPOTS = st.builds(
    CameraSpot,
    st.uuids(),
    st.sampled_from([UUID(int=1), UUID(int=2)]),
    st.none() | st.floats(-90, 90),
    st.none() | st.floats(-180, 180),
)


@given(of=SPOTS, others=st.lists(SPOTS, max_size=20))
def test_neighbours_are_the_nearest_first_and_never_the_camera_itself(
    of: CameraSpot, others: list[CameraSpot]
) -> None:
    found = neighbours(of, [*others, of])
    assert len(found) <= MOST
    assert of.camera_id not in [one.camera_id for one in found]
    far = [one.distance_m for one in found if one.distance_m is not None]
    assert far == sorted(far)
    assert all(one <= NEAR_M for one in far)


def test_a_metre_is_a_metre() -> None:
    here = CameraSpot(uuid4(), uuid4(), 11.5400, 106.6000)
    north = CameraSpot(uuid4(), uuid4(), 11.5409, 106.6000)
    east = CameraSpot(uuid4(), uuid4(), 11.5400, 106.6010)
    assert distance(here, north) == pytest.approx(100.1, abs=0.3)
    assert distance(here, east) == pytest.approx(109.0, abs=0.5)
