"""Programs for nodes at the hub: checked, rolled out in stages like settings, halted,
downloaded."""

import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agent.wire.programs import (
    BundleFault,
    Release,
    TakePrograms,
)
from agent.wire.settings import SettingsFault
from hub.app.clocks.clock_steps import move
from hub.base.db.database import Database
from hub.base.storage.blobs import store_file
from hub.nodes.desired_state import release_rows, rollout_rows, settings_rows
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.nodes.desired_state.rules.releases import TOO_OLD, judged
from hub.nodes.desired_state.rules.rollout import FEW, SILENT_S, NodeResult, RolloutState
from hub.nodes.enrolment import rows as enrolment_rows
from hub.nodes.releases import pages as programs_page
from hub.nodes.releases.bundles import checked
from hub.registry.registry import add_node, node_by_name
from tests.agent.rigs.bundles import bundle, public_of
from tests.hub.helpers.nodes.programs import NEW, OLD, Fleet, said
from tests.hub.helpers.nodes.settings import LONGER, SHELL, report
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN
from tests.hub.rigs.web_visitor import Visitor, text_of


@pytest.fixture
def fleet(db: Database, tmp_path: Path) -> Fleet:
    return Fleet(db, tmp_path)


def test_programs_go_out_in_the_same_stages_as_settings(fleet: Fleet) -> None:
    fleet.begin(NEW)
    first = fleet.live(300, lambda _: "in_force")
    assert len(first) == FEW
    assert {(one.sha256, one.size_bytes, one.may_be_older) for one in first.values()} == {
        (NEW, 1000, False)
    }
    assert len(first | fleet.live(900, lambda _: "in_force")) == 6
    fleet.live(3600, lambda _: "in_force")
    assert fleet.course().course is RolloutState.DONE
    assert fleet.course().fates == {NodeResult.DONE: 21}
    assert fleet.told() == [], "no node is told new settings for it"


@pytest.mark.parametrize("outcome", ["refused", "fell_back", ""])
def test_where_the_few_do_not_take_them_all_go_back_to_the_release_before(
    fleet: Fleet, outcome: str
) -> None:
    fleet.begin(OLD)
    fleet.live(2 * 3600, lambda _: "in_force")
    fleet.begin(NEW)
    takes = iter(["in_force", "in_force"])
    told = fleet.live(round(SILENT_S) + 300, lambda _: next(takes, outcome))
    assert fleet.course().course is RolloutState.HALTED
    assert {name for name, words in told.items() if words.sha256 == NEW} <= set(fleet.names)
    back = {name: words for name, words in told.items() if words.sha256 == OLD}
    back |= fleet.live(120, lambda _: "in_force")
    assert back
    assert all((one.sha256, one.may_be_older) == (OLD, True) for one in back.values())


def test_where_nothing_was_wanted_before_they_go_back_to_the_release_that_they_ran(
    fleet: Fleet,
) -> None:
    for name in fleet.names[-1:]:  # of this one's release no bundle is here
        fleet.hear_programs(said(name, None, "").model_copy(update={"name": "1.0-own"}))
    for name in fleet.names[:-1]:
        fleet.hear_programs(said(name, None, "").model_copy(update={"name": "r50"}))
    rollout = fleet.begin(NEW)
    took = fleet.live(300, lambda _: "in_force")
    assert len(took) == FEW
    with fleet.db.writing() as conn:
        assert rollout_rows.halt(conn, rollout, why="gió", by=SHELL, now=fleet.now)
    fleet.pass_s(61)
    back = dict(fleet.told_programs())
    expected = took.keys() - set(fleet.names[-1:])
    assert back.keys() == expected, "and nobody who was never told the new one"
    assert all((one.sha256, one.may_be_older) == (OLD, True) for one in back.values())
    name = min(back)
    fleet.hear(report(name))  # settings of it are reckoned anew meanwhile
    fleet.hear_programs(said(name, back[name], "fetching", 3))
    fleet.pass_s(61)
    assert name in dict(fleet.told_programs()), "what goes back is let arrive"
    fleet.hear_programs(said(name, back[name], "in_force"))
    fleet.hear(report(name))
    with fleet.db.reading() as conn:
        node = node_by_name(conn, name)
        assert node is not None
        assert release_rows.status(conn, node.node_id).sha256 is None, "nothing is wanted of it"


def test_who_refused_the_new_one_or_fell_back_is_not_sent_back(fleet: Fleet) -> None:
    for name in fleet.names:
        fleet.hear_programs(said(name, None, "").model_copy(update={"name": "r50"}))
    fleet.begin(NEW)
    fleet.live(300, lambda _: "refused")
    assert fleet.course().course is RolloutState.HALTED
    fleet.pass_s(61)
    assert fleet.told_programs() == []


