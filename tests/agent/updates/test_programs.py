"""Releases from the hub at the node: downloads resume, and only signed ones are installed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agent.updates.fetch import BUNDLE, NOTE, PART, InstalledRelease, ReleaseFetch
from agent.updates.install import (
    ANSWER,
    install_fetched,
    is_installable,
    outcome_of,
    what_runs,
)
from agent.uplink.background import Going
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.answers import Command
from agent.wire.codec import encode
from agent.wire.programs import FELL_BACK, BundleFault, ProgramsAnswer, TakePrograms
from deploy.broker import Broker
from deploy.node import sign
from hub.base.db.database import Database
from hub.base.storage.blobs import store_file
from hub.nodes.desired_state import release_rows
from hub.nodes.desired_state.rules.releases import ProgramsWanted
from hub.nodes.pki.authority import Authority
from hub.nodes.releases.bundles import checked
from hub.registry.registry import node_by_name
from tests.agent.helpers.updates.programs import Box, take
from tests.agent.helpers.uplink.link import address, make_link
from tests.agent.helpers.uplink.uploader_https import site
from tests.agent.rigs.bundles import bundle, public_of
from tests.agent.rigs.hubside import NODE, FakeHub, Running, open_journal
from tests.hub.rigs.web_town import NODE as TOWN_NODE
from tests.hub.rigs.web_town import Town
from tests.waiting import patience_s, until


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service looks at once whether it is to stop."""
    monkeypatch.setattr("agent.updates.fetch.BEAT_S", 0.02)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_signed_bundle_goes_into_the_other_slot_and_is_in_force_once_it_is_proved(
    box: Box,
) -> None:
    box.lay(bundle(box.folder, number=60, name="1.1"))
    assert box.install()
    assert box.answer() == ("on_probation", "")
    assert not (box.agents / NOTE).exists()
    box.mark.write_text(str(box.slots.in_use))
    box.slots.guard(boot="b", uptime_s=10)
    assert box.answer() == ("in_force", "")
    assert what_runs(box.home, box.mark).number == 60


def test_one_that_does_not_reach_its_broker_is_told_as_fallen_back(box: Box) -> None:
    box.lay(bundle(box.folder, number=60))
    assert box.install()
    for boot in range(6):
        box.slots.guard(boot=str(boot), uptime_s=0)
    assert box.answer() == ("fell_back", FELL_BACK)
    assert what_runs(box.home, box.mark).number == 50


def test_one_that_falls_back_before_its_installer_ends_is_not_in_force(box: Box) -> None:
    def dies_at_every_start() -> None:
        for _ in range(6):
            box.slots.guard(boot="b", uptime_s=10)

    box.lay(bundle(box.folder, number=60))
    assert box.install(dies_at_every_start)
    assert box.answer() == ("fell_back", FELL_BACK)
    assert what_runs(box.home, box.mark).number == 50


def test_one_that_a_technician_has_replaced_since_did_not_fall_back(box: Box) -> None:
    box.lay(bundle(box.folder, number=60))
    assert box.install()
    box.mark.write_text(str(box.slots.in_use))
    box.slots.guard(boot="b", uptime_s=10)
    box.slots.turn(box.slot("three", number=70), boot="b", uptime_s=20)
    found = what_runs(box.home, box.mark)
    assert (found.number, found.last) == (70, None)


def signed_by_another(box: Box) -> Path:
    return bundle(box.folder, number=60, keys="others")


def unsigned(box: Box) -> Path:
    return changed(box, "SHA256SUMS.sig", bytes(64))


def altered(box: Box) -> Path:
    return changed(box, "wheel one.whl", b"evil!" * 1000)


def with_another_release(box: Box) -> Path:
    return changed(box, "RELEASE", b"999 9.9\n")


def older(box: Box) -> Path:
    return bundle(box.folder, number=49)


def with_more_than_its_list(box: Box) -> Path:
    good = bundle(box.folder, number=60)
    with tarfile.open(good, "a") as packed:
        packed.add(good.with_suffix("") / "RELEASE", "more")
    return good


