"""Several cameras at one instant: which clip shows it, the nearest frame otherwise, and clock
errors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from agent.wire.messages import LeftBy, SightingClosed
from hub.access.grants import rows
from hub.access.rules.grants import Grant, Right
from hub.access.tables import people
from hub.alerting.alerts.tables import sightings
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.footage.tables import media
from hub.registry.tables import cameras
from tests.hub.helpers.search.web_moment import EAST_200_M
from tests.hub.helpers.search.web_search import camera_of, let_search, visitor
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import text_of

pytestmark = [
    pytest.mark.promise("Search: Several cameras play side by side at one instant."),
    pytest.mark.promise("Search: Neighbouring cameras come in the likely order of passing."),
]

US = 1_000_000


class Streets:
    """The town's camera and others east of it, 200 m apart, with one clip each."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.first = camera_of(town)
        clip = some_bytes()
        town.clip(town.somebody(), clip)
        town.bring(clip)
        with town.db.writing() as conn:
            conn.execute(update(cameras).values(latitude_deg=11.53, longitude_deg=106.62))
            self.camera = dict(conn.execute(select(cameras)).mappings().one())
            self.clip = dict(conn.execute(select(media)).mappings().one())
        self.at_us: int = self.clip["first_frame_utc_us"] + 5 * US

    def faces(self, bearing_deg: float) -> None:
        """The first camera looks there."""
        with self.town.db.writing() as conn:
            this = cameras.c.id == self.first
            conn.execute(update(cameras).where(this).values(bearing_deg=bearing_deg))

    def left(self, by: LeftBy | None, *, rode: bool | None = None) -> None:
        """Whoever is in its picture goes out there at the instant."""
        with self.town.db.reading() as conn:
            sighting_id = conn.scalars(select(sightings.c.id)).one()
        body = SightingClosed(
            camera=self.town.voice.camera,
            sighting_id=sighting_id,
            last_seen_utc_us=self.at_us,
            duration_ms=3000,
            rode=rode,
            left_by=by,
        )
        self.town.file(body)

    def another(self, number: int, **clip: Any) -> UUID:
        """The camera so many times 200 m to the east; its clip differs in this."""
        camera_id = uuid4()
        east = self.camera["longitude_deg"] + number * EAST_200_M
        row = {"id": camera_id, "name": f"c{number}", "kept_label": f"Camera {number}"}
        row |= {"label": f"Camera {number}", "longitude_deg": east}
        said = {"id": uuid4(), "camera_id": camera_id, "sha256": uuid4().hex * 2}
        with self.town.db.writing() as conn:
            conn.execute(insert(cameras).values(**{**self.camera, **row}))
            conn.execute(insert(media).values(**{**self.clip, **said, **clip}))
        return camera_id

    def address(self, *camera_ids: UUID, at: str = "") -> str:
        told = "&".join(f"camera={one}" for one in camera_ids or (self.first,))
        return f"/moment?{told}&at={at or self.at_us}"


@pytest.fixture
def streets(sqlite_url: str, tmp_path: Path) -> Iterator[Streets]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    let_search(town, "an", Right.SEARCH | Right.CLIPS)
    yield Streets(town)
    db.close()


def starts(page: str) -> list[float]:
    return [float(one) for one in re.findall(r'data-start="(.*?)"', page)]


def test_each_clip_stands_at_the_instant_and_says_how_far_its_clock_may_err(
    streets: Streets,
) -> None:
    earlier = streets.clip["first_frame_utc_us"] - 2 * US
    doubtful = streets.another(1, first_frame_utc_us=earlier, first_frame_error_ms=40_000)
    page = visitor(streets.town, "an").get(streets.address(streets.first, doubtful))
    assert starts(page.text) == pytest.approx([5.0, 7.0])
    assert "đồng hồ ± 20 ms" in text_of(page)
    assert "± 40 giây" in text_of(page)


def test_what_does_not_show_the_instant_says_how_far_beside_it_is(streets: Streets) -> None:
    begins = streets.clip["first_frame_utc_us"]
    later = streets.another(1, first_frame_utc_us=streets.at_us + 7 * US)
    before = streets.another(2, first_frame_utc_us=begins - 20 * US)
    never = streets.another(3, first_frame_utc_us=begins - 3600 * US)
    page = text_of(
        visitor(streets.town, "an").get(streets.address(streets.first, later, before, never))
    )
    assert "Bắt đầu sau đó 7 giây" in page
    assert "Kết thúc trước đó 11 giây" in page  # 14 s long, and the instant 5 s after the first
    assert "Camera này không ghi nhận gì trong 10 phút" in page


def test_a_clip_at_its_node_is_asked_for_and_the_cameras_stay(streets: Streets) -> None:
    far = streets.another(1, stored_utc_us=None)
    an = visitor(streets.town, "an")
    page = an.get(streets.address(streets.first, far)).text
    [action] = re.findall(r'action="(/moment/clips/.*?/ask)"', page)
    [back] = re.findall(r'name="back" value="(.*?)"', page)
    answer = an.post(action, back=back.replace("&amp;", "&"))
    assert answer.status_code == 303
    again = an.get(answer.headers["location"])
    assert "đã yêu cầu" in text_of(again)
    assert str(far) in again.text


