"""Labels of zones and lines, and settings that an older program does not know."""

import json
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.codec import decode_settings
from agent.wire.messages import SightingUpdated
from agent.wire.settings import SettingsReport, check_settings, setting_keys
from agent.wire.terms import BoxWords, RuleWords
from hub.alerting.alerts.rules.rules_met import from_text
from hub.alerting.alerts.tables import alerts
from hub.alerting.routing.tables import alert_rules
from hub.alerting.silences.tables import silences
from hub.base.db.database import Database
from hub.nodes.desired_state.rules.known_keys import KEYS_0_2_0, known_part
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.registry import zones
from tests.contracts import session
from tests.hub.helpers.nodes.settings import report
from tests.hub.helpers.nodes.web_configuration import Pages
from tests.hub.rigs.web_visitor import text_of

pytestmark = pytest.mark.promise("Fleet: Settings of nodes are wanted and reported by schema.")

RELEASE: Final = Path(__file__).parents[2] / "contracts" / "release-0.2.0"
OLD: Final = runpy.run_path(str(RELEASE / "settings.py"))
"""The settings as a node of release 0.2.0 reads them: `agent/wire/settings.py` of then."""
KEYS: Final = tuple(setting_keys())
YARD: Final = {
    "name": "san-sau",
    "label": "Sân sau",
    "outline": [[0, 0], [1, 0], [1, 1]],
    "entry": True,
}
PLAIN: Final = {key: value for key, value in YARD.items() if key != "label"}
FENCE: Final = {"name": "hang-rao", "label": "Hàng rào phía chợ", "start": [0, 0], "end": [1, 1]}


@pytest.fixture
def pages(db: Database, tmp_path: Path) -> Pages:
    return Pages(db, tmp_path)


def zoned(pages: Pages, *, clips: float = 8.0) -> dict[str, Any]:
    """Settings with labels for the town's one camera."""
    cameras = {str(pages.camera): {"zone": [YARD], "line": [FENCE]}}
    return {"clips": {"preroll_s": clips}, "cameras": cameras}


def zones_in(settings: Mapping[str, Any], pages: Pages) -> Any:
    """Zones of the town's one camera."""
    return settings["cameras"][pages.camera]["zone"]


def of_an_older_program(**changed: Any) -> SettingsReport:
    """Of one that does not know the seconds before an event yet."""
    keys = tuple(key for key in KEYS if key != "clips.preroll_s")
    return report(**changed).model_copy(update={"keys": keys})


def of_a_new_program(**changed: Any) -> SettingsReport:
    return report(**changed).model_copy(update={"keys": KEYS})


def test_keys_on_record_for_release_0_2_0_are_those_that_its_nodes_accept() -> None:
    assert frozenset(setting_keys(OLD["NodeSettings"])) == KEYS_0_2_0
    assert set(KEYS) - KEYS_0_2_0 == {
        "cameras.zone.label",
        "cameras.line.label",
        "cameras.mast_height_m",
        "cameras.horizon",
        "broker",
        "broker.further",
    }


def test_a_node_of_then_says_none_of_its_keys() -> None:
    said = [one.payload for one in session.read(RELEASE) if one.what.endswith("/up/settings")]
    assert said
    assert [decode_settings(one).keys for one in said] == [None] * len(said)


def test_a_node_of_release_0_2_0_gets_what_it_knows_and_accepts_it(pages: Pages) -> None:
    pages.want(pages.node, zoned(pages))
    [said] = pages.told()
    OLD["check_settings"](said.settings)
    assert said.sha256 == OLD["settings_hash"](said.settings)
    assert said.settings["clips"] == {"preroll_s": 8.0}
    [zone] = zones_in(said.settings, pages)
    assert zone == PLAIN
    with pytest.raises(OLD["SettingsFault"], match="label: this key is not known here"):
        OLD["check_settings"](zoned(pages))
    pages.hear(report(words=said))
    assert pages.status().state is SettingsState.IN_FORCE


def test_a_label_is_sent_to_no_node_so_that_each_can_go_back_to_an_older_program(
    pages: Pages,
) -> None:
    pages.hear(of_a_new_program())
    pages.want(pages.node, zoned(pages))
    [said] = pages.told()
    assert zones_in(said.settings, pages) == [PLAIN]
    OLD["check_settings"](said.settings)
    pages.hear(of_a_new_program(words=said))
    assert pages.status().state is SettingsState.IN_FORCE


def test_what_it_did_not_know_is_sent_as_soon_as_its_program_does(pages: Pages) -> None:
    pages.hear(of_an_older_program())
    pages.want(pages.node, zoned(pages))
    [first] = pages.told()
    assert first.settings.get("clips") in (None, {})
    pages.hear(of_an_older_program(words=first))
    pages.hear(of_a_new_program(words=first))
    [second] = pages.told()
    assert second.version > first.version
    assert second.settings["clips"] == {"preroll_s": 8.0}
    check_settings(second.settings)
    pages.hear(of_a_new_program(words=second))
    assert pages.status().state is SettingsState.IN_FORCE
    pages.hear(of_an_older_program(words=second))  # the older program again
    [third] = pages.told()
    assert third.settings == first.settings


def test_its_page_and_the_preview_say_what_waits_for_a_newer_program(pages: Pages) -> None:
    kim = pages.visitor()
    box = f"/nodes/{pages.node.scope_id}"
    places = (box, pages.box)
    pages.hear(of_an_older_program())
    assert not any('id="waiting"' in kim.get(path).text for path in places)
    pages.want(pages.node, zoned(pages))
    for path in places:
        assert "chưa hiểu: Số giây ghi hình trước khi có người." in text_of(kim.get(path)), path
    shown = text_of(kim.post(f"{pages.box}/preview", **{"clips.preroll_s": "9"}))
    assert "chưa hiểu: Số giây ghi hình trước khi có người." in shown
    pages.hear(of_a_new_program())
    assert not any('id="waiting"' in kim.get(path).text for path in places)


