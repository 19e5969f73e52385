"""The list of parts is whole; the audit never calls clean what it did not ask."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy import audit, sbom
from deploy.audit import accepted, judged

ROOT = Path(__file__).parents[2]


def test_the_list_has_each_shipped_part_once_with_version_licence_and_what_it_asks_for() -> None:
    said = sbom.parts_list()
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    parts = {one["bom-ref"]: one for one in said["components"]}
    assert len(parts) == len(said["components"])
    for ref in ("pypi:reportlab", "pypi:rfc3161-client", "pypi:paho-mqtt", "npm:htmx.org"):
        assert parts[ref]["version"]
    assert not {"pypi:pytest", "pypi:moto", "pypi:schemathesis"} & parts.keys()  # tests alone
    unknown = [ref for ref, one in parts.items() if "licenses" not in one and "model:" not in ref]
    assert unknown == []
    root = said["metadata"]["component"]["bom-ref"]
    asked = {one["ref"]: set(one["dependsOn"]) for one in said["dependencies"]}
    assert asked.keys() <= parts.keys() | {root}
    reached, waiting = set(), [root]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += asked[ref]
    assert {ref for ref in parts if ref.startswith("pypi:")} == reached - {root}


def test_each_shipped_part_is_pinned_at_the_version_that_is_listed() -> None:
    lines = (ROOT / "deploy" / "constraints.txt").read_text("utf-8").splitlines()
    pinned = [line.partition(" ;")[0] for line in lines if "==" in line]
    versions: dict[str, set[str]] = {}
    for line in pinned:
        name, _, version = line.partition("==")
        versions.setdefault(name.lower().replace("_", "-").replace(".", "-"), set()).add(version)
    for one in sbom.parts_list()["components"]:
        if one["bom-ref"].startswith("pypi:"):
            assert one["version"] in versions[one["name"]], one["name"]


def test_the_same_environment_gives_the_same_list() -> None:
    assert json.dumps(sbom.parts_list()) == json.dumps(sbom.parts_list())


HOLE: dict[str, Any] = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "fix_versions": ["2.0"],
}
ANSWER: dict[str, Any] = {
    "dependencies": [
        {"name": "a", "version": "1.0", "vulns": [HOLE]},
        {"name": "b", "version": "1.0", "vulns": []},
        {"name": "c", "skip_reason": "not found"},
    ]
}


def test_a_hole_is_named_with_what_mends_it_and_one_that_is_accepted_with_its_reason() -> None:
    found = judged(ANSWER, {})
    assert (found.asked, found.unasked) == (2, 1)
    assert found.holes == ("a 1.0: PYSEC-2026-1, CVE-2026-1; mended in: 2.0",)
    lived_with = judged(ANSWER, accepted("# why\nCVE-2026-1 the hub never calls it\n"))
    assert lived_with.holes == ()
    assert "the hub never calls it" in lived_with.accepted[0]
    with pytest.raises(ValueError, match="without a reason"):
        accepted("CVE-2026-1\n")


@pytest.mark.parametrize(
    ("answer", "words", "code", "must_code"),
    [
        (ANSWER, "mended in: 2.0", 1, 1),
        ({"dependencies": [ANSWER["dependencies"][2]]}, "NOT AUDITED", 0, 2),
        ({"dependencies": [ANSWER["dependencies"][1]]}, "no known holes in 1 packages", 0, 0),
        (OSError("no network"), "NOT AUDITED", 0, 2),
    ],
)
def test_what_was_not_asked_is_never_called_clean(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: dict[str, Any] | OSError,
    words: str,
    code: int,
    must_code: int,
) -> None:
    def ask(_: str | None = None) -> dict[str, Any]:
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(audit, "ask", ask)
    for more, wanted in (([], code), (["--must"], must_code)):
        monkeypatch.setattr("sys.argv", ["audit.py", *more])
        assert audit.main() == wanted
        said = capsys.readouterr().out
        assert words in said
        assert ("no known holes" in said) == (wanted == 0 and "no known" in words)


def test_what_runs_before_a_change_lands_lists_and_audits() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8")
    assert steps.index("deploy/test.sh") < steps.index("deploy/sbom.py") < steps.index("audit.py")


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    """An OSV service on loopback that knows one advisory, and which packages it was asked for."""
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
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()
        thread.join()


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


def test_an_advisory_against_a_part_of_ours_is_found_by_the_real_tool(
    service: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        audit.tool()
    except OSError as why:
        pytest.skip(str(why))
    url, asked = service
    monkeypatch.setattr("sys.argv", ["audit.py", "--must", "--osv", url])
    assert audit.main() == 1
    said = capsys.readouterr().out
    assert re.search(r"^paho-mqtt \S+: CVE-2026-99999, GHSA-plan-ted0-0001; .*9\.9$", said, re.M)
    assert len(set(asked)) > 100
    monkeypatch.setattr(audit, "accepted", lambda _: {"CVE-2026-99999": "the hub never calls it"})
    assert audit.main() == 0
    assert "accepted: paho-mqtt" in capsys.readouterr().out


def test_a_service_that_does_not_answer_is_no_clean_bill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        audit.tool()
    except OSError as why:
        pytest.skip(str(why))
    with socket.socket() as taken:  # nobody listens there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1/query"
        monkeypatch.setattr("sys.argv", ["audit.py", "--must", "--osv", url])
        assert audit.main() == 2
    assert "NOT AUDITED" in capsys.readouterr().out
