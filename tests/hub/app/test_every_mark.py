"""Every stored time moves when the hub's clock is stepped, or is listed as a record.

A new column stands in one of the two lists. Otherwise something would wait for a time of another
clock, as a roll-out's answers and a request to a box once did.
"""

from hub.app.clocks import clock_steps
from hub.app.schema import metadata

ON_RECORD = {
    "alert_changes": "at",
    "alert_history": "at",
    "alert_rules": "made ended",
    "alerts": "began confirmed last_seen raised over taken closed offered arrived",
    "areas": "valid_from valid_until",
    "attempts": "started ended",
    "audit": "at",
    "boot_clocks": "said",
    "case_items": "added removed",
    "case_members": "added until ended",
    "cases": "opened ends closed",
    "diagnoses": "ended",
    "dropped_numbers": "said",
    "enrolment_stamps": "stamped",
    "enrolment_sheets": "made withdrawn",
    "enrolments": "made used withdrawn",
    "events": "happened received",
    "grants": "starts ends history_from",
    "growing_clips": "first_frame begun",
    "health_history": "received",
    "holds": "from until placed ended",
    "household_clips": "stored released removed",
    "household_requests": "since until asked ended sent",
    "households": "consented withdrawn",
    "identities": "created used",
    "invitations": "made used withdrawn",
    "media": "first_frame announced stored removed",
    "missing_numbers": "noticed",
    "node_groups": "made",
    "node_holds": "answered",
    "node_papers": "issued ends revoked",
    "node_settings": "reported",
    "nodes": "unrecorded revoked",
    "notice_sendings": "answered",
    "notice_ways": "made ended",
    "notices": "made sent until withdrawn",
    "notifications": "shown opened acknowledged",
    "passkeys": "created used",
    "people": "created disabled",
    "petition_acts": "at",
    "petition_erasures": "marked gone",
    "petitions": "received acknowledged proof_asked extended answered",
    "phone_tests": "answered shown opened",
    "phones": "created gone",
    "plans": "made",
    "program_bundles": "added",
    "retention_rules": "made ended",
    "rollouts": "ended",
    "sessions": "created",
    "set_aside": "received",
    "settings_changes": "changed",
    "sightings": "first_seen confirmed last_seen closed",
    "silences": "made until ended last_hit",
    "span_wishes": "from until asked answered",
    "teams": "made ended",
    "tip_answers": "at",
    "tip_keys": "made revoked",
    "tips": "happened received removed",
    "troubles": "over",
    "wishes": "asked answered",
}
"""What was said and done, spans that people or nodes name, and what a page shows."""


def test_every_time_is_moved_with_the_clock_or_on_record() -> None:
    moved = clock_steps.marks()
    for table in metadata.sorted_tables:
        times = {
            name.removesuffix("_utc_us")
            for name in table.columns.keys()  # noqa: SIM118 - columns, not names
            if name.endswith("_utc_us")
        }
        here = moved.get(table.name, set())
        told = set(ON_RECORD.get(table.name, "").split())
        assert times == here | told, f"{table.name}: {sorted(times ^ (here | told))}"
        assert not here & told, f"{table.name}: {sorted(here & told)} cannot be both"


def test_the_lists_name_no_table_that_is_gone() -> None:
    names = set(metadata.tables)
    assert ON_RECORD.keys() | clock_steps.marks().keys() <= names
