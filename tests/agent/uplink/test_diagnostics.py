"""Diagnosis files on their way to the hub: made beside the agent, uploaded once."""

import os
import sys
import threading
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.app import diagnostics
from agent.app.diagnostics import Diagnostics
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.uplink.upload.diagnostics import FILE_TYPE, REASON_TYPE, DiagnosisUpload, NoDiagnosis
from agent.wire import topics
from agent.wire.answers import Command, SendDiagnosis
from agent.wire.codec import encode
from agent.wire.no_answer import NoAnswer
from tests.agent.helpers.uplink.live import TOKEN, Hub
from tests.agent.rigs.hubside import NODE, Running, open_journal
from tests.waiting import until

pytestmark = pytest.mark.promise("Fleet: A node sends a diagnosis on request.")


class Maker:
    """Makes a file, or fails, and counts."""

    def __init__(self, why: str = "") -> None:
        self.why = why
        self.made = 0

    def __call__(self, beat: Callable[[], bool]) -> bytes:
        self.made += 1
        if self.why:
            raise NoDiagnosis(NoAnswer.FAILED, self.why)
        return b"PK how it is"


def test_what_the_hub_asks_for_is_made_once_and_brought_by_its_name(
    hub: Hub, tokens: Tokens
) -> None:
    make, wanted = Maker(), uuid4()
    post = DiagnosisUpload(make, tokens, trusted=None)
    with Running(post):
        post.ask(wanted)
        until(lambda: hub.came)
        until(lambda: post._done == wanted)
        post.ask(wanted)  # the answer was lost on its way to the hub's database
        another = uuid4()
        post.ask(another)
        until(lambda: len(hub.came) == 2)
    post.close()
    assert hub.came[0] == (f"/upload/diagnosis/{wanted}", f"Bearer {TOKEN}", b"PK how it is")
    assert hub.came[1][0].endswith(str(another))
    assert make.made == 2


def test_what_did_not_go_is_kept_and_goes_when_the_hub_asks_again(hub: Hub, tokens: Tokens) -> None:
    make, wanted = Maker(), uuid4()
    hub.status = 503
    post = DiagnosisUpload(make, tokens, trusted=None, bytes_per_s=1e6)
    with Running(post):
        post.ask(wanted)
        until(lambda: hub.came)
        hub.status = 204

        def asked_again() -> bool:
            post.ask(wanted)
            return post._done == wanted

        until(asked_again)
    post.close()
    assert make.made == 1


def test_a_node_that_cannot_make_it_says_why(hub: Hub, tokens: Tokens) -> None:
    post = DiagnosisUpload(Maker("no room on the disk"), tokens, trusted=None)
    with Running(post):
        post.ask(uuid4())
        until(lambda: hub.came)
    post.close()
    assert hub.came[0][2] == b"failed: no room on the disk"
    assert FILE_TYPE != REASON_TYPE


def test_an_agent_that_is_stopped_while_it_is_made_says_nothing_and_is_asked_again(
    hub: Hub, tokens: Tokens
) -> None:
    stop, wanted = threading.Event(), uuid4()

    def make(goes_on: Callable[[], bool]) -> bytes:
        stop.set()
        assert not goes_on()
        raise NoDiagnosis(NoAnswer.STOPPED)

    post = DiagnosisUpload(make, tokens, trusted=None)
    post.ask(wanted)
    post.run(stop, lambda: None)
    post.close()
    assert hub.came == []
    assert post._done is None


def test_an_upload_that_waits_for_the_lines_share_ends_with_the_agent(
    hub: Hub, tokens: Tokens
) -> None:
    post = DiagnosisUpload(lambda _: bytes(2**20), tokens, trusted=None, bytes_per_s=1.0)
    with Running(post) as running:
        post.ask(uuid4())
        until(lambda: running.beats > 2)
    post.close()
    assert post._done is None
    assert all(len(body) < 2**20 for _, _, body in hub.came)


