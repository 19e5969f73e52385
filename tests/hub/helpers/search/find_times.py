"""Helpers of the tests of find times, used by more than one module."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hub.web.calendar import Calendar
from hub.web.i18n import words

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(said: str) -> int:
    return round(datetime.fromisoformat(said).replace(tzinfo=ZONE).timestamp() * 1e6)


def calendar(now: str) -> Calendar:
    return Calendar(zone=ZONE, words=words("vi"), now_utc_us=at(now))
