"""`matthan-hub verify`: its verdicts, from the files and a certificate alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Packet, StreamInfo
from agent.recording.sealer import Sealer
from agent.wire.sealed import stretches
from agent.wire.terms import ClockSource
from hub.__main__ import main
from hub.cases.evidence.seal_report import SealReport, verify_file
from hub.nodes.pki.authority import TlsFiles
from hub.nodes.pki.verification import fault_of_certificate, read_authority, signature_holds
from tests.agent.rigs.sealing import SEALED_AT, Office, office, write_clip
from tests.agent.rigs.stage import at, clip_id_at, read
from tests.agent.rigs.videos import walk_past
from tests.waiting import patience_s

Street = tuple[StreamInfo, list[Packet]]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Street:
    return read(walk_past(tmp_path_factory.mktemp("street") / "street.mp4", seconds=6))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("town") / "ca")


@pytest.fixture
def clip(tmp_path: Path, street: Street, town: Office) -> Path:
    return write_clip(tmp_path / "clip.mp4", street, town.sealer()).close().path


Ended = subprocess.CompletedProcess[str]
Command = Callable[..., Ended]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with these words, in this process."""

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr("sys.argv", ["matthan-hub", "verify", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ended(words, ended.value.code, *capsys.readouterr())

    return run


def program(*words: str | Path) -> Ended:
    """In a process that cannot find a configuration: the files must be enough."""
    return subprocess.run(
        [sys.executable, "-m", "hub", "verify", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=patience_s(),
    )


def report(path: Path, papers: Path) -> SealReport:
    return verify_file(path, read_authority(papers))


def sealed_by(
    folder: Path,
    street: Street,
    papers: TlsFiles,
    node: str,
    *,
    source: ClockSource = ClockSource.NTP,
) -> Path:
    sealer = Sealer.open(
        node,
        key_file=papers.key_file,
        cert_file=papers.cert_file,
        trust=lambda: (source, None),
    )
    folder.mkdir(exist_ok=True)
    return write_clip(folder / "clip.mp4", street, sealer).close().path


@pytest.mark.system
def test_an_intact_clip_ends_with_0_and_says_whose_it_is(clip: Path, town: Office) -> None:
    done = program(clip, "--authority", town.papers.ca_file)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == f"{clip}: intact"
    assert "nga-tu-01, camera cong-bac, from 2026-09-21 14:13:20.000000 UTC" in second
    assert "(clock: ntp, ± 12 ms), h264 320x240, 6 fragments" in second


@pytest.mark.promise(
    "Seal and footage store: `matthan-hub verify` works offline and names the place of a change."
)
@pytest.mark.system
def test_a_changed_picture_ends_with_1_and_the_place(clip: Path, town: Office) -> None:
    data = bytearray(clip.read_bytes())
    data[stretches(bytes(data))[3].end - 5] ^= 1
    clip.write_bytes(data)
    done = program(clip, "--authority", town.papers.ca_file)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        f"{clip}: NOT INTACT",
        "  fragment 3 of 6, about 0:02.0: its pictures were changed",
    ]


@pytest.mark.promise(
    "Seal and footage store: `matthan-hub verify` works offline and names the place of a change."
)
def test_one_bad_file_among_good_ones_makes_the_whole_1(
    tmp_path: Path, clip: Path, town: Office, command: Command
) -> None:
    missing = tmp_path / "missing.mp4"
    bare = tmp_path / "bare.mp4"
    bare.write_bytes(b"")
    done = command(clip, missing, bare, tmp_path, "--authority", town.papers.ca_file)
    assert done.returncode == 1
    headlines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert headlines == [
        f"{clip}: intact",
        f"{missing}: cannot be read: No such file or directory",
        f"{bare}: carries no seal",
        f"{tmp_path}: cannot be read: Is a directory",
    ]


def test_a_file_of_somebody_else_carries_no_seal(tmp_path: Path, town: Office) -> None:
    path = walk_past(tmp_path / "holiday.mp4")
    assert report(path, town.papers.ca_file).lines() == [f"{path}: carries no seal"]


def test_json_says_the_same_for_programs(clip: Path, town: Office, command: Command) -> None:
    data = clip.read_bytes()
    parts = stretches(data)
    clip.write_bytes(data[: parts[2].next_start] + data[parts[3].next_start :])
    done = command(clip, "--json", "--authority", town.papers.ca_file)
    (found,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert (found["state"], found["is_intact"], found["signer_fault"]) == ("broken", False, None)
    assert [(one["first"], one["what"]) for one in found["faults"]] == [(3, "missing")]
    assert found["claims"]["first_frame"]["source"] == "ntp"
    assert len(found["certificate_sha256"]) == 64


def test_a_clip_cut_short_ends_early(clip: Path, town: Office) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: stretches(data)[4].next_start + 7])
    lines = report(clip, town.papers.ca_file).lines()
    assert "ENDS EARLY" in lines[0]
    assert lines[1:3] == [
        "  sealed up to fragment 4",
        "  7 bytes after the last fragment are not sealed",
    ]


# Who signed


def test_the_nodes_own_certificate_is_enough(clip: Path, town: Office) -> None:
    assert report(clip, town.papers.cert_file).is_intact


def test_without_a_certificate_to_believe_nothing_is_called_intact(
    clip: Path, command: Command
) -> None:
    done = command(clip)
    assert done.returncode == 1
    assert "NOT VOUCHED FOR" in done.stdout
    assert "say --authority FILE" in done.stdout


@pytest.mark.promise(
    "Seal and footage store: `matthan-hub verify` works offline and names the place of a change."
)
def test_a_clip_sealed_anew_with_papers_of_another_authority_is_told(
    tmp_path: Path, street: Street, town: Office
) -> None:
    forger = office(tmp_path / "elsewhere")
    forged = sealed_by(tmp_path / "forged", street, forger.papers, "nga-tu-01")
    lines = report(forged, town.papers.ca_file).lines()
    assert lines[0].endswith("NOT VOUCHED FOR")
    assert "nobody vouches for its certificate" in lines[1]


def test_a_clip_sealed_anew_by_another_node_is_told(
    tmp_path: Path, street: Street, town: Office
) -> None:
    papers = town.authority.issue_client("nga-tu-02", SEALED_AT, into=tmp_path / "two")
    forged = sealed_by(tmp_path / "forged", street, papers, "nga-tu-01")
    assert (
        "that of nga-tu-02, the seal speaks of nga-tu-01"
        in report(forged, town.papers.ca_file).lines()[1]
    )


def test_a_servers_certificate_seals_nothing(tmp_path: Path, street: Street, town: Office) -> None:
    papers = town.authority.issue_server(
        "nga-tu-01", SEALED_AT, hosts=("broker",), into=tmp_path / "server"
    )
    forged = sealed_by(tmp_path / "forged", street, papers, "nga-tu-01")
    assert "is not a node's" in report(forged, town.papers.ca_file).lines()[1]


def test_a_node_cannot_vouch_for_another(tmp_path: Path, street: Street, town: Office) -> None:
    """Its certificate is no authority's, whatever it signs."""
    clip = sealed_by(tmp_path / "clip", street, town.papers, "nga-tu-01")
    other = town.authority.issue_client("nga-tu-02", SEALED_AT, into=tmp_path / "two")
    assert "nobody vouches" in report(clip, other.cert_file).lines()[1]


@pytest.mark.parametrize(
    ("source", "is_judged"), [(ClockSource.NTP, True), (ClockSource.NONE, False)]
)
def test_a_certificate_is_judged_for_the_day_of_the_footage_if_that_is_known(
    tmp_path: Path, street: Street, town: Office, source: ClockSource, is_judged: bool
) -> None:
    later = SEALED_AT + timedelta(days=30)
    papers = town.authority.issue_client("nga-tu-01", later, into=tmp_path / "later")
    clip = sealed_by(tmp_path / "clip", street, papers, "nga-tu-01", source=source)
    found = report(clip, town.papers.ca_file)
    assert found.is_intact is not is_judged
    if is_judged:
        assert "its certificate was good from 2026-10-21" in found.lines()[1]


def test_a_clock_that_was_never_set_is_said(tmp_path: Path, street: Street, town: Office) -> None:
    clip = sealed_by(tmp_path / "clip", street, town.papers, "nga-tu-01", source=ClockSource.NONE)
    assert "(clock: none, no bound)" in report(clip, town.papers.ca_file).lines()[-1]


@pytest.mark.promise(
    "Seal and footage store: `matthan-hub verify` works offline and names the place of a change."
)
@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@given(bits=st.lists(st.integers(0, 3000), min_size=1, max_size=2, unique=True))
def test_no_made_up_certificate_is_believed_or_stops_the_verifying(
    town: Office, street: Street, bits: list[int]
) -> None:
    sealer = town.sealer()
    true = sealer.begin(clip_id_at(at(0)), "cong-bac", street[0], at(0))._claims
    made_up = bytearray(true.certificates[0])
    for bit in bits:
        made_up[bit // 8] ^= 1 << bit % 8
    claims = true.model_copy(update={"certificates": (bytes(made_up),)})
    signature_holds(claims, b"x" * 32, sealer.sign(b"x" * 32))
    assert fault_of_certificate(claims, read_authority(town.papers.ca_file)) is not None


def test_the_configuration_names_the_hubs_own_authority(
    clip: Path, town: Office, tmp_path: Path, command: Command
) -> None:
    file = tmp_path / "hub.toml"
    needed = '[web]\npublic_url = "https://hub.example"\n[push]\nsubject = "mailto:k@example.vn"\n'
    file.write_text(f'{needed}[broker]\nca_file = "{town.papers.ca_file}"\n')
    assert command(clip).returncode == 1
    done = command("--config", file, clip)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_given_as_authority_must_be_a_certificate(
    clip: Path, town: Office, command: Command
) -> None:
    done = command(clip, "--authority", town.papers.key_file)
    assert done.returncode == 1
    assert "is no certificate that can be read" in done.stderr
    assert done.stdout == ""
