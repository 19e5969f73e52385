"""Setting a camera up: the aiming page and the test alert."""

from typing import Final

from hub.store.phone_test_tables import phone_tests as tests_table
from hub.store.table_notes import Mark
from hub.web import aim, phone_tests
from hub.web.feature import Feature
from hub.web.limits import WATCHING, Rate

FEATURE: Final = Feature(
    name="commissioning",
    routers=(aim.router, phone_tests.router),
    tables=(tests_table,),
    marks=(Mark(tests_table, ("owed", "due", "lease_until")),),
    acts=aim.acts,
    rates=(Rate(r"GET|HEAD", r"/cameras/[^/]*/aim/picture", WATCHING),),
)
