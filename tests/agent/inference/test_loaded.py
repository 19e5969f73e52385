"""A running node loads nothing that only other commands need."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.uplink.mqtt import errors
from agent.uplink.mqtt.session import BrokerAddress
from agent.wire.seal_check import State, judge
from deploy.broker import Broker
from hub.nodes.pki.verification import fault_of_certificate, read_authority, signature_holds
from tests.agent.rigs.hubside import FakeHub
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.videos import walk_past
from tests.house.helpers.house import ROOT

RUN = """
import json, sys
from agent.__main__ import main
try:
    main(sys.argv[2:])
finally:
    with open(sys.argv[1], "w") as file:
        json.dump({"modules": sorted(sys.modules)}, file)
"""


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


@pytest.fixture(scope="module")
def run(
    needs_system: None, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
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


def test_a_node_seals_what_it_records(run: tuple[Path, dict[str, Any]], broker: Broker) -> None:
    folder, loaded = run
    (segment,) = folder.glob("clips/**/*.mp4")
    verdict = judge(segment.read_bytes(), signature_holds)
    assert (verdict.state, verdict.faults) == (State.INTACT, ()), loaded["err"]
    assert verdict.claims is not None
    authority = read_authority(broker.papers(verdict.claims.node).ca_file)
    assert fault_of_certificate(verdict.claims, authority) is None


def test_a_node_loads_nothing_of_the_other_commands(run: tuple[Path, dict[str, Any]]) -> None:
    _, loaded = run
    assert {"agent.cli", "agent.replay"} & set(loaded["modules"]) == set()


def test_a_certificate_that_cannot_be_read_has_no_end_to_tell(tmp_path: Path) -> None:
    none = tmp_path / "node.crt"
    none.write_text("none")
    address = BrokerAddress(
        host="hub.example", port=8883, ca_file=none, cert_file=none, key_file=none
    )
    said = errors.closed_early("eof", address=address, utc_us=0)
    assert "hung up before answering" in str(said)
