"""The systemd units: valid, hardened, restarted without limit; they start installed programs."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.broker import ACCESS, configuration
from hub.app.roles.names import ROLES
from tests.faults.town import AS_INSTALLED
from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").glob("matthan-*"))
INSTALLING = ("matthan-update.service", "matthan-upgrade.service")
"""Install a signed release, and complete an upgrade of the hub: slots, users and units. The only
ones that run as root."""
ALL_SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
SERVICES = [unit for unit in ALL_SERVICES if unit.name not in INSTALLING]
MOST_EXPOSED = dict.fromkeys(INSTALLING, 3.0)
"""Unit to its highest exposure by `systemd-analyze security`, 0 (closed) to 10; others: 2.0."""

USERS = {"matthan", "matthan-broker", "matthan-proxy"}
CAPABILITIES = {"matthan-proxy.service": "CAP_NET_BIND_SERVICE"}

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd's own tools"
)


class Unit(configparser.RawConfigParser):
    """A unit as pairs; where a key comes twice, its words are joined."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",))
        self.optionxform = str  # type: ignore[assignment,method-assign]  # keys are case-sensitive
        self.read(path, encoding="utf-8")


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )


def moved(folder: Path) -> list[Path]:
    """The units as they are, but for programs that are at hand here."""
    placed = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/matthan", str(folder / "opt"))
        text = text.replace("/usr/bin/caddy", str(folder / "opt/bin/caddy"))
        for program in re.findall(rf"{folder}/opt/\S*bin/\S+", text):
            Path(program).parent.mkdir(parents=True, exist_ok=True)
            Path(program).write_text("#!/bin/sh\n")
            Path(program).chmod(0o755)
        placed.append(folder / unit.name)
        placed[-1].write_text(text, encoding="utf-8")
    return placed


@pytest.mark.promise("Installing: `systemd-analyze verify` finds no fault in a unit.")
@pytest.mark.system
def test_systemd_has_nothing_to_say_against_any_unit(tmp_path: Path) -> None:
    done = analyze("verify", "--man=no", *moved(tmp_path))
    assert (done.returncode, done.stderr.strip()) == (0, "")  # it exits 0 on unknown keys


