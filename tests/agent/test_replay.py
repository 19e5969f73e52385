"""The replay command's three files, its exit codes, and the scorer."""

import json
from pathlib import Path

import pytest

from agent.__main__ import main as agent_main
from agent.replay.replay import BROKEN_OFF, REFUSED, replay
from agent.replay.tracks import TrackBook
from agent.vision.explain.page import MOST_BYTES as PAGE_BYTES
from agent.vision.explain.page import MOST_TRACKS
from agent.vision.explain.record import MissedRecord, RecordLimits
from agent.vision.picture import Encode
from agent.vision.track.tracker import Tracker
from tests.agent.helpers.vision.explain.record import Street, crowd
from tests.agent.rigs.vision import (
    after,
    draw_pictures,
    luma_frame,
    moving_square,
    person,
    record,
)
from tests.bench.agent.score import main, read_rows, score

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.promise("Agent: `replay` runs the detection on a video or on numbered pictures.")
@pytest.mark.promise(
    "Agent: `replay` writes tracks, sightings and the processor time of each stage."
)
def test_replay_writes_what_was_seen_and_what_it_cost(tmp_path: Path) -> None:
    path = record(tmp_path / "street.mp4", 12)
    assert replay(path, tmp_path / "out", model_dir=MODELS) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["frames"] == 12
    assert summary["sightings_opened"] == summary["sightings_closed"] == 0
    assert summary["cpu_us_per_frame"].keys() >= {"decode", "motion", "model", "track", "sighting"}
    assert summary["peak_rss_mib"] > 0
    assert (tmp_path / "out" / "tracks.txt").read_text() == ""
    assert (tmp_path / "out" / "sightings.jsonl").read_text() == ""


