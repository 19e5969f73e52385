"""The time of a look with each network on this board, measured once."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.app.pace import KEY, allowances, known_times, look_times
from agent.config import load
from agent.inference.pace import measured_look_s
from agent.journal import Journal, JournalFull
from tests.agent.rigs.hubside import open_journal
from tests.agent.rigs.vision import after


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal.db")) as one:
        yield one


def taking(*looks_s: float) -> Callable[[], float]:
    """A measurement with these results, one after the other."""
    left = list(looks_s)
    return lambda: left.pop(0)


def test_a_look_is_measured_at_the_first_start_and_known_at_the_next(journal: Journal) -> None:
    measures = {"a1": taking(0.09), "b2": taking(0.055)}
    for _ in range(2):
        assert known_times(journal, "Pi 4 2.1", measures) == {"a1": 0.09, "b2": 0.055}


def test_on_another_board_or_with_another_runtime_it_is_measured_anew(journal: Journal) -> None:
    assert known_times(journal, "Pi 4 2.1", {"a1": taking(0.09)}) == {"a1": 0.09}
    for place, look_s in (("Pi 5 2.1", 0.03), ("Pi 5 2.2", 0.02)):
        assert known_times(journal, place, {"a1": taking(look_s)}) == {"a1": look_s}
        assert known_times(journal, place, {"a1": taking()}) == {"a1": look_s}


def test_only_a_model_file_that_is_new_is_measured(journal: Journal) -> None:
    known_times(journal, "Pi 4", {"a1": taking(0.09), "b2": taking(0.055)})
    renewed = {"a1": taking(), "c3": taking(0.06)}
    for _ in range(2):
        times = known_times(journal, "Pi 4", renewed)
        assert (times["a1"], times["c3"]) == (0.09, 0.06)


@pytest.mark.parametrize(
    "kept",
    ["", "no JSON", "7", "null", '{"place": "Pi 4"}', '{"place": "Pi 4", "look_s": 0.09}']
    + [
        json.dumps({"place": "Pi 4", "look_s": look_s})
        for look_s in ({}, {"a1": -1}, {"a1": "x"}, {"a1": None}, {"a1": 0}, ["a1"])
    ],
)
def test_what_cannot_be_read_is_measured_anew(journal: Journal, kept: str) -> None:
    journal.remember(KEY, kept)
    assert known_times(journal, "Pi 4", {"a1": taking(0.08)}) == {"a1": 0.08}


def test_a_node_starts_on_a_full_disk_and_measures_again_at_the_next_start(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_name: str, _value: str) -> None:
        raise JournalFull("the disk is full", "free some")

    measures = {"a1": taking(0.09, 0.08)}
    with monkeypatch.context() as patched:
        patched.setattr(journal, "remember", full)
        assert known_times(journal, "Pi 4", measures) == {"a1": 0.09}
    assert known_times(journal, "Pi 4", measures) == {"a1": 0.08}


def test_a_node_measures_the_networks_that_its_cameras_use(
    tmp_path: Path, journal: Journal
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        '[node]\nname = "nga-tu"\n[[camera]]\nname = "cong"\nurl = "rtsp://127.0.0.1/"\n'
        f'[journal]\npath = "{tmp_path / "journal.db"}"\n'
    )
    times = look_times(load(file), journal, "PC")
    assert times.keys() == {(320, 320), (192, 320), (256, 448), (288, 384)}
    assert 0 < times[192, 320] < times[256, 448] < 5
    assert look_times(load(file), journal, "PC") == pytest.approx(times, abs=1e-6)


def test_a_camera_whose_sensor_detects_people_takes_no_looks_of_others(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        '[node]\nname = "nga-tu"\n[[camera]]\nname = "cong"\nurl = "rtsp://127.0.0.1/"\n'
        '[[camera]]\nname = "cot"\npicamera = "0"\npi.network = "/imx500.rpk"\n'
        f'[journal]\npath = "{tmp_path / "journal.db"}"\n'
    )
    looks = allowances(load(file), {(320, 320): 0.09})
    assert looks.keys() == {"cong"}
    granted = [looks["cong"].grant(after(frame / 10), 3, (320, 320)) for frame in range(100)]
    assert sum(granted) >= 60


def test_the_median_of_a_few_looks_is_measured() -> None:
    asked: list[int] = []
    assert 0 < measured_look_s(lambda: asked.append(sum(range(20_000)))) < 1
    assert len(asked) == 7
