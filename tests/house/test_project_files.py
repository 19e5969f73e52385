"""The files around the code: workflow, updates, hooks, and what CONTRIBUTING.md names."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from deploy import lock

ROOT = Path(__file__).parents[2]
WORKFLOW = ".github/workflows/check.yml"
SCHEMAS = {
    WORKFLOW: "vendor.github-workflows",
    ".github/ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
    ".github/ISSUE_TEMPLATE/fault.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/wish.yml": "vendor.github-issue-forms",
    "renovate.json": "vendor.renovate",
}


@pytest.mark.system
@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_a_file_for_a_service_is_valid_by_its_schema(name: str, schema: str) -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        str(ROOT / name),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_checks_each_python_on_each_processor() -> None:
    jobs = yaml.safe_load((ROOT / WORKFLOW).read_text("utf-8"))["jobs"]
    matrix = jobs["fast"]["strategy"]["matrix"]
    assert matrix["python"] == [f"{major}.{minor}" for major, minor in lock.PYTHONS]
    for job in jobs.values():
        assert len(job["strategy"]["matrix"]["machine"]) == len(lock.MACHINES)
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for command in (run for run in runs if run.startswith(("deploy/", ".ci/"))):
        assert (ROOT / command).stat().st_mode & 0o111


def test_renovate_finds_the_compiler_each_browser_file_and_the_pins() -> None:
    config = json.loads((ROOT / "renovate.json").read_text("utf-8"))
    found = []
    for manager in config["customManagers"]:
        [name], [pattern] = manager["managerFilePatterns"], manager["matchStrings"]
        text = (ROOT / name.strip("/^$").replace("\\", "")).read_text("utf-8")
        found.append(len(re.findall(pattern.replace("(?<", "(?P<"), text)))
    files = tomllib.loads((ROOT / "hub/web/static/vendor/VENDOR.toml").read_text("utf-8"))["file"]
    assert found == [1, len(files)]
    [pins] = config["pip_requirements"]["managerFilePatterns"]
    assert re.search(pins.strip("/"), lock.LOCK.relative_to(ROOT).as_posix())


def test_hooks_run_tools_of_this_checkout_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    [repo] = config["repos"]
    assert repo["repo"] == "local"
    assert {hook["language"] for hook in repo["hooks"]} == {"system"}
    programs = [hook["entry"].split()[0] for hook in repo["hooks"]]
    check = (ROOT / "deploy/check.sh").read_text("utf-8")
    for program in programs:
        assert program == "shellcheck" or f"$bin/{Path(program).name}" in check


def test_every_file_that_contributing_names_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"(?<![\w/<.-])((?:deploy|hub|agent|tests|docs|\.ci)/[\w/.-]+\w)", page))
    assert len(named) > 30
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_pin_has_a_hash_and_every_direct_dependency_a_pin() -> None:
    text = lock.LOCK.read_text("utf-8")
    entries = re.findall(r"^# for: .+\n([\w.-]+)==\S+(?: ; .+?)?( \\\n    --hash=.+)+$", text, re.M)
    assert len(entries) == len(re.findall(r"^[\w.-]+==", text, re.M)) > 100
    assert "://" not in text, "no address of an index"
    pinned = {name for name, _ in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for line in (line for lines in lock.requirements(project).values() for line in lines):
        assert canonicalize_name(re.split(r"[\[<>=~! ;]", line)[0]) in pinned, line
