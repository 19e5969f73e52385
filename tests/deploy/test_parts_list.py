"""The list of parts is complete; a package whose advisories cannot be reached is never called
clean."""

import importlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from packaging.utils import canonicalize_name

from deploy import sbom

pytestmark = pytest.mark.promise(
    "Security: The list of parts is valid, and an advisory fails the audit."
)

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.M)
HUB_INSTALLER = ROOT / "deploy" / "hub" / "install.sh"


@pytest.fixture(scope="module")
def parts(needs_system: None) -> dict[str, Any]:
    return sbom.parts()


def test_the_list_is_valid_cyclonedx(parts: dict[str, Any]) -> None:
    # Imported here: it takes seconds, which every collection of tests would wait for.
    validation = importlib.import_module("cyclonedx.validation.json")
    strict = validation.JsonStrictValidator(SchemaVersion.V1_6)
    assert strict.validate_str(json.dumps(parts)) is None


def test_the_list_names_each_shipped_part_once_with_version_and_licence(
    parts: dict[str, Any],
) -> None:
    by_name = {one["name"]: one for one in parts["components"]}
    assert len(by_name) == len(parts["components"])
    for name in ("reportlab", "rfc3161-client", "paho-mqtt", "htmx.org", "maplibre-gl"):
        assert by_name[name]["version"] and by_name[name]["licenses"]
    assert {"mosquitto", "caddy", "nanodet_g_320_6c_int8"} <= by_name.keys()
    assert not {"pytest", "moto", "schemathesis"} & by_name.keys(), "only tests need these"


def test_every_shipped_package_is_reached_from_the_project(parts: dict[str, Any]) -> None:
    asks_for = {one["ref"]: set(one["dependsOn"]) for one in parts["dependencies"]}
    root = parts["metadata"]["component"]["bom-ref"]
    reached: set[str] = set()
    waiting = [root]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += asks_for.get(ref, ())
    python = {one["bom-ref"] for one in parts["components"] if "pkg:pypi/" in one.get("purl", "")}
    assert len(python) > 50
    assert python == reached - {root}


def test_each_shipped_package_is_pinned_at_the_version_that_is_listed(
    parts: dict[str, Any],
) -> None:
    text = (ROOT / "deploy" / "constraints.txt").read_text("utf-8")
    pinned = {(canonicalize_name(name), version) for name, version in PIN.findall(text)}
    for one in parts["components"]:
        if one.get("purl", "").startswith("pkg:pypi/"):
            assert (canonicalize_name(one["name"]), one["version"]) in pinned


def test_every_debian_package_that_an_installer_may_ask_for_is_listed(
    parts: dict[str, Any],
) -> None:
    asked = HUB_INSTALLER.read_text("utf-8").partition("\npackages() {")[2].partition("\n}")[0]
    wanted = set(re.findall(r"\becho (\S+)", asked))
    assert len(wanted) == 4
    listed = {one["name"] for one in parts["components"] if "pkg:deb/" in one.get("purl", "")}
    assert wanted <= listed


def test_the_same_environment_gives_the_same_list(parts: dict[str, Any]) -> None:
    assert json.dumps(sbom.parts()) == json.dumps(parts)


PLANTED: dict[str, Any] = {
    "vulns": [
        {
            "id": "GHSA-plan-ted0-0001",
            "aliases": ["CVE-2026-99999"],
            "summary": "planted by a test",
            "affected": [
                {
                    "package": {"name": "paho-mqtt", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "9.9"}]}],
                }
            ],
        }
    ]
}


@pytest.fixture
def advisories(needs_loopback: None) -> Iterator[tuple[str, list[str]]]:
    """An OSV service on loopback that knows one advisory, and the packages it was asked for."""
    asked: list[str] = []

    class Advisories(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append(name)
            body = json.dumps(PLANTED if name == "paho-mqtt" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()
        thread.join()


def audit(url: str, accepted: Path) -> subprocess.CompletedProcess[str]:
    """Asks a service on loopback, and nobody else."""
    return subprocess.run(
        [ROOT / "deploy/audit.sh", "--vulnerability-service", "osv", "--osv-url", url],
        env=os.environ | {"ACCEPTED": str(accepted)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    path = tmp_path / "accepted.txt"
    path.touch()
    return path


@pytest.mark.system
def test_a_known_weakness_fails_until_it_is_accepted_with_a_reason(
    advisories: tuple[str, list[str]], accepted: Path
) -> None:
    url, asked = advisories
    done = audit(url, accepted)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^paho-mqtt\s+\S+\s+(GHSA|CVE)-\S+\s+9\.9", done.stdout, re.M)
    assert len(set(asked)) > 100
    accepted.write_text("# why\nCVE-2026-99999 the hub never calls it\n", encoding="utf-8")
    done = audit(url, accepted)
    assert done.returncode == 0, done.stdout
    assert "accepted: CVE-2026-99999: the hub never calls it" in done.stdout


@pytest.mark.system
def test_an_advisory_without_a_reason_is_not_accepted(accepted: Path) -> None:
    accepted.write_text("CVE-2026-99999\n", encoding="utf-8")
    done = audit("http://127.0.0.1:9/v1/query", accepted)
    assert done.returncode == 1
    assert "CVE-2026-99999 without a reason" in done.stderr


@pytest.mark.system
def test_a_service_that_does_not_answer_is_said_and_does_not_fail(accepted: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: the connection is refused
        taken.bind(("127.0.0.1", 0))
        done = audit(f"http://127.0.0.1:{taken.getsockname()[1]}/v1/query", accepted)
    assert done.returncode == 0
    assert done.stdout.startswith("NOT AUDITED: ")
    assert "No known" not in done.stdout


def test_parts_are_listed_and_audited_before_the_tests() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8")
    order = ["deploy/setup.sh", "deploy/sbom.py", "deploy/audit.sh", "deploy/test.sh"]
    assert sorted(order, key=steps.index) == order
    assert steps.rstrip().endswith("deploy/test.sh"), "the run ends in the summary of the tests"