@pytest.mark.promise("Fleet: A box that does not know the list of brokers stays with its first.")
def test_a_box_that_does_not_know_the_list_of_brokers_is_left_with_its_first_and_the_page_says_so(
    pages: Pages,
) -> None:
    kim = pages.visitor()
    pages.hear(report())
    form = {"broker.further": "b2.example:8883, [2001:db8::3]:8884", "reason": "máy thứ hai"}
    assert kim.post(pages.box, **form).status_code == 303
    shown = text_of(kim.get(pages.box))
    assert "chưa hiểu: Các máy chủ nhận tin khác" in shown
    wanted = {"broker": {"further": ["b2.example:8883", "[2001:db8::3]:8884"]}}
    assert known_part(wanted, report()) == ({}, ("broker",))
    pages.hear(of_a_new_program())
    assert "chưa hiểu" not in text_of(kim.get(pages.box))
    assert known_part(wanted, of_a_new_program()) == (wanted, ())


@given(st.frozensets(st.sampled_from(KEYS)))
def test_of_any_program_only_known_keys_are_left_and_the_rest_is_named(
    known: frozenset[str],
) -> None:
    said = report().model_copy(update={"keys": tuple(known)})
    wanted = {
        "clips": {"preroll_s": 8.0, "max_s": 40.0},
        "every_camera": {"continuous": True},
        "cameras": {"zone": {"zone": [PLAIN, PLAIN], "private": []}, "b": {"continuous": False}},
        "programs": {"may_be_older": True},
    }
    kept, waiting = known_part(wanted, said)
    assert kept["programs"] == wanted["programs"]
    assert not known & set(waiting)
    assert known_part(kept, said) == (kept, ())
    assert (kept == wanted) == (not waiting)


def meets(pages: Pages, rule: str, place: str) -> Any:
    """Somebody is seen and then meets this rule; the alert's id."""
    seen = pages.town.somebody()
    pages.town.file(
        SightingUpdated(
            camera=pages.town.voice.camera,
            sighting_id=seen.sighting_id,
            people=1,
            score=0.9,
            box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
            picture=None,
            rules=(RuleWords(rule=rule, place=place, seconds=20),),
        )
    )
    return seen.alert_id


@pytest.mark.parametrize("says_it", [of_a_new_program, report], ids=["new", "0.2.0"])
def test_alerts_say_the_label_whether_or_not_the_node_knows_it(
    pages: Pages, says_it: Callable[[], SettingsReport]
) -> None:
    pages.hear(says_it())
    pages.want(pages.node, zoned(pages))
    alert_id = meets(pages, "crossing", "hang-rao")
    page = text_of(pages.visitor("an").get(f"/alerts/{alert_id}"))
    assert "Hàng rào phía chợ" in page
    assert "hang-rao" not in page


def test_a_label_of_the_nodes_own_file_counts_and_an_alert_keeps_that_of_its_time(
    pages: Pages,
) -> None:
    own = {"cameras": {pages.camera: {"zone": [YARD], "line": 5}}}
    pages.hear(of_a_new_program().model_copy(update={"own": own}))
    alert_id = meets(pages, "entry", "san-sau")
    renamed = {"cameras": {pages.camera: {"zone": [YARD | {"label": "Bãi xe"}]}}}
    pages.hear(of_a_new_program().model_copy(update={"own": renamed}))
    with pages.db.reading() as conn:
        found = conn.scalar(alerts.select().with_only_columns(alerts.c.rules))
        known = zones.labels(conn, [pages.camera_id])
    assert [(one.place, one.called) for one in from_text(found)] == [("san-sau", "Sân sau")]
    assert known == {(pages.camera_id, "san-sau"): "Bãi xe"}
    assert "Sân sau" in text_of(pages.visitor("an").get(f"/alerts/{alert_id}"))


def test_silences_and_rules_are_made_and_read_by_the_label(pages: Pages) -> None:
    pages.want(pages.node, zoned(pages))
    kim = pages.visitor()
    for path in ("/silences", "/rules"):
        assert "<option>Sân sau</option>" in kim.get(path).text
    form = {"camera": str(pages.camera_id), "span_s": "3600", "reason": "phơi lúa"}
    assert kim.post("/silences", **form, zone="san  SAU").status_code == 303
    rule = {"tells": "nobody", "reason": "phơi lúa", "day": "0", "act": "save", "zone": "Sân sau"}
    for place in (f"camera:{pages.camera_id}", f"area:{pages.area.scope_id}"):
        assert kim.post("/rules", **rule, place=place).status_code == 303
    with pages.db.reading() as conn:
        kept = [
            row.zone for table in (silences, alert_rules) for row in conn.execute(table.select())
        ]
    assert kept == ["san-sau"] * 3
    assert "Sân sau" in text_of(kim.get("/silences"))
    assert text_of(kim.get("/rules")).count("ở Sân sau") == 2


def test_a_node_that_invents_zones_fills_no_table(pages: Pages) -> None:
    many = [{"name": f"v{number}", "label": "x" * 100} for number in range(150)]
    own = {"cameras": {pages.camera: {"zone": [*many, {"name": "a\0b", "label": {}}, 7]}}}
    said = report().model_copy(update={"own": json.loads(json.dumps(own))})
    pages.hear(said)
    with pages.db.reading() as conn:
        known = zones.labels(conn, [pages.camera_id])
    assert len(known) == zones.MOST_NAMES
    assert max(map(len, known.values())) == 60
