"""The short form of the campaign against clips: some kills on a large disk and on a full one.

The long form is a command of its own: tests/faults/clips.py.
"""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.recording.mp4.sound import sound_path
from tests.faults import clips
from tests.faults.carried import summary_of
from tests.faults.clip_agent import MortalAgent, Plan
from tests.faults.clip_count import is_sound

pytestmark = [
    pytest.mark.promise("Clips: After a crash the shelf repairs its clips and rows."),
    pytest.mark.promise(
        "Clips: A killed agent leaves only whole fragments and no row without a file."
    ),
]


def test_killed_anywhere_every_whole_fragment_plays_and_is_indexed(tmp_path: Path) -> None:
    counted = summary_of("clips", tmp_path, "--seed", "7", "--kills", "6")
    assert counted["faults"] == []
    assert counted["clips_decoded"] >= 3
    assert counted["deeds"].keys() >= {"killed from below", "killed from outside"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_killed_anywhere_on_a_full_disk_likewise(tmp_path: Path) -> None:
    counted = summary_of("clips", tmp_path, "--seed", "7", "--kills", "6", "--tmpfs-mb", "6")
    assert counted["faults"] == []
    assert counted["clips_decoded"] >= 3


def test_the_counter_finds_what_a_bad_shelf_would_have_done(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    plan = clips.plan_in(tmp_path, disk, None)
    agent = MortalAgent(plan, 0)
    agent.live(random.Random(3), turns=20)
    agent.leave()
    assert said_of(plan, harm=lambda: None) == ""
    films = sorted(path for path in plan.clips.glob("*.mp4") if not is_sound(path))
    removed, shortened, unnamed, flipped, *_ = films
    deaf = sound_path(films[-1])

    def harm() -> None:
        removed.unlink()
        deaf.rename(deaf.with_name(deaf.name + ".part"))
        os.truncate(shortened, shortened.stat().st_size - 1)
        data = bytearray(flipped.read_bytes())
        data[len(data) // 2] ^= 1
        flipped.write_bytes(data)
        with closing(sqlite3.connect(plan.journal)) as journal, journal:
            journal.execute("DELETE FROM clips WHERE path = ?", (str(unnamed),))
            journal.execute("INSERT INTO holds VALUES ('h', 'ab', 'case', '', 0)")

    said = said_of(plan, harm=harm)
    assert f"dangling row: {removed.name}" in said
    assert f"sound without its clip: {sound_path(unnamed).name}" in said
    assert f"sound not ended: {deaf.name}.part" in said
    assert f"dangling row: {shortened.name}" in said
    assert f"frames not indexed: {unnamed.name}" in said
    assert f"file without a row: {unnamed.name}" in said
    assert f"other bytes than its row says: {flipped.name}" in said
    assert "held and gone: ab" in said


def said_of(plan: Plan, *, harm: Callable[[], object]) -> str:
    """What the campaign counts after that harm was done."""
    campaign = clips.Campaign(clips.Wanted(seed=0, kills=0), plan)
    whole = campaign.whole_frames()
    harm()
    campaign.check(0, whole, set())
    return " ".join(campaign.tally.faults)
