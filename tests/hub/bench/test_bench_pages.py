"""`bench pages` and `bench fanout` in small; no time is asserted."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench.hub import fanout, pages


def told(
    bench: Any, capsys: pytest.CaptureFixture[str], folder: Path, *words: str
) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    bench.add_to(parser)
    url = f"sqlite:///{folder / 'bench.db'}"
    args = parser.parse_args([*words, "--json", "--database", url])
    assert args.do(args) == 0
    [line] = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)["sqlite"]
    return found


@pytest.mark.usefixtures("needs_system")
def test_pages_opens_inboxes_and_alerts_of_officers_with_a_year_behind_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--officers", "20", "--alerts", "200", "--seconds", "1", "--each", "0.5")
    found = told(pages, capsys, tmp_path, *words)
    assert found["pages"] >= 20
    assert found["refused"] == 0
    assert found["stored_alerts"] == 200
    assert found["inbox_ms"]["p50"] > 0


@pytest.mark.usefixtures("needs_system")
def test_fanout_tells_every_phone_once_a_round(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = told(fanout, capsys, tmp_path, "--phones", "30", "--rounds", "2")
    assert (found["missing"], found["twice"]) == (0, 0)
    assert len(found["last_push_s"]) == 2