@pytest.mark.promise("Agent: `replay` runs the detection on a video or on numbered pictures.")
@pytest.mark.promise("Agent: Two replays of one recording give the same result.")
def test_two_replays_of_one_recording_say_the_same(tmp_path: Path) -> None:
    path = draw_pictures(tmp_path / "street", range(1, 9))
    for out in ("one", "two"):
        assert replay(path, tmp_path / out, model_dir=MODELS) == 0
    for name in ("tracks.txt", "sightings.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_recording_cut_short_is_written_down_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = record(tmp_path / "whole.mp4", 60, faststart=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    assert replay(cut, tmp_path / "out", model_dir=MODELS) == BROKEN_OFF
    assert "cut short" in capsys.readouterr().err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert 0 < summary["frames"] < 60
    assert "cut short" in summary["broken_off"]


def test_what_cannot_be_looked_at_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(tmp_path / "gone.mp4", tmp_path / "out", model_dir=MODELS) == REFUSED
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("replay: The recording")
    street = record(tmp_path / "street.mp4", 3)
    assert replay(street, tmp_path / "out", model_dir=tmp_path) == REFUSED
    assert "manifest.toml cannot be read" in capsys.readouterr().err


@pytest.mark.promise("Agent: `replay --explain` writes why people were not reported, as one page.")
def test_replay_explains_that_nobody_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    street = str(record(tmp_path / "street.mp4", 12))
    out = tmp_path / "out"
    for words, said in (([], "Không tìm thấy người nào"), (["--lang", "en"], "Nobody was found")):
        with pytest.raises(SystemExit) as ended:
            agent_main(["replay", street, "--out", str(out), "--explain", *words])
        assert ended.value.code == 0, capsys.readouterr().err
        assert said in (out / "explain.html").read_text()
    assert replay(Path(street), tmp_path / "plain", model_dir=MODELS) == 0
    assert not (tmp_path / "plain" / "explain.html").exists()


@pytest.mark.promise("Agent: An explanation holds at most 50 pictures, and counts those dropped.")
def test_the_page_of_a_recording_has_the_bounds_of_a_running_cameras_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Street()
    busy.shows(*crowd(150), for_s=2)

    def filled(encode: Encode, limits: RecordLimits) -> MissedRecord:
        assert (limits.most_bytes, limits.most_crops) == (8 * 2**20, 50)
        return busy.record

    monkeypatch.setattr("agent.replay.replay.MissedRecord", filled)
    street = record(tmp_path / "street.mp4", 2)
    assert replay(street, tmp_path / "out", model_dir=MODELS, explain="en") == 0
    page = (tmp_path / "out" / "explain.html").read_text()
    assert len(page) < PAGE_BYTES
    assert page.count("<section>") == MOST_TRACKS < 150
    assert page.count("<img ") <= 50
    assert "Dropped for lack of room: 22 people or things" in page


@pytest.mark.promise("Agent: `replay --explain` writes why people were not reported, as one page.")
def test_the_page_of_a_damaged_recording_says_that_it_ends_early(tmp_path: Path) -> None:
    whole = record(tmp_path / "whole.mp4", 60, faststart=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    assert replay(cut, tmp_path / "out", model_dir=MODELS, explain="en") == BROKEN_OFF
    assert "cannot be read to its end" in (tmp_path / "out" / "explain.html").read_text()


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    street, taken = record(tmp_path / "street.mp4", 3), tmp_path / "taken"
    taken.write_text("a file")
    assert replay(street, taken, model_dir=MODELS, explain="vi") == REFUSED
    said = capsys.readouterr().err
    assert said.startswith("replay: ")
    assert said.endswith("Name another folder with --out.\n")
    out = tmp_path / "out"
    (out / "explain.html").mkdir(parents=True)
    assert replay(street, out, model_dir=MODELS, explain="vi") == REFUSED
    assert "explain.html" in capsys.readouterr().err


def test_gaps_of_a_track_are_filled_with_a_straight_line() -> None:
    tracker, book = Tracker(), TrackBook()
    for index in range(1, 12):
        found = [] if index in {5, 6} else [person(0.3 + 0.01 * index, score=0.7)]
        tracks = tracker.step(after(index / 10), found, aspect=4 / 3)
        book.note(luma_frame(moving_square(index), index), tracks)
    rows = read_rows(book.text({1}))
    assert sorted(rows) == list(range(1, 12))
    assert rows[5][1].center[0] == pytest.approx((0.35) * 128, abs=1.0)
    assert book.text(frozenset()) == ""


TRUTH = "".join(f"{f},7,{f * 10},10,20,40,1,-1,-1,-1\n" for f in range(1, 11))


def test_the_truth_itself_scores_full() -> None:
    full = score(read_rows(TRUTH), read_rows(TRUTH))
    assert (full.recall, full.precision, full.id_switches) == (1, 1, 0)
    assert full.tracks_by_person == {7: (7,)}


def test_a_change_of_track_is_a_switch_and_two_tracks() -> None:
    tracks = "".join(f"{f},{f // 6},{f * 10},10,20,40,.9,-1,-1,-1\n" for f in range(1, 11))
    split = score(read_rows(TRUTH), read_rows(tracks))
    assert (split.recall, split.precision, split.id_switches) == (1, 1, 1)
    assert split.tracks_by_person == {7: (0, 1)}
    assert split.persons_tracked_once == 0


def test_a_track_of_nobody_is_false_and_a_person_without_one_missed() -> None:
    tracks = TRUTH.replace(",10,20,40,", ",200,20,40,")
    apart = score(read_rows(TRUTH), read_rows(tracks))
    assert (apart.recall, apart.precision) == (0, 0)
    assert (apart.persons_missed, apart.false_tracks) == ((7,), (7,))


def test_the_scorer_reads_only_the_frames_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.txt"
    truth.write_text(TRUTH)
    (tmp_path / "tracks.txt").write_text(TRUTH.splitlines()[0])
    main([str(truth), str(tmp_path / "tracks.txt"), "--frames", "1-2"])
    assert json.loads(capsys.readouterr().out)["recall"] == 0.5
