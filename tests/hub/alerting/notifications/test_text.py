"""Texts of pushes, word for word, in both languages."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from hub.alerting.alerts.rules.rules_met import RuleMet
from hub.alerting.notifications.text import message_for
from hub.base.moment import Moment
from hub.base.text.catalogs import LOCALE_FOLDER
from hub.notify.channels.webpush import MOST_PAYLOAD_BYTES, payload
from hub.notify.i18n import LANGUAGES, LONGEST_TEXT
from tests.hub.rigs.notify_samples import owed
from tests.hub.rigs.notify_town import NOON

pytestmark = pytest.mark.promise(
    "Detection and tracking: Above a stated density, a crowd is one alert with a number."
)

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def said(**changes: Any) -> tuple[str, str]:
    message = message_for(owed(**changes), HERE)
    return message.title, message.body


@pytest.mark.parametrize(
    ("facts", "title", "body"),
    [
        ({}, "Có người · Ngã tư chợ, Tân Khai", "Cổng chợ · 18:06 · 2 người"),
        (
            {"moment": "grown", "people": 3, "has_picture": True},
            "Có 3 người · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06 · đã có ảnh",
        ),
        (
            {"moment": "grown", "people": 3},
            "Có 3 người · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06",
        ),
        (
            {"moment": "taken", "state": "taken", "handled_by": "Chị Ba"},
            "Chị Ba đã tiếp nhận · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06",
        ),
        (
            {"moment": "taken", "state": "resolved", "handled_by": "Chị Ba"},
            "Đã xử lý · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06",
        ),
        (
            {"moment": "taken", "state": "false_alarm"},
            "Báo nhầm · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06",
        ),
        (
            {"kind": "crowd", "people": 45},
            "Đám đông, khoảng 45 người · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06",
        ),
        (
            {"kind": "crowd", "moment": "grown", "people": 60},
            "Đám đông, khoảng 60 người · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06",
        ),
        (
            {"kind": "tamper_covered"},
            "Camera bị che · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06",
        ),
        (
            {"kind": "tamper_lamp_dead", "moment": "grown"},
            "Đã hết: Đèn hồng ngoại không sáng · Ngã tư chợ, Tân Khai",
            "Cổng chợ · bắt đầu lúc 18:06",
        ),
        (
            {"kind": "trouble_of_a_newer_hub", "moment": "back", "state": "resolved"},
            "Cảnh báo · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06",
        ),
        (
            {"kind": "tamper_of_a_newer_hub"},
            "Cảnh báo · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06",
        ),
        (
            {"moment": "raised", "rules": (RuleMet("crossing", "hang-rao", label="Hàng rào {1}"),)},
            "Có người vượt vạch Hàng rào {1} · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06 · 2 người",
        ),
        (
            {"rules": (RuleMet("entry", "san-sau"), RuleMet("after_hours", "san-sau"))},
            "Có người ở san-sau ngoài giờ · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06 · 2 người",
        ),
        (
            {"moment": "raised", "rules": (RuleMet("loitering", "san-sau", seconds=20),)},
            "Có người nán lại ở san-sau · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06 · 2 người",
        ),
        (
            {"moment": "grown", "rules": (RuleMet("crossing", "{hang}"),), "has_picture": True},
            "Có người vượt vạch {hang} · Ngã tư chợ, Tân Khai",
            "Cổng chợ · từ 18:06 · đã có ảnh",
        ),
        (
            {"rules": (RuleMet("group", "san-sau", people=5), RuleMet("of_a_newer_node", "x"))},
            "Có 5 người ở san-sau · Ngã tư chợ, Tân Khai",
            "Cổng chợ · 18:06 · 2 người",
        ),
        (
            {"kind": "camera_lost", "people": 1},
            "Mất tín hiệu Cổng chợ",
            "Ngã tư chợ, Tân Khai · từ 18:06",
        ),
        (
            {"kind": "camera_lost", "people": 4},
            "Mất tín hiệu 4 camera của trạm tk-01",
            "Ngã tư chợ, Tân Khai · từ 18:06",
        ),
        (
            {"kind": "link_lost", "people": 40, "place": "Tân Khai"},
            "40 trạm camera cùng mất tín hiệu: đường truyền hoặc điện?",
            "Tân Khai · từ 18:06",
        ),
        (
            {"kind": "node_silent", "moment": "back", "state": "resolved"},
            "Trạm camera tk-01 đã hoạt động lại",
            "Ngã tư chợ, Tân Khai · từ 18:06",
        ),
        (
            {"kind": "broker_lost", "place": ""},
            "Trung tâm không nhận được tin từ trạm camera nào: mất kết nối với máy chủ nhận tin",
            "từ 18:06",
        ),
        (
            {"kind": "broker_unheard", "place": "", "camera_label": "hub2:8883"},
            "Trung tâm không nhận đủ tin từ máy chủ nhận tin hub2:8883",
            "từ 18:06",
        ),
        (
            {
                "kind": "broker_unheard",
                "place": "",
                "camera_label": "hub2:8883",
                "moment": "back",
                "state": "resolved",
            },
            "Trung tâm đã nhận lại đủ tin từ máy chủ nhận tin hub2:8883",
            "từ 18:06",
        ),
    ],
)
def test_vietnamese_push_says(facts: dict[str, Any], title: str, body: str) -> None:
    assert said(**facts) == (title, body)


def test_english_knows_one_and_many() -> None:
    assert said(language="en", people=1)[1] == "Cổng chợ · 18:06 · 1 person"
    assert said(language="en", people=2)[1] == "Cổng chợ · 18:06 · 2 people"


def test_an_unknown_language_is_spoken_to_in_vietnamese() -> None:
    assert message_for(owed(language="fr"), HERE).language == "vi"


@pytest.mark.parametrize("error_ms", [None, 40_000])
def test_a_doubtful_clock_is_said_to_be_doubtful(error_ms: int | None) -> None:
    assert "khoảng 18:06" in said(began=Moment(NOON.utc_us, error_ms))[1]


def test_braces_in_a_name_are_only_braces() -> None:
    assert said(camera_label="{place}")[1] == "{place} · 18:06 · 2 người"


@pytest.mark.promise("Notifications: A push message fits into 2.5 kB, also with the longest names.")
def test_a_message_of_the_longest_names_still_fits_the_way_to_any_phone() -> None:
    message = message_for(owed(place="ữ" * 500, camera_label="ữ" * 500), HERE)
    assert len(message.title) == len(message.body) == LONGEST_TEXT
    assert len(payload(message)) <= MOST_PAYLOAD_BYTES


@pytest.mark.promise("Hub: Message catalogs are complete in both languages.")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_the_catalog_is_translated(language: str) -> None:
    with (LOCALE_FOLDER / language / "LC_MESSAGES" / "push.po").open("rb") as source:
        for message in read_po(source, locale=language):
            assert message.string, message.id


def test_who_is_called_because_nobody_took_it_reads_so() -> None:
    title, body = said(is_called_on=True)
    assert (title, body) == (said()[0], f"{said()[1]} · chưa ai tiếp nhận")
    assert said(is_called_on=True, moment="again")[1].endswith("chưa ai tiếp nhận")


def test_a_colleague_reads_who_hands_it_over() -> None:
    title, _ = said(moment="handed", state="taken", handled_by="Anh An")
    assert title == "Anh An chuyển cho bạn · Ngã tư chợ, Tân Khai"
