"""Feature: setting up a camera, with the aiming page and the test alert."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.nodes.commissioning import alert_test_pages, pages
from hub.nodes.commissioning.alert_test_service import PhoneTestService
from hub.nodes.commissioning.tables import phone_tests as tests_table
from hub.web.feature import Feature
from hub.web.rate_limits import WATCHING, Rate

FEATURE: Final = Feature(
    name="commissioning",
    templates=("hub.nodes.commissioning",),
    routers=(pages.router, alert_test_pages.router),
    services=(PhoneTestService,),
    tables=(tests_table,),
    marks=(Mark(tests_table, ("owed", "due", "lease_until")),),
    acts=pages.acts,
    details=pages.details,
    rates=(Rate(r"GET|HEAD", r"/cameras/[^/]*/aim/picture", WATCHING),),
)
