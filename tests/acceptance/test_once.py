"""The main job, once through: what the summary promises, and that nothing is left behind."""

import json
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from tests.acceptance.demonstration import ROOT, demo_command, processes_of


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("once") / "town"
    report = folder.parent / "summary.json"
    done = subprocess.run(
        demo_command(folder, "--once", "--json", str(report)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(report.read_text())


def test_somebody_walked_past_and_people_were_told(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, summary = played
    assert summary["alerts"] >= 1
    assert summary["sightings"] >= summary["alerts"]
    assert summary["notifications"]["owed"] >= 2 * summary["alerts"]
    assert summary["notifications"]["accepted"] == summary["notifications"]["owed"]


def test_every_event_is_at_the_hub_once(played: tuple[Path, dict[str, Any]]) -> None:
    _, summary = played
    events = summary["events"]
    assert events["spooled"] == events["stored"] > 0
    assert events["missing"] == events["doubled"] == 0


def test_every_alert_has_picture_and_clip_from_before(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, summary = played
    assert set(summary["alerts_without"].values()) == {0}


def test_pushes_are_quick(played: tuple[Path, dict[str, Any]]) -> None:
    """The promise is two seconds; measured figures are in docs/promises.md."""
    _, summary = played
    assert summary["frame_to_push_s"]["p95"] <= 2.0


def test_phones_could_read_what_they_were_sent(played: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = played
    lines = (folder / "phone-webpush.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    tags = {json.dumps(one, ensure_ascii=False) for one in told}
    assert len(tags) >= summary["alerts"]
    assert any("Ngã tư Chợ Cũ" in one for one in tags)


def test_every_clip_at_the_hub_decodes_to_its_end(
    played: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = played
    clips = [
        path
        for path in (folder / "hub" / "media").rglob("*")
        if path.is_file() and path.read_bytes()[4:8] == b"ftyp"
    ]
    assert clips
    for path in clips:
        with av.open(str(path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) > 50


def test_nothing_runs_on_afterwards(played: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = played
    assert processes_of(folder) == []
