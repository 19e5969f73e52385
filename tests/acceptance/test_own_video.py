"""The demonstration with one's own video, twice in a row, beside another program's database."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from deploy.broker import free_port
from tests.acceptance.demonstration import ROOT, processes_of
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Demonstration: Any other video file can be played."),
    pytest.mark.promise("Demonstration: Both commands can run twice without harm."),
    pytest.mark.promise("Demonstration: A step of more than a few seconds shows progress."),
    pytest.mark.promise("Demonstration: A broker or database that already runs stays untouched."),
]


@pytest.fixture(scope="module")
def own_video(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen seconds as no camera sends them: mirrored, small, 15 frames a second, MPEG-4."""
    street = subprocess.run(
        [ROOT / "deploy" / "recording.sh"], capture_output=True, text=True, check=True
    ).stdout.strip()
    path = tmp_path_factory.mktemp("own") / "holiday.avi"
    look = "-t 15 -vf hflip,scale=640:480 -r 15 -c:v mpeg4 -q:v 3 -g 100 -an"
    subprocess.run(["ffmpeg", "-v", "error", "-i", street, *look.split(), str(path)], check=True)
    return path


@pytest.fixture
def bystander(empty_postgres: Callable[..., str]) -> str:
    """A PostgreSQL that runs on this machine, with a row in it."""
    url = empty_postgres().replace("+psycopg", "")
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE letters AS SELECT 'mine' AS text")
    return url


def demonstration(folder: Path) -> list[str]:
    """By the command itself where it made this environment: it would else make another."""
    is_ready = (ROOT / ".venv" / "ready").exists()
    start = (
        [str(ROOT / "deploy" / "demo.sh")] if is_ready else [sys.executable, "-m", "deploy.demo"]
    )
    return [*start, "--folder", str(folder), "--port", str(free_port())]


def state_of(url: str) -> list[object]:
    """When it started, and what is in it."""
    with psycopg.connect(url) as conn:
        tables = conn.execute("SELECT relname FROM pg_stat_user_tables ORDER BY 1").fetchall()
        letters = conn.execute("SELECT text FROM letters").fetchall()
        started = conn.execute("SELECT pg_postmaster_start_time()").fetchone()
        databases = conn.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    return [started, tables, letters, databases]


@pytest.mark.system
def test_own_video_plays_twice_in_a_row_shows_that_it_goes_on_and_touches_no_other_database(
    own_video: Path, bystander: str, tmp_path: Path
) -> None:
    before = state_of(bystander)
    folder, report = tmp_path / "town", tmp_path / "summary.json"
    for _ in range(2):
        done = subprocess.run(
            [
                *demonstration(folder),
                *("--once", "--recording", own_video, "--json", report),
            ],
            cwd=ROOT,
            env=os.environ | {"MATTHAN_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            timeout=patience_s(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        summary = json.loads(report.read_text())
        assert summary["alerts"] >= 1
        assert summary["events"]["missing"] == summary["events"]["doubled"] == 0
        assert re.search(r"• Making .*• Playing .*\.{2,}\n• Waiting ", done.stderr, re.S)
        assert processes_of(folder) == []
        report.unlink()
    assert state_of(bystander) == before