def with_a_link(box: Box) -> Path:
    good = bundle(box.folder, number=60)
    with tarfile.open(good, "a") as packed:
        link = tarfile.TarInfo("wheel two.whl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        packed.addfile(link)
    return good


def cut_short(box: Box) -> Path:
    good = bundle(box.folder, number=60, ballast=b"wheel" * 10_000)
    os.truncate(good, good.stat().st_size // 2)
    return good


def none_at_all(box: Box) -> Path:
    good = bundle(box.folder, number=60)
    good.write_bytes(b"no tar at all")
    return good


def with_a_size_beyond_all_files(box: Box) -> Path:
    """The header of the first file says so; its checksum is right."""
    good = bundle(box.folder, number=60)
    data = bytearray(good.read_bytes())
    data[124:136] = b"\x80" + (2**72).to_bytes(11)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    good.write_bytes(data)
    return good


def changed(box: Box, name: str, content: bytes) -> Path:
    folder = bundle(box.folder, number=60).with_suffix("")
    (folder / name).write_bytes(content)
    sign.pack(folder, folder.with_suffix(".tar"))
    return folder.with_suffix(".tar")


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (signed_by_another, "not signed by this town"),
        (unsigned, "not signed by this town"),
        (altered, "differs from what was signed"),
        (with_another_release, "RELEASE differs"),
        (older, "is older than release-50"),
        (with_more_than_its_list, "not on its list"),
        (with_a_link, "not on its list"),
        (cut_short, "unexpected end"),
        (none_at_all, "no bundle"),
        (with_a_size_beyond_all_files, "no bundle"),
    ],
)
def test_whatever_the_hub_sends_that_the_town_did_not_sign_changes_nothing(
    box: Box, spoilt: Callable[[Box], Path], why: str
) -> None:
    before = box.slots.in_use
    box.lay(spoilt(box))
    assert not box.install()
    outcome, reason = box.answer()
    assert outcome == "refused"
    assert why in reason
    assert box.installed == 0
    assert box.slots.in_use == before
    assert not (box.agents / NOTE).exists(), "it is not tried for ever"


def test_the_hub_too_refuses_a_bundle_whose_header_is_damaged(box: Box) -> None:
    with pytest.raises(BundleFault, match="it is not a bundle"):
        checked(with_a_size_beyond_all_files(box), None)


def test_an_older_release_that_worked_here_is_gone_back_to_where_the_keeper_said_so(
    box: Box,
) -> None:
    new = bundle(box.folder, number=60)
    box.lay(new)
    assert box.install()
    box.mark.write_text(str(box.slots.in_use))
    old = bundle(box.folder, number=50)
    box.lay(old)
    assert not box.install()
    assert "to go back, say so" in box.answer()[1]
    box.lay(old, take(old, version=2, may_be_older=True))
    assert box.install()
    assert what_runs(box.home, box.mark).number == 50


def test_an_older_release_that_never_worked_here_is_refused_whoever_says_so(box: Box) -> None:
    older = bundle(box.folder, number=49)
    box.lay(older, take(older, may_be_older=True))
    assert not box.install()
    assert box.answer() == (
        "refused",
        "1.0 is older than release-50 and never worked on this box: sign the same programs again"
        " with a higher number",
    )
    assert what_runs(box.home, box.mark).number == 50


def test_one_that_reached_no_broker_is_not_what_worked(box: Box) -> None:
    for number in (60, 61):  # the second amid the first's probation
        box.lay(bundle(box.folder, number=number))
        assert box.install()
    assert box.slots.worked() == {50}


def test_a_power_cut_after_the_answer_leaves_it_as_it_is(box: Box) -> None:
    file = bundle(box.folder, number=60)
    box.lay(file)
    assert box.install()
    for boot in range(6):
        box.slots.guard(boot=str(boot), uptime_s=0)
    box.lay(file)  # both were there when the power went
    assert not box.install()
    assert box.answer() == ("fell_back", FELL_BACK), "it is not tried again"
    assert not (box.agents / BUNDLE).exists()
    box.lay(file)
    (box.agents / BUNDLE).unlink()  # or the note alone
    assert not box.install()
    assert box.answer() == ("fell_back", FELL_BACK)
    assert not (box.agents / NOTE).exists()


def test_a_link_in_the_agents_folder_leads_root_nowhere(box: Box) -> None:
    file = bundle(box.folder, number=60)
    box.lay(file)
    (box.agents / BUNDLE).unlink()
    (box.agents / BUNDLE).symlink_to(file)
    assert not box.install()
    assert box.answer()[0] == "refused"
    (box.agents / NOTE).symlink_to("/etc/passwd")
    assert not box.install()
    assert not (box.agents / NOTE).is_symlink()
    assert Path("/etc/passwd").exists()


