"""The page of alert rules: a sentence, a trial, and forms that cannot break anything."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Rules and duty: Alert rules apply by area, camera, zone, kind and time."
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def keeper(town: Town) -> Visitor:
    return Visitor(town.app()).sign_in("kim", PASSWORD)


def send(visitor: Visitor, town: Town, act: str, **changed: Any) -> Any:
    """The form as a browser sends it, every day ticked."""
    form = {
        "csrf": visitor.csrf,
        "place": f"area:{town.area_id}",
        "kind": "person",
        "day": list("0123456"),
        "tells": "nobody",
        "urgency": "as_is",
        "reason": "Chợ đêm",
        "act": act,
    }
    headers = {"Accept": "text/html", **visitor.origin}
    return visitor.send("POST", "/rules", data=form | changed, headers=headers)


def test_a_rule_is_tried_on_last_week_before_it_counts(keeper: Visitor, town: Town) -> None:
    # The minute that the window leaves out is half an hour from now.
    now = datetime.fromtimestamp(town.clock.now().utc_us / 1e6, ZoneInfo("Asia/Ho_Chi_Minh"))
    starts, ends = (f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in (31, 30))
    town.somebody()
    answer = send(keeper, town, "try", starts=starts, ends=ends)
    words = text_of(answer)
    assert answer.status_code == 200
    every_day = f"mỗi ngày {starts}–{ends}"
    assert f"khi có người chỉ đi ngang qua, {every_day}, không điện thoại nào reo." in words
    assert "có 1 cảnh báo ở đây" in words
    assert "Nếu có quy tắc này, 1 cảnh báo" in words
    assert "Sẽ không điện thoại nào reo: " in words
    assert 'value="save"' in answer.text
    assert "Chợ đêm" not in text_of(keeper.get("/rules"))  # nothing was saved
    assert 'value="save"' not in keeper.get("/rules").text


def test_a_saved_rule_stands_in_a_sentence_counts_and_ends(keeper: Visitor, town: Town) -> None:
    assert send(keeper, town, "save").headers["location"] == "/rules?saved=1"
    page = keeper.get("/rules")
    words = text_of(page)
    assert "Ngã tư Chợ Cũ, Tân Khai: khi có người chỉ đi ngang qua, luôn luôn" in words
    assert "Sẽ không điện thoại nào reo" in words
    assert "Mọi nơi khác, luôn luôn" in words
    address = page.text.partition('action="/rules/')[2].partition('"')[0]
    assert keeper.post(f"/rules/{address}").status_code == 303
    assert "Chợ đêm" not in text_of(keeper.get("/rules"))
    assert keeper.post(f"/rules/{address}").status_code == 404


def test_a_hole_of_the_team_is_said_in_the_trial_and_beside_the_rule(
    keeper: Visitor, town: Town
) -> None:
    answer = keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1")
    team = answer.headers["location"].rpartition("/")[2]
    empty = send(keeper, town, "try", tells=f"team:{team}")
    assert "Đội 1 chưa có người: tất cả mọi người sẽ được báo." in text_of(empty)
    an = keeper.get(f"/duty/teams/{team}").text.partition('name="member" value="')[2][:36]
    form = {"shift": "", "name": "Ca ngày", "starts": "06:00", "ends": "18:00", "every": an}
    assert keeper.post(f"/duty/teams/{team}/shift", **form).status_code == 303
    night = {"tells": f"team:{team}", "starts": "17:00", "ends": "07:00", "day": ["5"]}
    words = text_of(send(keeper, town, "try", **night))
    assert "Nobody" not in words
    assert "Không có ai từ Thứ Bảy 18:00 đến Chủ nhật 06:00" in words
    assert send(keeper, town, "save", **night).status_code == 303
    assert "Không có ai từ Thứ Bảy 18:00" in text_of(keeper.get("/rules"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"place": "area:x"}, "khu vực hoặc camera"),
        ({"place": "moon"}, "khu vực hoặc camera"),
        ({"kind": "dragon"}, "Không có loại đó"),
        ({"day": []}, "ít nhất một ngày"),
        ({"day": ["9"]}, "ít nhất một ngày"),
        ({"starts": "25:00"}, "giờ"),
        ({"from": "tomorrow"}, "ngày"),
        ({"from": "2026-02-01", "until": "2026-01-01"}, "Ngày cuối ở trước ngày đầu"),
        ({"tells": "team"}, "Hãy chọn một đội"),
        ({"tells": "team:x"}, "Hãy chọn một đội"),
        ({"tells": "team:00000000-0000-0000-0000-000000000000"}, "Hãy chọn một đội"),
        ({"tells": "king"}, "không thể đặt là khẩn cấp"),
        ({"wait_s": "1"}, "từ 10 đến 3600"),
        ({"wait_s": "²"}, "từ 10 đến 3600"),
        ({"kind": "tamper"}, "luôn có người được báo"),
        ({"urgency": "critical"}, "không thể đặt là khẩn cấp"),
        ({"reason": ""}, "lý do"),
    ],
)
def test_what_cannot_be_a_rule_is_said_and_nothing_is_saved(
    keeper: Visitor, town: Town, changed: dict[str, Any], said: str
) -> None:
    answer = send(keeper, town, "save", **changed)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "Chợ đêm" not in text_of(keeper.get("/rules"))


def test_whoever_looks_after_nothing_finds_no_rules(town: Town) -> None:
    officer = Visitor(town.app()).sign_in("an", PASSWORD)
    assert officer.get("/rules").status_code == 404
    assert send(officer, town, "save").status_code == 404
