"""Reasons for refused settings are in the reader's language, with the setting's name."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.vision.hours import WeekSpan
from agent.wire.settings import SettingsFault, check_settings
from hub.nodes.desired_state.fault_wording import fault_words
from hub.web.i18n import words

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

VI, EN = words("vi"), words("en")
CURE = 'hãy viết như "22:00-05:00" hoặc "mon-fri 18:00-07:00"; "00:00-24:00" là cả ngày'


def refusal(settings: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsFault) as refused:
        check_settings(settings)
    return str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"clips": {"preroll_s": 9999}},
            "Số giây ghi hình trước khi có người: phải từ 60 trở xuống",
        ),
        (
            {"clips": {"alert_days": "a", "sighting_days": -1}},
            "Số ngày trạm giữ hình của cảnh báo: phải là một số; "
            "Số ngày trạm giữ hình khác có người: phải lớn hơn 0",
        ),
        (
            {"clips": {"max_bytes": 1.5}},
            "Dung lượng tối đa cho mọi hình đã ghi (byte): phải là số nguyên",
        ),
        ({"every_camera": {"continuous": 3}}, "Ghi liên tục: phải là có hoặc không"),
        (
            {"every_camera": {"alert_hours": ["đêm"]}},
            f"Giờ báo động khi có người (22:00-05:00, …): {CURE}",
        ),
    ],
)
def test_what_the_hub_refuses_names_the_setting_and_its_limit(
    settings: Mapping[str, Any], said: str
) -> None:
    assert fault_words(refusal(settings), VI) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("25:00-26:00", "'25:00-26:00': không có giờ 25:00"),
        ("05:00-05:00", "'05:00-05:00' bắt đầu và kết thúc cùng lúc"),
        ("xx 01:00-02:00", "'xx 01:00-02:00': ngày được viết là mon, tue, wed, thu, fri, sat, sun"),
    ],
)
def test_what_a_box_refuses_is_said_by_the_same_names(span: str, said: str) -> None:
    with pytest.raises(ValueError, match="write it as") as refused:
        WeekSpan.parse(span)
    told = fault_words(f"camera.0.alert_hours: {refused.value}", VI)
    assert told == f"Giờ báo động khi có người (22:00-05:00, …): {said}: {CURE}"


def test_a_cure_with_a_semicolon_ends_no_fault() -> None:
    fault = f"{refusal({'every_camera': {'alert_hours': ['đêm']}})}; clips.preroll_s: no number"
    assert fault_words(fault, VI).endswith("; Số giây ghi hình trước khi có người: no number")


def test_what_is_not_known_is_shown_as_it_was_said() -> None:
    assert fault_words("", VI) == ""
    assert fault_words("no such camera", VI) == "no such camera"
    assert fault_words("clips.preroll_s", VI) == "Số giây ghi hình trước khi có người"
    assert fault_words("cameras.cong: no frame", VI) == "cameras.cong: no frame"
    assert fault_words("they are not what their hash says: damaged", EN).endswith("damaged")