@pytest.mark.system
def test_an_installer_that_fails_is_told_with_its_last_line(box: Box) -> None:
    script = "#!/bin/sh\necho first >&2\necho 'install: no room' >&2\nexit 3\n"
    box.lay(bundle(box.folder, number=60, script=script))
    done = install_fetched(
        box.agents, key=public_of(box.folder), home=box.home, scratch=str(box.folder)
    )
    assert not done
    assert box.answer() == ("refused", "the installer ended with 3: install: no room")


def test_what_root_wrote_and_where_the_link_points_say_what_became_of_it() -> None:
    said = {"outcome": "installed", "slot": "/opt/b", "reason": ""}
    assert outcome_of(said, in_use="/opt/b", is_on_probation=True)[0] == "on_probation"
    assert outcome_of(said, in_use="/opt/b", is_on_probation=False)[0] == "in_force"
    assert outcome_of(said, in_use="/opt/a", is_on_probation=False) == ("fell_back", FELL_BACK)
    no = {"outcome": "refused", "slot": "", "reason": "why"}
    assert outcome_of(no, in_use="/opt/a", is_on_probation=True) == ("refused", "why")


@pytest.mark.parametrize("answer", ["", "{}", "[1]", '{"outcome": 7}', "nonsense"])
def test_a_damaged_answer_is_none(box: Box, answer: str) -> None:
    (box.home / ANSWER).write_text(answer)
    assert what_runs(box.home, box.mark).last is None


# --- fetched from a real hub over HTTPS ---


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path / "town")
    db.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", datetime.now(UTC))


def want(town: Town, file: Path, key: Path) -> TakePrograms:
    """The hub has it, and wants it of its node."""
    head = checked(file, load_pem_public_key(key.read_bytes()))  # type: ignore[arg-type]
    sha256, at = store_file(file, town.blobs), town.clock.now()
    with town.db.writing() as conn:
        size = file.stat().st_size
        release_rows.add(conn, sha256, head.release, size_bytes=size, is_verified=True, now=at)
        node = node_by_name(conn, TOWN_NODE)
        assert node is not None
        wanted = ProgramsWanted(bundle=sha256)
        release_rows.want(conn, node.node_id, wanted, goes_back=False, now=at)
    return take(file)


def fetching(
    folder: Path,
    tokens: Tokens,
    authority: Authority | None,
    key: Path,
    *,
    installed: Callable[[], InstalledRelease] = lambda: InstalledRelease(50, "release-50", None),
    free_bytes: int = 10**12,
) -> ReleaseFetch:
    return ReleaseFetch(
        NODE,
        folder,
        tokens,
        trusted=authority.ca_file if authority else None,
        check=lambda path: is_installable(path, key=key),
        installed=installed,
        free_bytes=lambda _: free_bytes,
    )


def outcome(fetch: ReleaseFetch) -> str:
    last = fetch.report().last
    return last.outcome if last else ""


@pytest.mark.loopback
def test_what_is_wanted_is_fetched_over_https_and_handed_over(
    town: Town, authority: Authority, tmp_path: Path
) -> None:
    file = bundle(tmp_path, ballast=os.urandom(600_000))
    wanted = want(town, file, public_of(tmp_path))
    with site(town, authority) as tokens:
        folder = tmp_path / "node" / "programs"
        fetch = fetching(folder, tokens, authority, public_of(tmp_path))
        with Running(fetch):
            fetch.receive(wanted)
            until(lambda: outcome(fetch) == "installing")
        fetch.close()
    assert (folder / BUNDLE).read_bytes() == file.read_bytes()
    assert TakePrograms.model_validate_json((folder / NOTE).read_bytes()) == wanted


@pytest.mark.loopback
def test_a_fetch_goes_on_where_it_was_and_another_bundle_begins_anew(
    town: Town, authority: Authority, tmp_path: Path
) -> None:
    file = bundle(tmp_path, ballast=os.urandom(600_000))
    wanted, data = want(town, file, public_of(tmp_path)), file.read_bytes()
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / f"{PART}.of").write_text(wanted.sha256)
    (folder / PART).write_bytes(data[:400_000])
    with site(town, authority) as tokens:
        fetch = fetching(folder, tokens, authority, public_of(tmp_path))
        fetch._wanted = wanted
        part, asked = fetch._part(wanted), []
        fetch._client.event_hooks["request"] = [lambda one: asked.append(one.headers["range"])]
        fetch._fetch(wanted, part, Going(threading.Event(), lambda: None))
        assert part.read_bytes() == data
        assert asked == ["bytes=400000-"]
        other = wanted.model_copy(update={"sha256": "0" * 64})
        assert fetch._part(other).stat().st_size == 0
        fetch.close()


