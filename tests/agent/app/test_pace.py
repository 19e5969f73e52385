"""The budget of looks is computed from the time of one look on this board, measured once."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.app.pace import KEY, known_look_s, looks_per_s
from agent.config import load
from agent.inference.pace import BUSY, affordable_looks_per_s, measured_look_s
from agent.journal import Journal, JournalFull
from tests.agent.rigs.hubside import open_journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal.db")) as one:
        yield one


def taking(*looks_s: float) -> Callable[[], float]:
    """A measurement with these results, one after the other."""
    left = list(looks_s)
    return lambda: left.pop(0)


@pytest.mark.parametrize(("look_s", "looks"), [(0.09, 7.8), (0.045, 15.6), (2.0, 1.0)])
def test_looks_fill_seven_tenths_of_a_core_and_one_a_second_is_always_taken(
    look_s: float, looks: float
) -> None:
    assert affordable_looks_per_s(look_s) == pytest.approx(looks, abs=0.05)
    assert BUSY < 1


def test_a_look_is_measured_at_the_first_start_and_known_at_the_next(journal: Journal) -> None:
    measure = taking(0.09)
    assert known_look_s(journal, "Pi 4", measure) == 0.09
    assert known_look_s(journal, "Pi 4", measure) == 0.09


def test_on_another_board_it_is_measured_anew(journal: Journal) -> None:
    assert known_look_s(journal, "Pi 4", taking(0.09)) == 0.09
    assert known_look_s(journal, "Pi 5", taking(0.03)) == 0.03
    assert known_look_s(journal, "Pi 5", taking()) == 0.03


@pytest.mark.parametrize(
    "kept",
    ["", "no JSON", "7", "null", '{"place": "Pi 4"}', '{"place": "Pi 4", "look_s": 0}']
    + [json.dumps({"place": "Pi 4", "look_s": look}) for look in (-1, "x", None)],
)
def test_what_cannot_be_read_is_measured_anew(journal: Journal, kept: str) -> None:
    journal.remember(KEY, kept)
    assert known_look_s(journal, "Pi 4", taking(0.09)) == 0.09


def test_a_node_starts_on_a_full_disk_and_measures_again_at_the_next_start(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_name: str, _value: str) -> None:
        raise JournalFull("the disk is full", "free some")

    measure = taking(0.09, 0.08)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "remember", full)
        assert known_look_s(journal, "Pi 4", measure) == 0.09
    assert known_look_s(journal, "Pi 4", measure) == 0.08


class Slow:
    """A network whose answer takes a moment of the processor."""

    input_px = (32, 32)

    def __init__(self) -> None:
        self.asked = 0

    def infer(self, rgb: object) -> tuple[object, object]:
        self.asked += 1
        return sum(range(20_000)), rgb


def test_a_node_takes_what_is_configured_or_what_its_board_can(
    tmp_path: Path, journal: Journal
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        '[node]\nname = "nga-tu"\n[[camera]]\nname = "cong"\nurl = "rtsp://127.0.0.1/"\n'
        "[detector]\nlooks_per_s = 2\n"
    )
    settings = load(file)
    assert looks_per_s(settings, journal, "PC") == 2
    kept = json.loads(journal.remembered(KEY) or "")
    assert 0 < kept["look_s"] < 5
    journal.remember(KEY, json.dumps(kept | {"look_s": 0.5}))
    assert looks_per_s(settings, journal, "PC") == pytest.approx(1.4)


def test_the_median_of_a_few_looks_is_measured() -> None:
    slow = Slow()
    assert 0 < measured_look_s(slow) < 1  # type: ignore[arg-type]  # its answers are not read
    assert slow.asked == 7