@pytest.mark.parametrize("status", [404, 410])
def test_what_nobody_waits_for_any_more_is_given_up(hub: Hub, tokens: Tokens, status: int) -> None:
    wanted = uuid4()
    hub.status = status
    post = DiagnosisUpload(Maker(), tokens, trusted=None)
    with Running(post):
        post.ask(wanted)
        until(lambda: post._done == wanted)
    post.close()
    assert len(hub.came) == 1


def test_the_hub_asks_on_the_command_topic(tmp_path: Path) -> None:
    asked: list[UUID] = []

    class Desk:
        def ask(self, command_id: UUID) -> None:
            asked.append(command_id)

    counts, journal = LinkCounts(), open_journal(tmp_path / "journal.db")
    inbound = Inbound(
        NODE,
        journal=journal,
        outbox=Outbox(OutboxPolicy()),
        tokens=Tokens(),
        leases=LiveLeases(()),
        counts=counts,
        diagnosis=Desk(),
    )
    command = Command(command_id=uuid4(), body=SendDiagnosis())
    inbound.receive(topics.address(topics.COMMAND, NODE), encode(command))
    assert asked == [command.command_id]
    assert counts.strange == 0
    assert journal.waiting(10) == []
    journal.close()


@pytest.mark.system
def test_the_file_is_that_of_the_command_made_by_a_process_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        f'[node]\nname = "nga-tu-01"\n[broker]\nhost = "127.0.0.1"\nport = 9\n'
        f'ca_file = "{tmp_path}/none.crt"\n[[camera]]\nname = "cong"\n'
        f'url = "rtsp://quan:Bi-Mat-7@127.0.0.1:9/main"\n'
        f'[journal]\npath = "{tmp_path}/journal.db"\n[clips]\nfolder = "{tmp_path}/clips"\n',
        encoding="utf-8",
    )
    config.chmod(0o600)
    beats = []
    made = Diagnostics(config)(lambda: beats.append(1) is None)
    with zipfile.ZipFile(BytesIO(made)) as bundle:
        everything = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(everything) == {"how-it-is.json", "check.txt", "log.txt"}
    assert "Bi-Mat-7" not in "".join(everything.values())
    assert beats


@pytest.mark.system
@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit('no such camera')", "failed: no such camera"),
        ("import sys; sys.exit(3)", "ended: 3"),
        ("pass", "failed: .*diagnosis.zip"),
        ("import sys; open(sys.argv[1], 'wb').write(bytes(4 * 2**20))", "too_large: 3145728"),
    ],
)
def test_whatever_becomes_of_that_process_is_said_by_a_code(program: str, why: str) -> None:
    with pytest.raises(NoDiagnosis, match=why):
        Diagnostics(None, command=(sys.executable, "-c", program))(lambda: True)


@pytest.mark.system
def test_with_a_process_that_hangs_goes_what_it_has_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = (
        "import pathlib, subprocess, time; child = subprocess.Popen(['sleep', '600']);"
        f"pathlib.Path({str(started)!r}).write_text(f'{{child.pid}} ');time.sleep(600)"
    )

    def is_there() -> bool:
        """Not where it waits to be buried: that is up to the system's first process."""
        state = Path("/proc", started.read_text().strip(), "stat")
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"

    with pytest.raises(NoDiagnosis, match="stopped"):
        Diagnostics(None, command=(sys.executable, "-c", program))(
            lambda: not (started.exists() and started.read_text().endswith(" "))
        )
    until(lambda: not is_there())


@pytest.mark.system
def test_a_process_that_hangs_ends_with_the_agent_and_by_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs = Diagnostics(None, command=(sys.executable, "-c", "import time; time.sleep(600)"))
    stop = threading.Event()
    stop.set()
    with pytest.raises(NoDiagnosis, match="stopped"):
        hangs(lambda: not stop.is_set())
    monkeypatch.setattr(diagnostics, "WITHIN_S", 0.2)
    with pytest.raises(NoDiagnosis, match="too_slow: 0"):
        hangs(lambda: True)


@pytest.mark.system
def test_where_the_unit_lets_no_priority_be_set_it_is_made_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refused)
    writes = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(b'made')"
    assert Diagnostics(None, command=(sys.executable, "-c", writes))(lambda: True) == b"made"