@pytest.mark.loopback
def test_what_the_hub_does_not_want_of_this_node_it_does_not_give(
    town: Town, authority: Authority, tmp_path: Path
) -> None:
    file = bundle(tmp_path)
    store_file(file, town.blobs)  # it is there, and nobody wants it
    with site(town, authority) as tokens:
        fetch = fetching(tmp_path / "programs", tokens, authority, public_of(tmp_path))
        with Running(fetch):
            fetch.receive(take(file))
            until(lambda: outcome(fetch) == "refused")
        fetch.close()
    assert "does not want it" in str(fetch.report().last)


def test_too_little_disk_is_a_refusal_in_words(tmp_path: Path) -> None:
    file = bundle(tmp_path)
    folder = tmp_path / "programs"
    fetch = fetching(folder, Tokens(), None, public_of(tmp_path), free_bytes=100 * 2**20)
    with Running(fetch):
        fetch.receive(take(file))
        until(lambda: outcome(fetch) == "refused")
    fetch.close()
    assert "100 MB are free" in str(fetch.report().last)


@pytest.mark.loopback
def test_a_file_of_another_town_is_refused_before_root_hears_of_it(
    town: Town, authority: Authority, tmp_path: Path
) -> None:
    file = bundle(tmp_path, keys="others")
    wanted = want(town, file, public_of(tmp_path, "others"))
    bundle(tmp_path, number=1)
    folder = tmp_path / "programs"
    with site(town, authority) as tokens:
        fetch = fetching(folder, tokens, authority, public_of(tmp_path))
        with Running(fetch):
            fetch.receive(wanted)
            until(lambda: outcome(fetch) == "refused")
        fetch.close()
    assert not (folder / NOTE).exists()


def test_the_same_said_again_is_answered_again_and_what_runs_is_not_fetched(
    tmp_path: Path,
) -> None:
    file = bundle(tmp_path)
    said = take(file, version=7)
    last = ProgramsAnswer(version=7, sha256=said.sha256, outcome="in_force", reason="")
    fetch = fetching(
        tmp_path / "programs",
        Tokens(),
        None,
        public_of(tmp_path),
        installed=lambda: InstalledRelease(100, "1.0", last),
    )
    before = fetch.revision
    fetch.receive(said)
    assert fetch.revision == before + 1
    fetch.receive(take(file, version=8))
    answer = fetch.report().last
    assert answer is not None
    assert (answer.version, answer.outcome) == (8, "in_force")
    assert not (tmp_path / "programs").exists()


def test_what_is_wanted_while_another_is_handed_over_is_not_lost(tmp_path: Path) -> None:
    one, folder = bundle(tmp_path), tmp_path / "programs"
    wanted, other = take(one), TakePrograms(version=2, sha256="b" * 64, size_bytes=9)
    folder.mkdir()
    shutil.copy(one, folder / PART)
    (folder / f"{PART}.of").write_text(wanted.sha256)
    fetch = ReleaseFetch(
        NODE,
        folder,
        Tokens(),
        trusted=None,
        check=lambda _: fetch.receive(other),  # by the line's thread, as it were
        installed=lambda: InstalledRelease(50, "release-50", None),
        free_bytes=lambda _: 10**12,
    )
    with Running(fetch):
        fetch.receive(wanted)
        until(lambda: (folder / f"{PART}.of").read_text() == other.sha256)
    fetch.close()


@pytest.mark.clock
def test_while_root_installs_another_one_its_files_are_left_alone(tmp_path: Path) -> None:
    """A roll-out was halted while this node installs its programs."""
    old, folder = bundle(tmp_path, number=50), tmp_path / "programs"
    new = TakePrograms(version=2, sha256="b" * 64, size_bytes=9)
    back = take(old, version=3, may_be_older=True)
    folder.mkdir()
    (folder / NOTE).write_text(new.model_dump_json())
    (folder / BUNDLE).write_bytes(b"the new one")
    shutil.copy(old, folder / PART)
    (folder / f"{PART}.of").write_text(back.sha256)
    last = ProgramsAnswer(version=1, sha256=back.sha256, outcome="in_force", reason="")
    fetch = fetching(
        folder,
        Tokens(),
        None,
        public_of(tmp_path),
        installed=lambda: InstalledRelease(50, "release-50", last),
    )
    with Running(fetch):
        fetch.receive(back)
        assert outcome(fetch) == "fetching", "what is installed next is another one"
        time.sleep(0.3)
        assert (folder / NOTE).read_text() == new.model_dump_json()
        assert (folder / BUNDLE).read_bytes() == b"the new one"
        (folder / BUNDLE).unlink()
        (folder / NOTE).unlink()  # root is done
        until(lambda: outcome(fetch) == "installing")
    fetch.close()
    assert TakePrograms.model_validate_json((folder / NOTE).read_bytes()) == back


