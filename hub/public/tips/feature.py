"""Feature: tips of the public, by form and by apps."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from hub.public.tips import api, officer_pages, pages
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import MOST_PICTURE_BYTES, MOST_PICTURES
from hub.public.tips.service import TipService
from hub.public.tips.tables import tip_answers, tip_keys, tip_pictures, tip_reporters
from hub.public.tips.tables import tips as tips_table
from hub.web.feature import Feature
from hub.web.guard import APP_TIPS, MAX_FORM_BYTES, Body
from hub.web.rate_limits import CODES, LOOKING_IN, OUTSIDERS, Rate, RateRule
from hub.web.visit import Visit

MAX_TIP_BYTES: Final = MOST_PICTURES * MOST_PICTURE_BYTES + MAX_FORM_BYTES
"""Largest tip with its pictures."""
MAX_APP_TIP_BYTES: Final = 12 * 2**20
"""Largest tip of an app: all pictures in base64, in memory at once."""
APPS: Final = RateRule("apps", 60, 60.0, "address")
"""With or without a key."""


def _in_case(visit: Visit, case_id: UUID) -> Mapping[str, object]:
    tips = visit.find(TipService)
    return {"tips": tips.tips_of(visit.asker, case_id) if tips else []}


FEATURE: Final = Feature(
    name="tips",
    templates=("hub.public.tips",),
    routers=(pages.router, officer_pages.router, api.router),
    tables=(tips_table, tip_reporters, tip_pictures, tip_answers, tip_keys),
    acts=officer_pages.acts,
    details=officer_pages.details,
    bodies=(Body(APP_TIPS, MAX_APP_TIP_BYTES), Body(r"/tips", MAX_TIP_BYTES)),
    rates=(
        Rate(r"GET|HEAD", r"/tips(/follow)?", LOOKING_IN),
        Rate(r"POST", r"/tips", OUTSIDERS),
        Rate(r"POST", r"/tips/follow", CODES),
        Rate(r"POST", APP_TIPS, APPS),
    ),
    shown={"takes_tips": lambda services: services.find(PublicTipService) is not None},
    panels={"case": _in_case},
)
