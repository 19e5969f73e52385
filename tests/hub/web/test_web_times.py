"""Times are local, 24-hour, and say how long ago in the reader's language."""

from zoneinfo import ZoneInfo

import pytest

from hub.web.calendar import Calendar
from hub.web.i18n import words

NOW_UTC_US = 1_795_540_320_000_000  # 00:12 on 25/11/2026 in Hồ Chí Minh


def calendar(language: str = "vi", *, later_h: float = 0) -> Calendar:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    return Calendar(zone, words(language), NOW_UTC_US + round(later_h * 3.6e9))


@pytest.mark.parametrize(
    ("past_s", "vietnamese", "english"),
    [
        (-40, "vừa xong", "just now"),
        (4, "vừa xong", "just now"),
        (5, "5 giây trước", "5 seconds ago"),
        (59, "59 giây trước", "59 seconds ago"),
        (60, "1 phút trước", "1 minute ago"),
        (179, "2 phút trước", "2 minutes ago"),
        (3599, "59 phút trước", "59 minutes ago"),
        (7200, "2 giờ trước", "2 hours ago"),
        (86_400 * 3, "3 ngày trước", "3 days ago"),
    ],
)
def test_how_long_ago(past_s: int, vietnamese: str, english: str) -> None:
    then = NOW_UTC_US - past_s * 1_000_000
    assert calendar("vi").ago(then) == vietnamese
    assert calendar("en").ago(then) == english


def test_today_shows_the_clock_and_another_day_its_date_too() -> None:
    assert calendar().clock(NOW_UTC_US) == "00:12:00"
    assert calendar().clock(NOW_UTC_US - 13 * 60_000_000) == "23:59:00 24/11/2026"
    assert calendar().full(NOW_UTC_US) == "00:12:00 25/11/2026"


def test_what_ends_at_a_minute_has_that_minute() -> None:
    assert f"{calendar().typed('2026-11-25', '23:59'):%d %T.%f}" == "25 23:59:00.000000"
    assert f"{calendar().typed_end('2026-11-25', '23:59'):%d %T.%f}" == "25 23:59:59.999999"


def test_today_began_at_the_local_midnight() -> None:
    assert calendar().clock(calendar().today_began_utc_us()) == "00:00:00"


@pytest.mark.promise("Pages: Pages are dark at night.")
@pytest.mark.parametrize(("later_h", "is_dark"), [(0, True), (5.5, True), (6, False), (17.9, True)])
def test_it_is_dark_between_dusk_and_dawn(later_h: float, is_dark: bool) -> None:
    assert calendar(later_h=later_h).is_dark() is is_dark