def test_an_older_one_that_was_refused_is_said_anew_once_it_is_meant(fleet: Fleet) -> None:
    fleet.want(fleet.node, {"programs": {"bundle": OLD}})
    [(_, words)] = fleet.told_programs()
    fleet.hear_programs(said(NODE, words, "refused"))
    fleet.want(fleet.node, {"programs": {"bundle": OLD, "may_be_older": True}})
    [(_, again)] = fleet.told_programs()
    assert (again.version, again.sha256, again.may_be_older) == (words.version + 1, OLD, True)


def test_a_box_that_is_shut_out_meanwhile_holds_nothing_up(fleet: Fleet) -> None:
    fleet.begin(NEW)
    with fleet.db.writing() as conn:
        gone = node_by_name(conn, fleet.names[0])
        assert gone is not None
        assert fleet.stage_of(conn, gone.node_id) == 0
        enrolment_rows.shut_out(conn, gone, why="mất", by=SHELL, now=fleet.now)
    told = fleet.live(3 * 3600, lambda _: "in_force")
    assert gone.name not in told
    assert fleet.course().course is RolloutState.DONE
    assert fleet.course().fates == {NodeResult.DONE: 20}


def test_a_refusal_holds_when_the_node_restarts_and_no_longer_tells_of_it(fleet: Fleet) -> None:
    fleet.want(fleet.node, {"programs": {"bundle": NEW}})
    [(_, words)] = fleet.told_programs()
    fleet.hear_programs(said(NODE, words, "refused"))
    earlier = TakePrograms(version=words.version, sha256=OLD, size_bytes=1)
    for last in (None, earlier):
        fleet.hear_programs(said(NODE, last, "in_force"))
        known = fleet.of(fleet.node.scope_id)
        assert (known.state, known.reason) == (SettingsState.REFUSED, "vì sao")
    fleet.pass_s(61)
    assert fleet.told_programs() == [], "it would download all of it again"
    fleet.hear_programs(said(NODE, None, "").model_copy(update={"number": 51}))
    assert fleet.told_programs() != [], "it was renewed by a stick"


def test_who_fetches_slowly_and_says_so_is_not_silent(fleet: Fleet) -> None:
    fleet.begin(NEW)
    fleet.live(3 * round(SILENT_S), lambda _: "fetching")
    assert fleet.course().course is RolloutState.RUNNING
    assert fleet.course().fates[NodeResult.WAITING] == FEW
    fleet.live(round(SILENT_S) + 300, lambda _: "")
    assert fleet.course().course is RolloutState.HALTED


def test_who_only_repeats_that_it_installs_is_silent(fleet: Fleet) -> None:
    fleet.begin(NEW)
    fleet.live(round(SILENT_S) - 300, lambda _: "installing")
    assert fleet.course().course is RolloutState.RUNNING
    fleet.live(600, lambda _: "installing")
    assert fleet.course().course is RolloutState.HALTED


def test_programs_that_were_told_before_a_step_back_of_the_clock_are_told_again(
    fleet: Fleet,
) -> None:
    fleet.begin(NEW)
    told = fleet.live(60, lambda _: "")
    with fleet.db.writing() as conn:
        move(conn, -86_400_000_000, now=fleet.now)
    fleet.pass_s(-86_400)
    assert fleet.live(120, lambda _: "").keys() == told.keys()


def test_a_node_that_never_told_of_its_programs_is_too_old_for_this(fleet: Fleet) -> None:
    with fleet.db.writing() as conn:
        old = add_node(conn, name="tram-99", area_id=fleet.town.area_id, now=fleet.now)
        program = {"programs": {"bundle": NEW}}
        scope = type(fleet.node)("node", old)
        settings_rows.want(conn, scope, program, reason="gió", by=SHELL, now=fleet.now)
    assert (fleet.of(old).state, fleet.of(old).reason) == (SettingsState.REFUSED, TOO_OLD)
    fleet.hear_programs(said("tram-99", None, ""))
    assert fleet.of(old).state is SettingsState.WAITING, "it was renewed by a stick"


def test_programs_and_settings_of_one_node_come_apart_and_again_is_for_both(fleet: Fleet) -> None:
    fleet.want(fleet.node, LONGER | {"programs": {"bundle": NEW}})
    [(name, words)] = fleet.told_programs()
    assert name == NODE
    fleet.pass_s(61)
    [settings] = fleet.told()
    assert settings.settings == LONGER
    fleet.hear_programs(said(NODE, words, "refused"))
    assert fleet.of(fleet.node.scope_id).reason == "vì sao"
    fleet.pass_s(61)
    assert fleet.told_programs() == []
    assert fleet.service.try_again(fleet.asker(), fleet.node.scope_id)
    [(_, again)] = fleet.told_programs()
    assert again.version > words.version


def test_a_bundle_that_is_not_here_cannot_be_wanted(fleet: Fleet) -> None:
    with pytest.raises(SettingsFault, match="not at the hub"):
        fleet.want(fleet.node, {"programs": {"bundle": "c" * 64}})
    with pytest.raises(SettingsFault):
        fleet.want(fleet.node, {"programs": {"bundle": "latest"}})


