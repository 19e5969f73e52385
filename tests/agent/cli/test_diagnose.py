"""The diagnosis file for remote help: what it contains, and what it never contains."""

import json
import resource
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.diagnose import MOST_LOG_BYTES, diagnose, without_secrets
from agent.config import AgentSettings, SettingsFromHub, load

pytestmark = pytest.mark.promise("Fleet: A node sends a diagnosis on request.")

OWN = """
[node]
name = "nga-tu-01"
[broker]
host = "127.0.0.1"
port = 9
ca_file = "{folder}/none.crt"
[[camera]]
name = "cong"
url = "rtsp://quan:Bi-Mat-7@127.0.0.1:9/main"
[journal]
path = "{folder}/journal.db"
[clips]
folder = "{folder}/clips"
"""
LOG = """cannot open rtsp://quan:Bi-Mat-7@127.0.0.1:9/main: refused
login was Bi-Mat-7, token=abcdef0123456789abcdef {"password": "hoa-sen"}
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49
-----END PRIVATE KEY-----
link_up
"""


@pytest.fixture
def own(tmp_path: Path) -> AgentSettings:
    """Of a node whose camera and broker are not there: then it is asked for."""
    config = tmp_path / "agent.toml"
    config.write_text(OWN.format(folder=tmp_path), encoding="utf-8")
    config.chmod(0o600)
    return load(config)


@pytest.fixture
def parts(tmp_path: Path, own: AgentSettings) -> dict[str, str]:
    into = tmp_path / "diagnosis.zip"
    log = LOG * (2 * MOST_LOG_BYTES // len(LOG))
    diagnose(own, SettingsFromHub.beside(own), into, say=lambda text: text, log=lambda: log)
    with pytest.raises(FileExistsError):
        diagnose(own, SettingsFromHub.beside(own), into, say=lambda text: text, log=lambda: "")
    with zipfile.ZipFile(into) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def test_a_disk_that_takes_half_of_it_is_left_without_it(own: AgentSettings) -> None:
    into = own.journal.path.parent / "diagnosis.zip"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        return ""

    try:
        with pytest.raises(OSError, match="File too large"):
            diagnose(own, SettingsFromHub.beside(own), into, say=str, log=fill_the_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not into.exists()


def test_it_says_how_the_node_is_in_bounds_and_without_a_secret(parts: dict[str, str]) -> None:
    state = json.loads(parts["how-it-is.json"])
    assert (state["node"], state["cameras"]) == ("nga-tu-01", {"cong": "url"})
    assert state["settings"]["own"]["clips"]["preroll_s"] == 5
    assert "cong" in parts["check.txt"]
    assert "link_up" in parts["log.txt"]
    assert sum(map(len, parts.values())) <= MOST_LOG_BYTES + 200_000
    everything = "".join(parts.values())
    for secret in ("Bi-Mat-7", "quan:", "hoa-sen", "abcdef0123456789", "MIGHAgEAMBMGByqGSM49"):
        assert secret not in everything


@given(
    st.text(max_size=200),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=40),
)
def test_a_login_within_an_address_never_stays(before: str, secret: str) -> None:
    text = f"{before} rtsp://admin:{secret}@10.0.0.5/main"
    assert f":{secret}@" not in without_secrets(text)
