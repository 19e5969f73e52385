"""Alerts as pages show them, without a database."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from hub.alerting.alerts.views import AlertRow
from hub.base.audit.asker import Asker

NOW_UTC_US = 1_795_540_320_000_000
"""00:12 on 25/11/2026 in Hồ Chí Minh."""


def asker(name: str = "Nguyễn Văn An", *, language: str = "vi", login: str = "an") -> Asker:
    return Asker(
        person_id=uuid4(), login=login, name=name, role="officer", language=language, came_from=""
    )


def alert_row(**changed: Any) -> AlertRow:
    began = changed.pop("began_utc_us", NOW_UTC_US - 120_000_000)
    row = AlertRow(
        alert_id=uuid4(),
        camera_id=uuid4(),
        camera_label="Camera cổng chợ",
        place="Ngã tư Chợ Cũ, Tân Khai",
        kind="person",
        state="open",
        people=1,
        began_utc_us=began,
        confirmed_utc_us=began + 600_000,
        last_seen_utc_us=began + 9_000_000,
        raised_utc_us=began + 900_000,
        error_ms=20,
        clock_source="ntp",
        picture_id=None,
        clip_id=None,
        taken_by=None,
        taken_by_name=None,
        taken_utc_us=None,
        closed_by=None,
        closed_by_name=None,
        closed_utc_us=None,
        revision=1,
    )
    return replace(row, **changed)