def test_cameras_near_are_offered_the_nearest_first_with_how_long_it_takes(
    streets: Streets,
) -> None:
    far, near = streets.another(3), streets.another(1)
    page = visitor(streets.town, "an").get(streets.address())
    text = text_of(page)
    assert text.index("Camera 1") < text.index("Camera 3")
    assert "600 m · đi bộ 7 phút, đi xe 1 phút" in text.replace("Cách ", "").replace("cách ", "")
    [together] = re.findall(r'<a class="button is-calm" href="(/moment\?camera.*?)">', page.text)[
        -1:
    ]
    both = visitor(streets.town, "an").get(together.replace("&amp;", "&"))
    assert re.findall(r'data-camera="(.*?)"', both.text) == [
        str(one) for one in (streets.first, near, far)
    ]


def offered(text: str) -> list[str]:
    return re.findall(r"Camera -?\d", text.partition("qua đâu tiếp theo")[2])


def test_who_left_to_the_east_may_have_passed_the_cameras_there_next(streets: Streets) -> None:
    streets.another(-1), streets.another(1), streets.another(2)
    streets.faces(0.0)
    streets.left(LeftBy.RIGHT, rode=False)
    text = text_of(visitor(streets.town, "an").get(streets.address()))
    assert "Ra khỏi khung hình về phía đông lúc" in text
    assert "các camera tiếp theo ở phía đó" in text
    assert offered(text) == ["Camera 1", "Camera 2", "Camera -1"]
    assert text.index("ở phía đó") < text.index("nếu quay lại")


def test_a_camera_that_looks_the_other_way_turns_the_order_round(streets: Streets) -> None:
    streets.another(-2), streets.another(1)
    streets.faces(180.0)
    streets.left(LeftBy.RIGHT)
    text = text_of(visitor(streets.town, "an").get(streets.address()))
    assert "về phía tây" in text
    assert offered(text) == ["Camera -2", "Camera 1"]


def test_each_says_when_to_look_there_and_leads_to_what_it_saw_then(streets: Streets) -> None:
    camera_id = streets.another(1)
    streets.faces(0.0)
    streets.left(LeftBy.RIGHT, rode=False)
    page = visitor(streets.town, "an").get(streets.address()).text
    [window] = re.findall(r"xem lúc (\d\d:\d\d:\d\d) – (\d\d:\d\d:\d\d)", page)
    begins, ends = (int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in map(_parts, window))
    assert (ends - begins) % 86_400 == pytest.approx(180, abs=2)  # 100 s at 2 m/s, 280 s at 1 m/s
    [find] = re.findall(r'href="(/find\?when=between.*?)"', page)
    assert str(camera_id) in find
    assert visitor(streets.town, "an").get(find.replace("&amp;", "&")).status_code == 200


def _parts(clock: str) -> list[str]:
    return clock.split(":")


def test_without_a_bearing_or_a_side_it_says_so_and_the_nearest_is_first(streets: Streets) -> None:
    streets.another(-1), streets.another(2)
    an = visitor(streets.town, "an")
    assert "Không rõ có ai ra khỏi khung hình" in text_of(an.get(streets.address()))
    streets.left(LeftBy.RIGHT)
    text = text_of(an.get(streets.address()))
    assert "Chưa ghi camera này nhìn về hướng nào" in text
    assert offered(text) == ["Camera -1", "Camera 2"]


def test_another_second_is_one_tap_away_and_one_writes_it_in_local_time(streets: Streets) -> None:
    an = visitor(streets.town, "an")
    page = an.get(streets.address())
    assert f"at={streets.at_us + 10 * US}" in page.text
    [local] = re.findall(r'name="at" value="(.*?)"', page.text)
    again = an.get(streets.address(at=local))
    assert starts(again.text)[0] == pytest.approx(5.0, abs=1.0)


@pytest.mark.parametrize("at", ["soon", "9" * 25, "0001-01-01T00:00:00", "2026-13-01T00:00"])
def test_what_is_no_instant_is_refused(streets: Streets, at: str) -> None:
    assert visitor(streets.town, "an").get(streets.address(at=at)).status_code == 422


def test_who_may_not_search_sees_none_and_no_camera_beyond_their_grant(streets: Streets) -> None:
    other = streets.another(1)
    for login in ("binh", "guest"):
        assert visitor(streets.town, login).get(streets.address()).status_code == 404
    now = streets.town.clock.now()
    with streets.town.db.writing() as conn:
        guest = conn.scalar(select(people.c.id).where(people.c.login == "guest"))
        assert guest is not None
        grant = Grant(None, other, Right.SEARCH | Right.CLIPS, now.utc_us - 1)
        rows.add_grant(conn, person_id=guest, grant=grant, reason="case 7", now=now)
    guest_there = visitor(streets.town, "guest")
    assert guest_there.get(streets.address()).status_code == 404
    page = guest_there.get(streets.address(other, streets.first))
    assert re.findall(r'data-camera="(.*?)"', page.text) == [str(other)]
    assert str(streets.first) not in page.text
    with streets.town.db.reading() as conn:
        acts = list(conn.scalars(select(audit.c.act)))
    assert {"search.moment", "search.moment.refused"} <= set(acts)
