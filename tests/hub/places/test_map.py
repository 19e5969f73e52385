"""The map's table and endpoints, and its background."""

import errno
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.places.map.ground import PMTILES, Corners, MapFileError, MapFiles
from hub.registry.tables import cameras
from tests.hub.helpers.alerting.on_the_way import another_camera
from tests.hub.helpers.places.map import TOWN, many_cameras, place_all, plan, tiles
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: The map shows cameras with their state.")


def test_the_map_alone_may_ask_the_device_for_its_position(town: Town) -> None:
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "geolocation=(self)" in an.get("/map").headers["permissions-policy"]
    assert "geolocation=()" in an.get("/").headers["permissions-policy"]


def test_the_map_tells_state_and_open_alerts_of_cameras_one_may_see(town: Town) -> None:
    place_all(town)
    lost = another_camera(town, "Cổng trường")
    town.somebody()
    with town.db.writing() as conn:
        conn.execute(
            update(cameras)
            .where(cameras.c.id == lost)
            .values(is_lost=True, latitude_deg=11.541, longitude_deg=106.6)
        )
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    told = {row[1]: row[2:] for row in an.get("/map/cameras.json").json()["cameras"]}
    assert told["Cổng trường"] == [106.6, 11.541, 1, 0, 0]
    assert sorted(row[2:] for row in told.values()) == [[0, 1, 0], [1, 0, 0]]
    states = an.get("/map/states.json").json()["states"]
    assert states[str(lost)] == [1, 0, 0]
    assert len(states) == 2
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get("/map/cameras.json").json() == {"cameras": []}
    assert guest.get("/map/states.json").json() == {"states": {}}
    assert "Cổng trường" not in guest.get("/map").text


def test_the_table_puts_open_alerts_first_finds_without_diacritics_and_has_pages(
    town: Town,
) -> None:
    many_cameras(town, 250)
    place_all(town)
    town.somebody()
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = text_of(an.get("/map"))
    assert "1 / 6" in page
    assert page.index("Ngã tư 1") < page.index("Camera 0")
    assert "Camera 00033" in text_of(an.get("/map?find=camera 00033"))
    assert text_of(an.get("/map?find=nga tu cho cu")).count("Camera 00") > 0
    assert an.get("/map?page=3").status_code == 200
    assert an.get("/map?page=99").status_code == 200
    assert an.get("/map?page=0").status_code == 422
    assert "<b>" not in an.get("/map?find=<b>").text


def test_the_ground_is_sent_in_the_ranges_asked_for_to_whoever_is_signed_in(
    town: Town, tmp_path: Path
) -> None:
    folder = tmp_path / "map"
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert an.get("/map/ground.json").json() == {"kind": ""}
    assert an.get("/map/ground").status_code == 404
    source = tiles(tmp_path)
    MapFiles(folder).put_tiles(source)
    assert an.get("/map/ground.json").json() == {"kind": "tiles", "corners": None}
    whole = an.get("/map/ground")
    assert (whole.status_code, whole.content) == (200, source.read_bytes())
    part = an.get("/map/ground", range="bytes=0-7")
    assert (part.status_code, part.content[:8]) == (206, PMTILES)
    assert an.get("/map/ground", range="bytes=99999-").status_code == 416
    assert part.headers["etag"] == whole.headers["etag"] != ""
    MapFiles(folder).put_plan(plan(tmp_path), TOWN)
    told = an.get("/map/ground.json").json()
    assert told == {"kind": "plan", "corners": [106.55, 11.60, 106.65, 11.50]}
    assert an.get("/map/ground").headers["content-type"] == "image/png"
    assert {path.name for path in folder.iterdir()} == {"ground.png", "ground.json"}
    stranger = Visitor(town.app())
    assert stranger.get("/map/ground").status_code in (303, 401)
    MapFiles(folder).clear()
    assert an.get("/map/ground.json").json() == {"kind": ""}


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (0, b"{", "no PMTiles archive of version 3"),
        (7, b"\x02", "no PMTiles archive of version 3"),
        (16, bytes(8), "holds no tiles"),
        (64, (2**40).to_bytes(8, "little"), "is not whole"),
        (97, b"\x03", "compressed in a way that a browser does not undo"),
        (98, b"\x04", "compressed in a way that a browser does not undo"),
        (99, b"\x00", "tiles of kind 0"),
        (102, (1_900_000_000).to_bytes(4, "little"), "holds no tiles"),
    ],
)
def test_an_archive_that_no_browser_draws_is_refused_in_words(
    tmp_path: Path, at: int, value: bytes, said: str
) -> None:
    files, source = MapFiles(tmp_path / "map"), tiles(tmp_path)
    wrong = bytearray(source.read_bytes())
    wrong[at : at + len(value)] = value
    source.write_bytes(wrong)
    with pytest.raises(MapFileError, match=said):
        files.put_tiles(source)
    assert files.ground() is None


def test_an_archive_that_was_not_copied_whole_is_refused_and_the_one_before_stays(
    tmp_path: Path,
) -> None:
    files, source = MapFiles(tmp_path / "map"), tiles(tmp_path)
    files.put_tiles(source)
    before, content = files.ground(), source.read_bytes()
    for length in (0, 100, 126, 127, len(content) - 1):
        source.write_bytes(content[:length])
        with pytest.raises(MapFileError):
            files.put_tiles(source)
    assert files.ground() == before and before is not None
    assert before.path.read_bytes() == content


def test_an_archive_that_the_disk_has_no_room_for_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, source = MapFiles(tmp_path / "map"), tiles(tmp_path)
    files.put_tiles(source)
    before, kept = files.ground(), sorted((tmp_path / "map").iterdir())

    def fill(whole: Path, part: Path) -> None:
        part.write_bytes(whole.read_bytes()[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(OSError, match="No space"):
        files.put_tiles(source)
    assert files.ground() == before and before is not None
    assert sorted((tmp_path / "map").iterdir()) == kept


def test_what_cannot_be_the_ground_is_refused_at_the_shell(tmp_path: Path) -> None:
    files = MapFiles(tmp_path / "map")
    other = tmp_path / "x.pmtiles"
    other.write_bytes(b"PMTiles\x02 old")
    with pytest.raises(MapFileError, match="no PMTiles archive of version 3"):
        files.put_tiles(other)
    with pytest.raises(MapFileError, match="is no image"):
        files.put_plan(other, TOWN)
    torn = bytearray(plan(tmp_path).read_bytes())
    torn[-20] ^= 0xFF
    other.write_bytes(torn)
    with pytest.raises(MapFileError, match="is no image"):
        files.put_plan(other, TOWN)
    with pytest.raises(MapFileError, match="west is not west of east"):
        files.put_plan(plan(tmp_path), Corners(107, 12, 106, 11))
    with pytest.raises(MapFileError, match="south is not south of north"):
        files.put_plan(plan(tmp_path), Corners(106, 11, 107, 12))
    assert files.ground() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file": "../../etc/passwd"}', "\0"])
def test_a_spoilt_folder_is_a_blank_map(tmp_path: Path, text: str) -> None:
    (tmp_path / "ground.json").write_text(text)
    assert MapFiles(tmp_path).ground() is None


def test_no_name_in_the_folder_leads_out_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "map"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    told = {"file": "../secret", "kind": "plan", "media_type": "image/png", "corners": None}
    (folder / "ground.json").write_text(json.dumps(told))
    assert MapFiles(folder).ground() is None
