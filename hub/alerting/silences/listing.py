"""The table of silences: its order, search and filter."""

from typing import Final

from hub.alerting.silences.service import SilenceRow
from hub.base.text.order import by_name
from hub.web.table_view import Listing

LISTING: Final = Listing[SilenceRow](
    path="/silences",
    columns={
        "made": lambda row: -row.made_utc_us,
        "where": lambda row: by_name(f"{row.camera_label} {row.place}"),
        "until": lambda row: row.silence.until_utc_us,
        "hits": lambda row: row.hits,
    },
    standard="made",
    text=lambda row: (
        f"{row.camera_label} {row.place} {row.zone_label} {row.silence.reason}"
        f" {row.made_by_name or ''}"
    ),
    choices={
        "by": (("people", "hub"), lambda row: "hub" if row.made_by_name is None else "people"),
    },
)