def test_what_a_node_says_of_something_earlier_is_no_answer() -> None:
    words = TakePrograms(version=2, sha256=NEW, size_bytes=1)
    for outcome, state in (
        ("in_force", SettingsState.IN_FORCE),
        ("refused", SettingsState.REFUSED),
        ("fell_back", SettingsState.FELL_BACK),
        ("on_probation", SettingsState.WAITING),
        ("of_a_newer_node", SettingsState.WAITING),
    ):
        told = said(NODE, words, outcome)
        assert judged(told, version=2, sha256=NEW)[0] is state
        assert judged(told, version=3, sha256=NEW)[0] is SettingsState.WAITING
        assert judged(told, version=2, sha256=None)[0] is SettingsState.UNASKED


def key_of(folder: Path, keys: str = "keys") -> Ed25519PublicKey:
    key = load_pem_public_key(public_of(folder, keys).read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    return key


def test_only_what_the_update_key_signed_is_taken_in(tmp_path: Path) -> None:
    good = bundle(tmp_path)
    assert checked(good, key_of(tmp_path)).release == Release(100, "1.0")
    other = bundle(tmp_path, keys="others")
    with pytest.raises(BundleFault, match="not signed"):
        checked(other, key_of(tmp_path))
    assert checked(other, None).release.number == 100, "where the hub knows no key"
    good.write_bytes(good.read_bytes().replace(b"wheelwheel", b"evil!evil!", 1))
    with pytest.raises(BundleFault, match="differs from what was signed"):
        checked(good, key_of(tmp_path))


def test_a_box_is_given_from_any_byte_on_what_is_wanted_of_it_and_nothing_else(
    fleet: Fleet, tmp_path: Path
) -> None:
    file = bundle(tmp_path)
    data, sha256 = file.read_bytes(), store_file(file, fleet.town.blobs)
    site = Visitor(fleet.town.app())
    path, leave = f"/upload/programs/{sha256}", {"Authorization": f"Bearer {TOKEN}"}
    with fleet.db.writing() as conn:
        release = Release(70, "r70")
        told: dict[str, Any] = {"size_bytes": len(data), "is_verified": True, "now": fleet.now}
        release_rows.add(conn, sha256, release, **told)
    assert site.send("GET", path, headers=leave).status_code == 404
    fleet.want(fleet.node, {"programs": {"bundle": sha256}})
    assert site.send("GET", path, headers=leave).content == data
    rest = site.send("GET", path, headers=leave | {"Range": "bytes=100-"})
    assert (rest.status_code, rest.content) == (206, data[100:])
    beyond = site.send("GET", path, headers=leave | {"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    assert site.send("GET", path).status_code == 401
    assert site.send("GET", f"/upload/programs/{NEW}", headers=leave).status_code == 404
    for _ in range(3 * programs_page.AT_ONCE):  # every place is given back
        assert site.send("GET", path, headers=leave).status_code == 200


def test_who_has_to_wait_for_its_turn_to_download_is_not_silent(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs_page, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(fleet.town.clock, "now", lambda: fleet.now)
    file = bundle(tmp_path)
    sha256 = store_file(file, fleet.town.blobs)
    with fleet.db.writing() as conn:
        told: dict[str, Any] = {"size_bytes": file.stat().st_size, "is_verified": True}
        release_rows.add(conn, sha256, Release(70, "r70"), now=fleet.now, **told)
    site, leave = Visitor(fleet.town.app()), {"Authorization": f"Bearer {TOKEN}"}

    def ask(name: str) -> str:
        if name == NODE:
            turned_away = site.send("GET", f"/upload/programs/{sha256}", headers=leave)
            assert turned_away.status_code == 503
            return ""
        return "in_force"

    fleet.begin(sha256)
    with programs_page._places:  # another node has the only one
        fleet.live(2 * round(SILENT_S), ask)
    assert fleet.course().course is RolloutState.RUNNING
    assert fleet.course().fates[NodeResult.WAITING] == 1
    fleet.live(round(SILENT_S) + 300, lambda _: "")
    assert fleet.course().course is RolloutState.HALTED


def test_the_page_shows_who_runs_what_to_who_looks_after_them(fleet: Fleet) -> None:
    app = fleet.town.app()
    kim = Visitor(app).sign_in("kim", PASSWORD)
    place = f"/configuration/area/{fleet.area.scope_id}"
    form = {"programs.bundle": NEW}
    assert "r60" in kim.get(place).text
    assert f"{NEW[:12]}…" in text_of(kim.post(f"{place}/preview", **form))
    assert kim.post(place, **form, reason="bản mới").status_code == 303
    (name, words), *_ = fleet.told_programs()
    fleet.hear_programs(said(name, words, "fetching", 420))
    shown = text_of(kim.get("/configuration/programs"))
    assert "42%" in shown
    assert "r60" in shown
    assert Visitor(app).sign_in("an", PASSWORD).get("/configuration/programs").status_code == 404
