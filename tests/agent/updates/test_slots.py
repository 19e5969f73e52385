"""Two slots for programs: a new one is proved or left again; only signed programs are accepted."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.board.clock import boot_id
from agent.config.remote.settings import PROOF_S
from agent.updates import slots as slots_module
from agent.updates.prover import SlotProver
from agent.updates.slots import MOST_STARTS, WITHIN_S, SlotError, Slots
from agent.updates.update import checked, update
from agent.uplink.mqtt.errors import Trouble
from deploy.node import sign

pytestmark = pytest.mark.promise("Fleet: A signed update checks itself or falls back.")

BOOT = "a boot"


class Node:
    """A root folder with slots, and a service that is begun again whenever it ends."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.mark = home / "slot-proved"
        self.slots = Slots(home, mark=self.mark)
        self.turn("one")

    def slot(self, name: str, *, is_whole: bool = True) -> Path:
        path = self.home / f"agent-{name}"
        path.mkdir(exist_ok=True)
        if is_whole:
            (path / "whole").touch()
        return path

    def turn(self, name: str, uptime_s: float = 0.0) -> None:
        self.slots.turn(self.slot(name), boot=BOOT, uptime_s=uptime_s)

    def start(self, *, boot: str = BOOT, uptime_s: float = 0.0) -> str:
        self.slots.guard(boot=boot, uptime_s=uptime_s)
        assert self.slots.in_use is not None
        return self.slots.in_use.name

    def reach_broker(self, up_s: float = PROOF_S) -> bool:
        """Whether the agent of the slot in use makes way, with its line up for so long."""
        makes_way: list[bool] = []
        prover = SlotProver(
            self.slots,
            lambda: up_s,
            lambda: makes_way.append(True),
            mark=self.mark,
            slot=self.slots.in_use,
        )
        stop = threading.Event()
        stop.set()
        prover.run(stop, lambda: None)
        return bool(makes_way)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_first_slot_has_nothing_to_prove(node: Node) -> None:
    assert node.slots.probation() is None
    assert node.start() == "agent-one"


def test_a_new_slot_that_reaches_the_broker_is_in_force(node: Node) -> None:
    node.turn("two")
    assert node.start() == "agent-two"
    assert not node.reach_broker()
    for _ in range(2 * MOST_STARTS):
        assert node.start() == "agent-two"
    assert node.slots.probation() is None


def test_one_that_dies_at_every_start_is_left_by_their_number(node: Node) -> None:
    node.turn("two")
    names = [node.start(boot=f"boot {number}") for number in range(MOST_STARTS + 2)]
    assert names == ["agent-two"] * MOST_STARTS + ["agent-one"] * 2


def test_one_that_runs_and_reaches_nobody_makes_way_after_the_stated_time(node: Node) -> None:
    node.slots.turn(node.slot("two"), boot=str(boot_id()), uptime_s=-WITHIN_S)
    assert node.start(boot="another") == "agent-two"
    node.slots.turn(node.slot("three"), boot=str(boot_id()), uptime_s=-WITHIN_S)
    assert node.reach_broker(-1.0), "it asks to end"
    assert node.start(boot=str(boot_id())) == "agent-one", (
        "and not the second, which proved nothing"
    )


def test_one_that_reaches_nobody_makes_way_after_a_power_cut_too(node: Node) -> None:
    node.turn("two", uptime_s=5000.0)
    assert node.start(boot="next", uptime_s=30.0) == "agent-two"
    assert not node.slots.is_over(boot="next", uptime_s=30.0 + WITHIN_S - 1)
    assert node.slots.is_over(boot="next", uptime_s=30.0 + WITHIN_S)
    assert node.start(boot="next", uptime_s=30.0 + WITHIN_S) == "agent-one"


def test_a_slot_that_was_cut_off_while_it_was_filled_is_never_turned_to(node: Node) -> None:
    with pytest.raises(SlotError, match="cut off"):
        node.slots.turn(node.slot("two", is_whole=False), boot=BOOT, uptime_s=0)
    assert node.start() == "agent-one"


@pytest.mark.parametrize("note", ["", "{", '{"now": 3}', "[" * 5000, '{"now": "/elsewhere"}'])
def test_a_damaged_note_turns_nothing(node: Node, note: str) -> None:
    (node.home / "agent.probation").write_text(note)
    assert node.start() == "agent-one"


