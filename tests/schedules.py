"""Random schedules of the state machines of delivery: a few in the test run, many by hand.

    .venv/bin/python tests/schedules.py --count 10000

runs that many of each machine (outbox, receipts, presence, troubles, ledger, rosters and plans) and
ends with 1 if one of them finds a schedule that breaks its promise.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings

ROOT: Final = Path(__file__).parents[1]
COUNT: Final = "MATTHAN_SCHEDULES"
MACHINES: Final = (
    "tests/agent/uplink/test_outbox.py::TestDelivery",
    "tests/hub/notify/test_delivery_machines.py::TestReceipts",
    "tests/hub/notify/test_delivery_machines.py::TestPresence",
    "tests/hub/notify/test_delivery_machines.py::TestLedger",
    "tests/hub/alerting/test_troubles.py::TestAnyNight",
    "tests/hub/alerting/test_rosters.py",
    "tests/hub/alerting/test_escalation.py",
    "tests/hub/alerting/test_silences.py::test_of_any_mutes_only_the_very_spot_is_quiet",
    "tests/hub/alerting/test_alert_rules.py::test_of_any_rules_the_most_exact_counts_and_nothing_is_quiet_that_no_rule_names",
    "tests/hub/alerting/test_alert_rules.py::test_the_empty_hours_of_a_rule_are_those_of_its_window_in_which_nobody_is_on_duty",
)


def tries(count: int) -> int:
    """How many random examples a test tries: `count`, in the fast check a fifth of them."""
    # Without a profile it would be 100. The profile is loaded before any test module.
    return max(1, count * settings.default.max_examples // 100)


def schedules(count: int, *, steps: int) -> settings:
    """Settings for a machine: `tries(count)` schedules, or as many as the environment asks for."""
    return settings(
        max_examples=int(os.environ.get(COUNT, tries(count))),
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(description="random schedules of delivery's state machines")
    parser.add_argument("--count", type=int, default=10_000, help="of each machine")
    parser.add_argument("--only", default="", help="machines whose name holds this word")
    asked = parser.parse_args()
    chosen = [one for one in MACHINES if asked.only.lower() in one.lower()]
    command = [sys.executable, "-m", "pytest", *chosen, "-q", "--durations=0"]
    environment = os.environ | {COUNT: str(asked.count), "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
