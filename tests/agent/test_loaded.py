"""What a running node has loaded: each library for one purpose, and none that it does not need."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.delivery import trouble
from agent.delivery.session import BrokerAddress
from agent.wire.programs import RELEASE, SIGNATURE, SUMS, UNSIGNED
from agent.wire.seal_check import State, judge
from deploy.broker import Broker
from hub.enrol.authority import Authority
from hub.enrol.vouching import fault_of_certificate, read_authority, signature_holds
from tests.agent.hubside import FakeHub
from tests.agent.own_file import own_file
from tests.agent.videos import walk_past
from tests.house.test_house import ROOT
from tests.rigs import papers_elsewhere

RUN = """
import json, sys
from agent.__main__ import main
try:
    main(sys.argv[2:])
finally:
    with open("/proc/self/maps") as maps, open(sys.argv[1], "w") as file:
        json.dump({"modules": sorted(sys.modules), "mapped": maps.read()}, file)
"""
ASKED = """
import json, sys
from datetime import datetime
from pathlib import Path
from threading import Event
from agent.__main__ import main
from agent.assembly.fetched import is_installable
from agent.delivery import trouble
from agent.delivery.renewal import Renewal
from agent.delivery.session import BrokerAddress
from agent.delivery.tokens import Tokens
from agent.wire.programs import BundleFault

papers, bundle, key = (Path(word) for word in sys.argv[1:4])
files = {f"{which}_file": papers / name for which, name in zip(
    ("ca", "cert", "key"), ("ca.crt", "node.crt", "node.key")
)}
address = BrokerAddress(host="hub.example", port=8883, **files)
utc_us = int(datetime.fromisoformat(sys.argv[4]).timestamp() * 1e6)
said = [str(trouble.closed_early("eof", address=address, utc_us=utc_us))]
renewal = Renewal(address, Tokens(), renewed=lambda: None)
said.append(renewal.look(Event(), lambda: None))
try:
    is_installable(bundle, key=key)
except BundleFault as fault:
    said.append(str(fault))
print(json.dumps({"said": said, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A node that watched a recording, sealed all of it and brought it: its folder, what it had."""
    folder = tmp_path_factory.mktemp("node")
    camera = f'recording = "{walk_past(folder / "walk.mp4")}"\npace = false\ncontinuous = true'
    loaded = folder / "loaded.json"
    words = ["run", "--once", "--config", str(own_file(folder, broker, camera))]
    with FakeHub(broker):
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(loaded), *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    return folder, json.loads(loaded.read_text()) | {"err": done.stderr}


def test_a_node_seals_what_it_records_without_a_second_openssl(
    run: tuple[Path, dict[str, Any]], broker: Broker
) -> None:
    folder, loaded = run
    (segment,) = folder.glob("clips/**/*.mp4")
    verdict = judge(segment.read_bytes(), signature_holds)
    assert (verdict.state, verdict.faults) == (State.INTACT, ()), loaded["err"]
    assert verdict.claims is not None
    authority = read_authority(broker.papers(verdict.claims.node).ca_file)
    assert fault_of_certificate(verdict.claims, authority) is None
    assert not [one for one in loaded["modules"] if one.startswith(("cryptography", "_cffi"))]
    assert "/cryptography/" not in loaded["mapped"]


def test_a_node_loads_nothing_of_the_other_commands(run: tuple[Path, dict[str, Any]]) -> None:
    _, loaded = run
    others = ("check", "code_reader", "diagnose", "enrol", "survey")
    unneeded = {f"agent.assembly.{one}" for one in others} | {"agent.bench"}
    assert unneeded & set(loaded["modules"]) == set()


def test_ends_of_certificates_and_signed_bundles_are_read_without_it_too(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    papers = Authority.create(tmp_path / "ca", now).issue_client("nga-tu-01", now)
    folder = tmp_path / "papers"
    folder.mkdir()
    for file, name in (
        (papers.ca_file, "ca.crt"),
        (papers.cert_file, "node.crt"),
        (papers.key_file, "node.key"),
    ):
        (folder / name).write_bytes(file.read_bytes())
    make = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "update.key")]
    subprocess.run(make, check=True, capture_output=True)
    give = ["openssl", "pkey", "-in", str(tmp_path / "update.key"), "-pubout"]
    (tmp_path / "update.pub").write_bytes(
        subprocess.run(give, check=True, capture_output=True).stdout
    )
    with tarfile.open(tmp_path / "bundle", "w") as bundle:
        for name, content in ((SUMS, b"0" * 64), (SIGNATURE, bytes(64)), (RELEASE, b"1 one")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            bundle.addfile(member, io.BytesIO(content))
    late = (now + timedelta(days=400)).isoformat()
    done = subprocess.run(
        [sys.executable, "-c", ASKED, folder, tmp_path / "bundle", tmp_path / "update.pub", late],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    ended, is_renewed, fault = told["said"]
    assert f"node.crt ran out on {now + timedelta(days=365):%d/%m/%Y}" in ended
    assert is_renewed is False
    assert fault == UNSIGNED
    assert not [one for one in told["modules"] if one.startswith(("cryptography", "_cffi"))]


def test_the_rig_that_asks_other_pythons_finds_this_one_to_do_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert papers_elsewhere.main([sys.executable]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["library"], said["wrong"]) == ("Openssl", [])


def test_a_certificate_that_cannot_be_read_has_no_end_to_tell(tmp_path: Path) -> None:
    none = tmp_path / "node.crt"
    none.write_text("none")
    address = BrokerAddress(
        host="hub.example", port=8883, ca_file=none, cert_file=none, key_file=none
    )
    said = trouble.closed_early("eof", address=address, utc_us=0)
    assert "hung up before answering" in str(said)
