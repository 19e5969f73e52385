"""All tables of the hub, for migrations and backups."""

from hub.store import (
    alert_rule_tables,
    case_tables,
    check_tables,
    diagnosis_tables,
    duty_tables,
    enrol_tables,
    household_tables,
    notice_tables,
    petition_tables,
    phone_test_tables,
    program_tables,
    settings_tables,
    signin_tables,
    silence_tables,
    tip_tables,
)
from hub.store.tables import metadata

__all__ = [
    "alert_rule_tables",
    "case_tables",
    "check_tables",
    "diagnosis_tables",
    "duty_tables",
    "enrol_tables",
    "household_tables",
    "metadata",
    "notice_tables",
    "petition_tables",
    "phone_test_tables",
    "program_tables",
    "settings_tables",
    "signin_tables",
    "silence_tables",
    "tip_tables",
]