@pytest.mark.system
def test_the_guard_needs_no_slot_and_nothing_beside_the_systems_own_python(node: Node) -> None:
    program = Path(slots_module.__file__)
    alone = [sys.executable, "-I", "-S", str(program), "guard"]
    assert subprocess.run(alone, check=False, cwd=node.home).returncode == 0
    wrong = [sys.executable, "-I", "-S", str(program), "dance"]
    ended = subprocess.run(wrong, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (2, "slots.py guard | turn SLOT\n")


@pytest.fixture
def bundle(needs_system: None, tmp_path: Path) -> Path:
    """A bundle as the tool makes it, signed."""
    folder = tmp_path / "bundle"
    (folder / "deploy" / "node").mkdir(parents=True)
    (folder / "deploy/node/install.sh").write_text("#!/bin/sh\nexit 0\n")
    (folder / "wheel one.whl").write_bytes(b"wheel" * 1000)
    names = ["./deploy/node/install.sh", "./wheel one.whl"]
    sums = subprocess.run(
        ["sha256sum", *names], check=True, capture_output=True, text=True, cwd=folder
    )
    (folder / "SHA256SUMS").write_text(sums.stdout)
    sign.make_key(tmp_path / "keys")
    sign.sign(tmp_path / "keys" / "update.key", folder)
    return folder


def key_of(bundle: Path) -> Path:
    return bundle.parent / "keys" / "update.pub"


def test_a_signed_bundle_is_installed_from_a_copy(bundle: Path) -> None:
    ran: list[Path] = []

    def run(installer: Path) -> int:
        ran.append(installer)
        assert installer.read_text().startswith("#!/bin/sh")
        assert (installer.parents[2] / "wheel one.whl").stat().st_size == 5000
        return 0

    assert update(bundle, key=key_of(bundle), run=run) == 0
    assert bundle not in ran[0].parents
    assert not ran[0].exists(), "the copy goes"
    assert update(bundle, key=key_of(bundle)) == 0, "and the installer really runs"


def test_a_stick_that_says_another_list_once_the_signed_one_was_read_is_not_asked_again(
    bundle: Path,
) -> None:
    signed, wheel = (bundle / "SHA256SUMS").read_bytes(), bundle / "wheel one.whl"
    content = wheel.read_bytes()
    wheel.unlink()
    os.mkfifo(wheel)

    def change() -> None:
        with wheel.open("wb") as file:  # from here on the list was read
            (bundle / "SHA256SUMS").write_bytes(b"anything at all")
            file.write(content)

    def run(installer: Path) -> int:
        assert (installer.parents[2] / "SHA256SUMS").read_bytes() == signed
        return 0

    stick = threading.Thread(target=change)
    stick.start()
    try:
        assert update(bundle, key=key_of(bundle), run=run) == 0
    finally:
        stick.join()


def test_a_file_that_was_changed_after_it_was_signed_is_refused(bundle: Path) -> None:
    (bundle / "wheel one.whl").write_bytes(b"evil!" * 1000)
    with pytest.raises(Trouble, match=r"wheel one.whl differs from what was signed"):
        update(bundle, key=key_of(bundle), run=lambda _: pytest.fail("it ran"))


def test_a_list_that_was_changed_or_signed_by_another_is_refused(bundle: Path) -> None:
    sums = bundle / "SHA256SUMS"
    sums.write_text(sums.read_text() + f"{'0' * 64}  ./more\n")
    with pytest.raises(Trouble, match="not signed by this town's update key"):
        checked(bundle, key_of(bundle))
    sign.make_key(bundle.parent / "others")
    sign.sign(bundle.parent / "others" / "update.key", bundle)
    with pytest.raises(Trouble, match="not signed by this town's update key"):
        checked(bundle, key_of(bundle))


def test_a_list_that_leads_out_of_the_bundle_is_refused_even_signed(bundle: Path) -> None:
    for name in ("../../etc/passwd", "/etc/passwd", ""):
        (bundle / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")
        sign.sign(bundle.parent / "keys" / "update.key", bundle)
        with pytest.raises(Trouble, match="names no files"):
            checked(bundle, key_of(bundle))


def test_without_a_signature_or_a_key_it_is_said_what_is_missing(bundle: Path) -> None:
    with pytest.raises(Trouble, match="knows no key of updates"):
        checked(bundle, bundle / "nowhere.pub")
    with pytest.raises(Trouble, match="is no key of updates"):
        checked(bundle, bundle / "SHA256SUMS")
    (bundle / "SHA256SUMS.sig").unlink()
    with pytest.raises(Trouble, match=r"SHA256SUMS.sig is missing"):
        checked(bundle, key_of(bundle))


def test_what_cannot_be_signed_and_a_key_that_is_there_are_one_line_each(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = bundle.parent / "keys"
    before = (keys / "update.key").read_bytes()
    assert sign.main(["key", str(keys)]) == 1
    assert (keys / "update.key").read_bytes() == before
    assert sign.main(["sign", str(keys / "update.key"), str(keys)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert "update.key is there already" in said[0]
    assert said[1:] == [f"{keys / 'SHA256SUMS'}: No such file or directory"]
    with pytest.raises(SystemExit, match=r"update\.pub holds no Ed25519 key"):
        sign.main(["sign", str(keys / "update.pub"), str(bundle)])
