"""Desired settings of nodes: merged from layers, sent, answered, previewed and logged."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from agent.wire.settings import (
    Configure,
    SettingsFault,
    settings_hash,
)
from hub.base.db.database import Database
from hub.base.errors import RegistryError
from hub.nodes.desired_state import groups, layer_rows, settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.rules.layers import (
    LayerChange,
    SettingsState,
    combined,
    difference,
    judged,
    with_keys,
)
from hub.places.areas import rows
from hub.places.areas.rows import AreaWords
from hub.registry.registry import add_area, add_node
from hub.registry.tables import cameras, nodes
from tests.hub.helpers.nodes.settings import LONGER, SHELL, Yard, report
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import NODE

pytestmark = pytest.mark.promise("Fleet: Settings of nodes are wanted and reported by schema.")

YARD = {"name": "san", "outline": [[0, 0], [1, 0], [1, 1]], "entry": True}


@pytest.fixture
def yard(db: Database, tmp_path: Path) -> Yard:
    return Yard(db, tmp_path)


def test_a_node_is_told_what_is_wanted_until_it_answers(yard: Yard) -> None:
    yard.hear(report())
    assert yard.told() == []
    assert yard.status().state is SettingsState.UNASKED
    yard.want(yard.node, LONGER)
    [said] = yard.told()
    assert (said.settings, said.sha256, said.version) == (LONGER, settings_hash(LONGER), 1)
    assert yard.told() == [], "not at every look"
    yard.pass_s(61)
    assert yard.told() == [said]
    yard.hear(report(words=said, outcome="on_probation"))
    assert yard.status().state is SettingsState.WAITING
    yard.hear(report(words=said))
    assert yard.status().state is SettingsState.IN_FORCE
    yard.pass_s(61)
    assert yard.told() == []


@pytest.mark.parametrize("outcome", ["refused", "fell_back"])
def test_a_node_that_did_not_take_them_is_left_alone_until_it_is_asked_again(
    yard: Yard, outcome: str
) -> None:
    yard.hear(report())
    yard.want(yard.node, LONGER)
    [said] = yard.told()
    yard.hear(report(words=said, outcome=outcome, why="no such camera"))
    known = yard.status()
    assert (known.state, known.reason) == (SettingsState(outcome), "no such camera")
    yard.pass_s(600)
    assert yard.told() == []
    assert yard.service.try_again(yard.asker(), yard.node.scope_id)
    [again] = yard.told()
    assert (again.version, again.settings) == (2, LONGER)
    assert not yard.service.try_again(yard.asker(), yard.node.scope_id), "it waits already"


def test_a_node_that_is_away_or_of_an_older_agent_is_not_told(yard: Yard) -> None:
    yard.want(yard.node, LONGER)
    assert yard.told() == [], "it never reported: it would not know the word"
    yard.hear(report())
    with yard.db.writing() as conn:
        conn.execute(update(nodes).values(state="offline"))
    assert yard.told() == []
    with yard.db.writing() as conn:
        conn.execute(update(nodes).values(state="online"))
    assert len(yard.told()) == 1


def test_the_last_word_of_area_group_and_node_counts_key_by_key(yard: Yard) -> None:
    yard.hear(report())
    yard.want(
        yard.top, {"clips": {"preroll_s": 6, "postroll_s": 6}, "every_camera": {"least_change": 9}}
    )
    yard.want(yard.area, {"clips": {"preroll_s": 7}})
    with yard.db.writing() as conn:
        group = groups.make_group(conn, "Chợ", area_id=yard.town.area_id, by=SHELL, now=yard.now)
        groups.put_members(conn, group, [yard.node.scope_id], by=SHELL, now=yard.now)
    yard.want(Scope("group", group), {"clips": {"alert_days": 40}})
    yard.want(yard.node, {"cameras": {"cong": {"zone": [YARD]}}})
    assert yard.status().wanted == {
        "clips": {"preroll_s": 7, "postroll_s": 6, "alert_days": 40},
        "every_camera": {"least_change": 9},
        "cameras": {"cong": {"zone": [YARD]}},
    }
    with yard.db.writing() as conn:
        changed = groups.put_members(conn, group, [], by=SHELL, now=yard.now)
    assert changed == [yard.node.scope_id]
    assert "alert_days" not in yard.status().wanted["clips"]


def test_the_last_word_counts_also_when_the_hubs_clock_was_set_back_since(yard: Yard) -> None:
    yard.want(yard.area, {"clips": {"alert_days": 40}})
    yard.pass_s(-86_400)
    yard.want(yard.area, {"clips": {"alert_days": 20}})
    yard.want(yard.area, {"clips": {"alert_days": 10}})
    assert yard.status().wanted == {"clips": {"alert_days": 10}}
    with yard.db.reading() as conn:
        past = layer_rows.history(conn, yard.area)
    assert [json.loads(one.body)["clips"]["alert_days"] for one in past] == [10, 20, 40]


def test_a_node_of_another_area_is_not_meant(yard: Yard) -> None:
    with yard.db.writing() as conn:
        far = add_area(conn, name="Xa", level="commune", now=yard.now)
        other = add_node(conn, name="tram-xa", area_id=far, now=yard.now)
    assert yard.want(yard.top, LONGER) == [yard.node.scope_id]
    with yard.db.reading() as conn:
        assert settings_rows.status(conn, other).version == 0


def test_a_node_that_comes_later_or_with_its_area_gets_what_is_wanted_there(yard: Yard) -> None:
    with yard.db.writing() as conn:
        far = add_area(conn, name="Xa", level="commune", now=yard.now)
        quarter = add_area(conn, name="Khu 9", level="quarter", parent_id=far, now=yard.now)
    yard.want(Scope("area", far), LONGER)
    with yard.db.writing() as conn:
        other = add_node(conn, name="tram-xa", area_id=quarter, now=yard.now)
        conn.execute(update(nodes).where(nodes.c.id == other).values(state="online"))
    yard.hear(report("tram-xa"))
    assert [name for name, _ in yard.told_by_name()] == ["tram-xa"]
    with yard.db.writing() as conn:
        words = AreaWords("Khu 9", "quarter", yard.top.scope_id)
        rows.change(conn, quarter, words, by=SHELL, now=yard.now)
        assert settings_rows.status(conn, other).wanted == {}


def test_what_nobody_may_want_is_refused_and_nothing_is_written(yard: Yard) -> None:
    for scope, body in (
        (yard.node, {"broker": {"host": "elsewhere"}}),
        (yard.node, {"cameras": {"cong": {"url": "rtsp://elsewhere/x"}}}),
        (yard.area, {"cameras": {"cong": {"zone": [YARD]}}}),
        (yard.node, {"clips": {"preroll_s": 999}}),
    ):
        with pytest.raises(SettingsFault):
            yard.want(scope, body)
    with yard.db.writing() as conn, pytest.raises(RegistryError, match="reason"):
        settings_rows.want(conn, yard.node, LONGER, reason="  ", by=SHELL, now=yard.now)
    assert yard.status().version == 0
    assert yard.acts() == []


def test_a_report_for_another_node_or_of_an_unknown_one_counts_nothing(yard: Yard) -> None:
    assert yard.hear(report("tram-99"))["unknown_node"] == 1
    assert yard.hear(report("tram-99"), f"matthan/{NODE}/up/settings")["set_aside"] == 1
    assert yard.status().report is None


def test_a_preview_says_of_each_node_which_key_would_be_what(yard: Yard) -> None:
    yard.hear(report())
    found = yard.service.preview(
        yard.asker(), yard.area, {"clips.preroll_s": 9, "every_camera.least_change": 6.0}
    )
    assert found is not None
    [one] = found
    assert one.node == NODE
    assert one.changed == [LayerChange("clips.preroll_s", 5.0, 9)], (
        "what stays as it is is no change"
    )
    assert yard.status().version == 0


def test_zones_and_masks_of_one_camera_are_saved_and_its_other_keys_stay(yard: Yard) -> None:
    with yard.db.writing() as conn:
        conn.execute(update(cameras).values(name="cong"))
    yard.hear(report())
    kim = yard.asker()
    assert yard.service.want_of_camera(kim, yard.camera_id, {"zone": [YARD]}, reason="sân")
    mask = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]
    assert yard.service.want_of_camera(kim, yard.camera_id, {"private": [mask]}, reason="cửa sổ")
    now = yard.service.of_camera(kim, yard.camera_id)
    assert now is not None
    assert now.wanted == {"zone": [YARD], "private": [mask]}
    assert now.works_by["least_change"] == 6.0
    assert now.state is SettingsState.WAITING
    [said] = yard.told()
    yard.hear(report(words=said))
    now = yard.service.of_camera(kim, yard.camera_id)
    assert now is not None
    assert now.works_by["zone"] == [YARD]
    assert yard.service.want_of_camera(kim, yard.camera_id, {"private": None}, reason="bỏ che")
    assert yard.status().wanted == {"cameras": {"cong": {"zone": [YARD]}}}


def test_who_does_not_look_after_it_sees_and_changes_nothing_and_that_is_noted(yard: Yard) -> None:
    an = yard.asker("an")
    assert yard.service.of_camera(an, yard.camera_id) is None
    assert not yard.service.want_of_camera(an, yard.camera_id, {"zone": [YARD]}, reason="x")
    assert yard.service.page(an, yard.node) is None
    assert yard.service.preview(an, yard.area, {"clips.preroll_s": 9}) is None
    assert not yard.service.want(an, yard.area, {"clips.preroll_s": 9}, reason="x")
    assert not yard.service.try_again(an, yard.node.scope_id)
    assert not yard.service.want(yard.asker(), yard.top, {"clips.preroll_s": 9}, reason="x")
    assert yard.service.overview(an).nodes == []
    assert yard.acts().count("settings.want.refused") == 4
    assert yard.status().version == 0


def test_a_camera_in_anothers_area_is_not_drawn_on_by_who_looks_after_its_node(yard: Yard) -> None:
    with yard.db.writing() as conn:
        far = add_area(conn, name="Xa", level="commune", now=yard.now)
        conn.execute(update(cameras).values(area_id=far))
    assert yard.service.of_camera(yard.asker(), yard.camera_id) is None
    assert not yard.service.want_of_camera(
        yard.asker(), yard.camera_id, {"private": []}, reason="x"
    )
    assert yard.status().version == 0
    assert yard.acts() == ["settings.open.refused", "settings.want.refused"]


@pytest.mark.promise("Fleet: A roll-out goes in stages and halts by itself.")
def test_who_changed_what_when_and_why_stays_on_record(yard: Yard) -> None:
    kim = yard.asker()
    yard.service.want(kim, yard.node, {"clips.preroll_s": 9}, reason="trước khi vào")
    yard.service.want(kim, yard.node, {"clips.preroll_s": None, "clips.max_s": 40}, reason="thử")
    page = yard.service.page(kim, yard.node)
    assert page is not None
    assert page.wanted == {"clips": {"max_s": 40}}
    assert [(past.who, past.reason) for past in page.history] == [
        ("Phạm Kim", "thử"),
        ("Phạm Kim", "trước khi vào"),
    ]
    assert page.history[0].changed == [
        LayerChange("clips.max_s", None, 40),
        LayerChange("clips.preroll_s", 9, None),
    ]
    assert yard.acts().count("settings.want") == 2


def test_the_keepers_shell_previews_sets_shows_and_groups(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(sqlite_url)
    yard = Yard(db, tmp_path)
    yard.hear(report())
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    words = ("config", "set", "--node", NODE, "clips.preroll_s=8", "uploads.bring=alerts")
    said = desk.says(*words, "--dry-run")
    assert "clips.preroll_s: 5.0 -> 8" in said
    assert "nothing was changed" in said
    assert "give a --reason" in desk.refuses(*words)
    assert "wanted of 1 nodes" in desk.says(*words, "--reason", "gió")
    assert f"{NODE}: waiting 1" in desk.says("config", "list")
    assert 'uploads.bring = "alerts"' in desk.says("config", "show", "--node", NODE)
    assert "to be changed from afar" in desk.refuses(*words[:4], "log.level=debug", "--reason", "x")
    assert "neither refused nor" in desk.refuses("config", "again", NODE)
    desk.says("config", "group", "Chợ", NODE, "--area", "Tân Khai")
    desk.says("config", "set", "--group", "cho", "clips.postroll_s=9", "--reason", "gió")
    assert "running, stage 1 of 3" in desk.says("config", "rollouts")
    more = ("config", "set", "--group", "cho", "clips.max_s=30", "--reason", "gió", "--at-once")
    assert "in stages: wait" in desk.refuses(*more)
    assert yard.status().wanted["clips"] == {"preroll_s": 8, "postroll_s": 9}
    desk.says("config", "set", "--node", NODE, "clips.preroll_s=", "--reason", "lại như cũ")
    assert yard.status().wanted["clips"] == {"postroll_s": 9}
    db.close()


flat = st.dictionaries(
    st.sampled_from(["clips", "uploads", "every_camera"]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3)),
)
layers = st.lists(
    st.builds(
        lambda flat, cams: {**flat, "cameras": cams},
        flat,
        st.dictionaries(
            st.sampled_from(["x", "y"]),
            st.dictionaries(st.sampled_from(["zone", "line"]), st.lists(st.integers(0, 2))),
        ),
    ),
    max_size=4,
)


@given(layers)
def test_layers_can_be_laid_together_in_any_parts(each: list[dict[str, Any]]) -> None:
    whole = combined(each)
    for cut in range(len(each) + 1):
        parts = [combined(each[:cut]), combined(each[cut:])]
        assert combined(parts) == whole
    assert settings_hash(combined([whole])) == settings_hash(whole)
    assert difference(None, whole, whole) == []


@given(flat, st.sampled_from(["clips.a", "uploads.b", "every_camera.a", "cameras.x.zone"]))
def test_a_key_that_is_set_and_taken_back_leaves_no_trace(layer: dict[str, Any], key: str) -> None:
    bare = with_keys(layer, {key: None})
    assert with_keys(with_keys(bare, {key: 7}), {key: None}) == bare


def test_a_key_that_is_none_is_refused() -> None:
    for key in ("clips", "clips.a.b", "cameras.x", ""):
        with pytest.raises(ValueError, match="write it as"):
            with_keys({}, {key: 1})


def test_an_answer_about_other_settings_is_no_answer() -> None:
    said = Configure(version=4, sha256=settings_hash(LONGER), within_s=60, settings=LONGER)
    for outcome in ("refused", "fell_back", "on_probation", "a_newer_word"):
        told = report(words=said, outcome=outcome)
        state, _ = judged(told, version=5, sha256=settings_hash({}))
        assert state is SettingsState.WAITING
    assert judged(report(words=said), version=9, sha256=said.sha256)[0] is SettingsState.IN_FORCE
