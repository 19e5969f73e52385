"""Feature: release bundles and the programs of nodes."""

from typing import Final

from agent.wire.programs import MOST_BUNDLE_BYTES
from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.base.storage.partial_files import MOST_CHUNK_BYTES
from hub.nodes.desired_state.release_tables import node_programs, program_bundles
from hub.nodes.releases import pages, upload_pages
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="releases",
    templates=("hub.nodes.releases",),
    routers=(pages.router, upload_pages.router),
    acts=pages.acts,
    details=upload_pages.details,
    tables=(program_bundles, node_programs),
    marks=(
        Mark(node_programs, ("wanted", "reported")),
        Mark(node_programs, ("sent",), is_repeated=True),
    ),
    bodies=(
        Body(r"/configuration/programs/upload/.*", MOST_CHUNK_BYTES),
        # The form with the bundle; the page itself reports what is too large.
        Body(r"/configuration/programs/add", 2 * MOST_BUNDLE_BYTES),
    ),
    shortcuts=(
        NavLink(
            address="/configuration/programs",
            label=lambda words: words.say("Programs of camera boxes"),
            icon="box",
            part=Part.CAMERAS,
            may=lambda standing: standing.has_on_area(Right.MANAGE),
        ),
    ),
)