@pytest.mark.promise("Installing: A service has little exposure by `systemd-analyze security`.")
@pytest.mark.system
@pytest.mark.parametrize("unit", ALL_SERVICES, ids=lambda unit: unit.name)
def test_a_service_is_hardly_exposed(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: (\d+\.\d)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= MOST_EXPOSED.get(unit.name, 2.0)


@pytest.mark.promise("Agent: The watchdog is fed only while each part answers.")
@pytest.mark.promise(
    "Installing: Units restart without end and have limits of memory and processor."
)
@pytest.mark.parametrize(
    "name", ["matthan-agent.service", "matthan-hub.service", "matthan-hub@.service"]
)
def test_what_must_run_is_watched_and_never_given_up(name: str) -> None:
    unit = Unit(ROOT / "systemd" / name)
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["Restart"] == "always"
    assert "RestartPreventExitStatus" not in unit["Service"]
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["WatchdogSec"]


def test_a_process_of_one_role_is_kept_as_the_whole_hub_is() -> None:
    whole, part = (Unit(ROOT / "systemd" / f"matthan-hub{at}.service") for at in ("", "@"))
    own = {"ExecStart", "Environment", "EnvironmentFile", "MemoryHigh", "MemoryMax"}
    same = {key: value for key, value in whole["Service"].items() if key not in own}
    assert {key: value for key, value in part["Service"].items() if key not in own} == same
    assert part["Unit"]["Conflicts"] == "matthan-hub.service"
    run = "/opt/matthan/hub/bin/matthan-hub run"
    assert whole["Service"]["ExecStart"] == run
    assert part["Service"]["ExecStart"] == f"{run} --roles $MATTHAN_ROLES $MATTHAN_OPTIONS"
    lines = [
        [line for line in path.read_text("utf-8").splitlines() if line.startswith("Environment=")]
        for path in (ROOT / "systemd/matthan-hub.service", ROOT / "systemd/matthan-hub@.service")
    ]
    assert set(lines[1]) - set(lines[0]) == {"Environment=MATTHAN_ROLES=%i"}
    assert set(lines[0]) <= set(lines[1])


@pytest.mark.promise(
    "Installing: Units restart without end and have limits of memory and processor."
)
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_has_a_user_of_its_own_bounds_and_no_capability(unit: Path) -> None:
    service = Unit(unit)["Service"]
    assert service["User"] in USERS
    assert service["CapabilityBoundingSet"] == CAPABILITIES.get(unit.name, "")
    assert service["MemoryMax"] and service["TasksMax"]


def share(name: str) -> int:
    """Most memory of a service, in percent of the machine's."""
    return int(Unit(ROOT / "systemd" / name)["Service"]["MemoryMax"].removesuffix("%"))


def test_hub_broker_and_proxy_fit_together_into_the_machine_that_the_guide_advises() -> None:
    others = share("matthan-broker.service") + share("matthan-proxy.service")
    assert share("matthan-hub.service") + others <= 80
    assert len(ROLES) * share("matthan-hub@.service") + others <= 90
    guide = (ROOT / "docs/guide/hub.en.md").read_text("utf-8")
    found = re.search(r"(\d+) GB of memory", guide)
    assert found is not None
    advised_mib = int(found[1]) * 1000**3 / 2**20
    # What the campaign against hostile nodes allows: tests/faults/hostile.py.
    assert share("matthan-hub.service") / 100 * advised_mib >= 500
    assert share("matthan-broker.service") / 100 * advised_mib >= 200


def test_the_one_that_installs_is_begun_by_its_note_alone_and_has_bounds() -> None:
    unit = Unit(ROOT / "systemd/matthan-update.service")
    assert "Install" not in unit
    assert unit["Service"]["Type"] == "oneshot"
    assert unit["Service"]["MemoryMax"] and unit["Service"]["TasksMax"]
    assert unit["Service"]["TimeoutStartSec"] == "2h"
    path = Unit(ROOT / "systemd/matthan-update.path")["Path"]
    assert (path["PathExists"], path["Unit"]) == (
        "/var/lib/matthan/programs/wanted.json",
        "matthan-update.service",
    )


def test_an_upgrade_that_was_cut_off_is_completed_before_any_hub_starts() -> None:
    unit = Unit(ROOT / "systemd/matthan-upgrade.service")
    lines = (ROOT / "systemd/matthan-upgrade.service").read_text("utf-8").splitlines()
    named = {name for line in lines if line.startswith("Before=") for name in line[7:].split()}
    assert {"matthan-hub.service", "matthan-hub@web.service", "matthan-broker.service"} <= named
    after = Unit(ROOT / "systemd/matthan-hub@.service")["Unit"]["After"].split()
    assert "matthan-upgrade.service" in after  # whatever its name is
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Service"]["MemoryMax"] and unit["Service"]["TasksMax"]


@pytest.mark.promise("Installing: A service has little exposure by `systemd-analyze security`.")
def test_the_agent_reaches_cameras_and_no_other_device() -> None:
    lines = (ROOT / "systemd/matthan-agent.service").read_text().splitlines()
    assert "DevicePolicy=closed" in lines
    allowed = {line.partition("=")[2].split()[0] for line in lines if line.startswith("DeviceAll")}
    assert allowed == {"char-video4linux", "char-media", "char-dma_heap", "char-vcio"}


@pytest.mark.promise("Installing: Each timer has its service, and a node's log stays off its card.")
def test_every_timer_starts_a_service_that_is_there() -> None:
    for timer in (unit for unit in UNITS if unit.suffix == ".timer"):
        assert timer.with_suffix(".service").exists()
        assert Unit(timer)["Timer"]["Persistent"] == "true"


@pytest.mark.parametrize("name", ["broker", "proxy"])
def test_papers_are_read_again_only_after_the_last_of_them_is_written(name: str) -> None:
    """The key is renewed first. A Mosquitto that reads it with the old certificate refuses each new
    connection until the next signal; and systemd sees no change while the service runs."""
    service = Unit(ROOT / f"systemd/matthan-{name}-reload.service")["Service"]
    assert service["ExecStartPre"] == "/usr/bin/sleep 1"


@pytest.mark.promise("Installing: The installed broker equals the tested one.")
def test_the_broker_of_the_units_is_the_one_of_the_tests() -> None:
    """What the tests of the access list prove is proved of what is installed."""
    assert (ROOT / "deploy/hub/broker.access").read_text(encoding="utf-8") == ACCESS
    installed = settings_of((ROOT / "deploy/hub/mosquitto.conf").read_text(encoding="utf-8"))
    tried = settings_of(configuration(8883))
    places = {
        "crlfile",
        "cafile",
        "certfile",
        "keyfile",
        "acl_file",
        "plugin",
        "plugin_opt_shut_out",
        "listener",
    }
    assert {key for key in tried if tried[key] != installed.get(key)} <= {*places, "log_type"}
    assert installed.keys() - tried.keys() == {"include_dir"}


def test_hubs_threads_share_two_heaps_wherever_it_runs() -> None:
    (said,) = [f"{name}={value}" for name, value in AS_INSTALLED.items()]
    unit = (ROOT / "systemd/matthan-hub.service").read_text(encoding="utf-8")
    container = (ROOT / "deploy/container/Containerfile").read_text(encoding="utf-8")
    assert f"Environment={said}\n" in unit
    assert f"    {said} \\\n" in container


def settings_of(text: str) -> dict[str, str]:
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.promise("Installing: Each timer has its service, and a node's log stays off its card.")
def test_a_nodes_log_stays_off_its_card() -> None:
    journald = Unit(ROOT / "systemd/journald-node.conf")["Journal"]
    assert journald["Storage"] == "volatile"
    assert journald["RuntimeMaxUse"]