FETCHER = """
import sys, time, threading
from pathlib import Path
from agent.updates.install import is_installable
from agent.updates.fetch import InstalledRelease, ReleaseFetch
from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken
from agent.wire.programs import TakePrograms
folder, url, trusted, key, wanted = sys.argv[1:]
tokens = Tokens()
leave = UploadToken(token="leave-to-bring-files", valid_for_s=600, upload_url=url)
tokens.put(leave, time.monotonic())
fetch = ReleaseFetch("tram-01", Path(folder), tokens, trusted=Path(trusted),
    check=lambda path: is_installable(path, key=Path(key)), bytes_per_s=1.5e6,
    installed=lambda: InstalledRelease(None, None, None), free_bytes=lambda _: 10**12)
fetch.receive(TakePrograms.model_validate_json(wanted))
print("begun", flush=True)
fetch.run(threading.Event(), lambda: None)
"""


@pytest.mark.system
def test_killed_at_any_moment_the_fetch_goes_on_and_ends_with_the_very_file(
    town: Town, authority: Authority, tmp_path: Path
) -> None:
    file = bundle(tmp_path, ballast=os.urandom(3_000_000))
    wanted = want(town, file, public_of(tmp_path))
    folder, dice = tmp_path / "programs", random.Random(4)  # noqa: S311 - dice, no secret
    kept, part = 0, folder / PART

    def came_bytes() -> int:
        return part.stat().st_size if part.exists() else 0

    with site(town, authority) as tokens:
        leave = tokens.current(time.monotonic())
        assert leave is not None
        words = [str(folder), leave.upload_url, str(authority.ca_file)]
        words += [str(public_of(tmp_path)), wanted.model_dump_json()]
        for life in range(40):
            process = subprocess.Popen(
                [sys.executable, "-c", FETCHER, *words], stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            process.stdout.readline()
            if life % 2:  # however slow the machine is
                until(lambda: came_bytes() or (folder / NOTE).exists())
            until_s = time.monotonic() + (dice.uniform(0, 1.5) if life < 8 else patience_s())
            while time.monotonic() < until_s and not (folder / NOTE).exists():
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            if (folder / NOTE).exists():
                break
            kept += came_bytes() > 0
    assert (folder / BUNDLE).read_bytes() == file.read_bytes()
    assert kept > 0


@pytest.mark.broker
def test_over_a_real_broker_the_node_hears_what_is_wanted_and_says_how_far_it_is(
    tmp_path: Path,
) -> None:
    file, folder = bundle(tmp_path), tmp_path / "programs"
    wanted = take(file)
    (folder).mkdir()
    shutil.copy(file, folder / PART)  # all of it came before the plug was pulled
    (folder / f"{PART}.of").write_text(wanted.sha256)
    fetch = fetching(folder, Tokens(), None, public_of(tmp_path))
    with Broker(tmp_path / "mqtt") as broker, FakeHub(broker) as hub:
        journal = open_journal(tmp_path / "journal.db")
        link = make_link(journal, address(broker))
        link.renew_by(fetch)
        with Running(link), Running(fetch):
            until(lambda: hub.programs)
            assert (hub.programs[0].number, hub.programs[0].last) == (50, None)
            command = Command(command_id=uuid4(), body=wanted)
            hub.say_raw(topics.COMMAND, encode(command))
            until(lambda: hub.programs[-1].last)
            until(lambda: getattr(hub.programs[-1].last, "outcome", "") == "installing")
            said = len(hub.programs)
            hub.say_raw(topics.COMMAND, encode(command))
            until(lambda: len(hub.programs) > said)
        fetch.close()
        journal.close()
    assert (folder / BUNDLE).read_bytes() == file.read_bytes()
