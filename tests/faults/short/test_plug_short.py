"""The short form of the campaign that pulls the plug: some cuts, and losses that bad writers would
have.

The long form is a command of its own: tests/faults/power/plug.py.
"""

import random
from pathlib import Path

import pytest

from tests.faults.carried import summary_of
from tests.faults.power.plug_disk import Call, Disk

pytestmark = [
    pytest.mark.promise("Clips: A fragment is durable before the next one is announced."),
    pytest.mark.promise("Clips: A power cut costs at most the last two seconds of sound."),
    pytest.mark.promise("Clips: A power cut loses nothing that was announced."),
]

CREATE = "O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC"


def test_the_plug_pulled_anywhere_takes_nothing_that_was_announced(tmp_path: Path) -> None:
    counted = summary_of("power.plug", tmp_path, "--seed", "3", "--cuts", "10")
    assert counted["faults"] == []
    assert counted["announced_clips_found"] >= 5
    assert counted["announced_sounds_found"] >= 5
    assert counted["announced_rows_found"] >= 20
    assert counted["frames_decoded"] >= 500


@pytest.mark.parametrize("harm", ["files", "folders"])
def test_a_writer_that_forgets_to_sync_is_found(tmp_path: Path, harm: str) -> None:
    options = ("--seed", "1", "--cuts", "6", "--harm", harm)
    faults = " ".join(summary_of("power.plug", tmp_path, *options, ends_with=1)["faults"])
    assert "announced and gone" in faults
    assert ("other bytes than its row says" if harm == "files" else "row gone") in faults


def lefts(disk: Disk) -> list[dict[Path, bytes | None]]:
    """What a hundred pulled plugs leave."""
    return [disk.left(random.Random(seed)) for seed in range(100)]


def test_what_was_synced_is_there_and_what_was_not_is_anything(tmp_path: Path) -> None:
    disk, path, name = Disk(tmp_path), tmp_path / "clip", bytes(tmp_path / "clip")
    disk.take(Call("openat", ("AT_FDCWD", name, CREATE, 438), 5))
    disk.take(Call("write", (5, b"a" * 1000, 1000), 1000))
    disk.take(Call("fdatasync", (5,), 0))
    assert {path in left for left in lefts(disk)} == {True, False}, "its name was not synced"
    disk.take(Call("openat", ("AT_FDCWD", bytes(tmp_path), "O_RDONLY|O_DIRECTORY"), 6))
    disk.take(Call("fsync", (6,), 0))
    assert {left[path] for left in lefts(disk)} == {b"a" * 1000}
    disk.take(Call("pwrite64", (5, b"b" * 1048, 1048, 1000), 1048))
    found = {left[path] for left in lefts(disk)}
    assert all(one is not None and one.startswith(b"a" * 1000) for one in found)
    assert found > {b"a" * 1000, b"a" * 1000 + b"b" * 1048, b"a" * 1000 + bytes(1048)}
    assert disk.now(path) == b"a" * 1000 + b"b" * 1048
    disk.take(Call("rename", (name, name + b".mp4"), 0))
    assert {tuple(left) for left in lefts(disk)} == {(path,), (tmp_path / "clip.mp4",)}
