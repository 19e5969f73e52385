"""The demonstration with `--once`: its summary, and that it leaves nothing behind."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import sync_playwright

from tests.acceptance.demonstration import ROOT, demo_command, processes_of
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.waiting import busy, patience_ms, patience_s

pytestmark = pytest.mark.promise(
    "Demonstration: The summary counts sightings, alerts, notifications and events."
)


@pytest.fixture(scope="module")
def played(
    needs_system: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("once") / "town"
    report = folder.parent / "summary.json"
    done = subprocess.run(
        demo_command(folder, "--once", "--json", str(report)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(report.read_text())


@pytest.mark.promise(
    "Demonstration: A recorded street passes through a real agent, Mosquitto and hub."
)
@pytest.mark.promise(
    "Demonstration: One playing runs without a person, waits for delivery and exits with 0."
)
@pytest.mark.promise("Demonstration: Each notification of a playing is accepted.")
def test_somebody_walked_past_and_people_were_told(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, summary = played
    assert summary["alerts"] >= 1
    assert summary["sightings"] >= summary["alerts"]
    assert summary["notifications"]["owed"] >= 2 * summary["alerts"]
    assert summary["notifications"]["accepted"] == summary["notifications"]["owed"]


@pytest.mark.promise("Core: No alert is lost.")
@pytest.mark.promise(
    "Demonstration: A script without the product's code counts missing and doubled events."
)
@pytest.mark.promise("Demonstration: No event of a playing is missing.")
@pytest.mark.promise("Demonstration: No event of a playing is doubled.")
def test_every_event_is_at_the_hub_once(played: tuple[Path, dict[str, Any]]) -> None:
    _, summary = played
    events = summary["events"]
    assert events["spooled"] == events["stored"] > 0
    assert events["missing"] == events["doubled"] == 0


@pytest.mark.promise("Core: A clip starts before its event.")
@pytest.mark.promise("Demonstration: Each alert of a playing has its picture and its clip.")
def test_every_alert_has_picture_and_clip_from_before(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, summary = played
    assert set(summary["alerts_without"].values()) == {0}


@pytest.mark.promise("Core: An entitled officer has the alert and its picture within two seconds.")
@pytest.mark.promise("Demonstration: In a playing, the push is accepted within two seconds (p95).")
def test_pushes_are_quick(played: tuple[Path, dict[str, Any]]) -> None:
    """The promise is two seconds; measured figures are in docs/reference/service-levels.md."""
    _, summary = played
    assert summary["frame_to_push_s"]["p95"] <= 2.0 * busy()


@pytest.mark.promise(
    "Demonstration: The push service decrypts each message, and an ntfy server has each alert."
)
def test_phones_could_read_what_they_were_sent(played: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = played
    lines = (folder / "phone-webpush.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    tags = {json.dumps(one, ensure_ascii=False) for one in told}
    assert len(tags) >= summary["alerts"]
    assert any("Ngã tư Chợ Cũ" in one for one in tags)


@pytest.mark.promise(
    "Demonstration: The push service decrypts each message, and an ntfy server has each alert."
)
def test_the_second_channel_has_every_alert_too(played: tuple[Path, dict[str, Any]]) -> None:
    """Read from the ntfy server's own file."""
    folder, summary = played
    with closing(sqlite3.connect(folder / "ntfy" / "cache.db")) as cache:
        titles = [row[0] for row in cache.execute("SELECT title FROM messages")]
    assert len(titles) >= summary["alerts"]
    assert all("Ngã tư Chợ Cũ" in title for title in titles)


@pytest.mark.promise(
    "Demonstration: The summary gives the time to the picture, processor and memory."
)
def test_summary_tells_what_it_took(played: tuple[Path, dict[str, Any]]) -> None:
    _, summary = played
    for span in ("frame_to_push_s", "frame_to_picture_s"):
        assert 0 < summary[span]["p50"] <= summary[span]["p95"]
    for program in ("agent", "hub"):
        assert summary[program]["cpu_s"] > 0
        assert summary[program]["peak_rss_mib"] > 10


@pytest.mark.promise("Core: An entitled officer has the alert and its picture within two seconds.")
def test_an_entitled_officer_holds_the_picture_within_two_seconds(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, summary = played
    assert summary["frame_to_picture_s"]["p95"] <= 2.0 * busy()


def clips_at_the_hub(folder: Path) -> list[Path]:
    files = [path for path in (folder / "hub" / "media").rglob("*") if path.is_file()]
    return [path for path in files if path.read_bytes()[4:8] == b"ftyp"]


@pytest.mark.promise("Demonstration: The clip of each alert plays in Chromium.")
@pytest.mark.browser
def test_every_clip_at_the_hub_plays_in_chromium(
    played: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = played
    clips = clips_at_the_hub(folder)
    assert clips
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.set_default_timeout(patience_ms())
        for number, clip in enumerate(clips):
            named = tmp_path / f"{number}.mp4"
            named.write_bytes(clip.read_bytes())
            page.goto(named.as_uri())
            page.evaluate("() => { document.querySelector('video').play() }")
            page.wait_for_function("() => document.querySelector('video').currentTime > 1")
            assert page.evaluate("document.querySelector('video').duration") > 5
        browser.close()


@pytest.mark.promise("Demonstration: The clip of each alert plays in Chromium.")
def test_every_clip_at_the_hub_decodes_to_its_end(
    played: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = played
    clips = clips_at_the_hub(folder)
    assert clips
    for path in clips:
        with av.open(str(path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) > 50


@pytest.mark.promise("Demonstration: One playing leaves no process behind.")
def test_nothing_runs_on_afterwards(played: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = played
    assert processes_of(folder) == []
