"""The short form of the campaign of random people, and proof that it would find a leak.

The long form is a command of its own: `tests/scope/campaign.py`.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, true

from hub.access import scope
from hub.access.rules.grants import Right
from hub.access.scope import entitled_values
from hub.alerting.alerts import in_words
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import channel_choice
from hub.cases import rows
from hub.footage import queries
from hub.footage.tables import media
from tests.scope import campaign

pytestmark = [
    pytest.mark.promise("Core: No footage goes to anyone who is not entitled."),
    pytest.mark.promise("Rights: No random request gets a byte out of scope."),
]


def found(folder: Path, kind: str = "sqlite", *, requests: int, seed: int) -> campaign.Found:
    with campaign.databases(kind, folder) as make_url:
        counted = campaign.Found()
        campaign.run(campaign.Wanted(requests, seed), folder, make_url, counted)
        return counted


@pytest.mark.parametrize(("kind", "requests"), [("sqlite", 1_200), ("postgresql", 600)])
def test_of_random_people_and_requests_not_one_byte_is_out_of_scope(
    tmp_path: Path, kind: str, requests: int
) -> None:
    counted = found(tmp_path, kind, requests=requests, seed=20261125)
    assert counted.leaks == []
    assert counted.refused_wrongly == []
    assert min(counted.by_route[one] for one in ("media", "alert", "page", "events")) > 5
    assert counted.by_route["alert in words"] > 0
    single = ("case", "case item", "package", "notice file", "tip picture", "live", "aim", "box")
    assert all(counted.by_route[one] for one in single) or requests < 1_000
    assert counted.shown > requests / 10
    assert counted.owed > 0
    assert counted.handed > 0


def all_of_the_camera(scope: Any) -> Any:
    return media.c.camera_id == scope.c.camera_id


def test_the_campaign_finds_footage_from_before_a_grant_reaches_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "seen_media", all_of_the_camera)
    counted = found(tmp_path, requests=400, seed=7)
    assert any("bytes of" in leak for leak in counted.leaks)


def test_the_campaign_finds_cases_and_tips_that_open_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "is_in", lambda _person_id, _now: true())
    counted = found(tmp_path, requests=250, seed=10)
    assert any("/cases/" in leak and "not theirs" in leak for leak in counted.leaks)
    assert any("/tips/pictures/" in leak for leak in counted.leaks)


def test_the_campaign_finds_a_role_without_its_fence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "_FENCES", [("nobody's role", 0)])
    counted = found(tmp_path, requests=300, seed=8)
    assert any(leak.startswith(("oversight", "technician", "board")) for leak in counted.leaks)


def test_the_campaign_finds_who_is_told_without_being_granted_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def who_sees(camera_id: Any, _right: Right, now: Any) -> Any:
        return entitled_values(camera_id, Right(0), now)

    monkeypatch.setattr(channel_choice, "entitled_values", who_sees)
    counted = found(tmp_path, requests=120, seed=9)
    assert any("may not be told" in leak for leak in counted.leaks)


def test_the_campaign_finds_alerts_in_words_for_who_is_not_told_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def any_grant(right: Right) -> Any:
        return scope.visible_to(Right(0) if right is Right.ALERTED else right)

    monkeypatch.setattr(in_words, "visible_to", any_grant)
    one = in_words._query(alerts.c.id == bindparam("one_id"), newest_by=alerts.c.raised_utc_us)
    monkeypatch.setattr(in_words, "_ONE", one)
    counted = found(tmp_path, requests=300, seed=11)
    assert any("/alerts/" in leak and "not theirs" in leak for leak in counted.leaks)


def test_the_campaign_starts_by_its_path(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(campaign.__file__)), "--help"]
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
