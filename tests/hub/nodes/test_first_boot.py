"""The file with which a flashed card enrols itself."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.wire.enrolment import FINGERPRINT_BYTES, TOKEN_BYTES, EnrolmentCode
from hub.nodes.enrolment.cloud_init import user_data

pytestmark = pytest.mark.promise("Installing: A first-boot file enrols a new card.")

yaml: Any = pytest.importorskip("yaml")  # apprise brings it; there are no types for it

CODE = EnrolmentCode("hub.example", 8443, b"f" * FINGERPRINT_BYTES, b"t" * TOKEN_BYTES)


@pytest.fixture
def told() -> dict[str, Any]:
    text = user_data("nga-tu-07", CODE)
    assert text.startswith("#cloud-config\n")
    return dict(yaml.safe_load(text))


def files(told: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {Path(one["path"]).name: one for one in told["write_files"]}


def test_the_code_is_whole_and_roots_alone(told: dict[str, Any]) -> None:
    code = files(told)["code"]
    assert EnrolmentCode.parse(code["content"]) == CODE
    assert code["permissions"] == "0600"
    assert told["hostname"] == "nga-tu-07"


@pytest.mark.system
def test_its_script_and_its_unit_are_well_formed(told: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.write_text(files(told)["run"]["content"], encoding="utf-8")
    assert subprocess.run(["bash", "-n", run], check=False).returncode == 0
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd's own tools")
    unit = tmp_path / "matthan-first-boot.service"
    unit.write_text(files(told)["matthan-first-boot.service"]["content"], encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_it_is_started_without_holding_up_the_start_of_the_system(told: dict[str, Any]) -> None:
    assert told["runcmd"][-1] == ["systemctl", "start", "--no-block", "matthan-first-boot.service"]


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "n\nruncmd: [reboot]"])
def test_a_name_that_is_none_makes_no_file(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a node"):
        user_data(name, CODE)
