"""The pages of boxes' settings: previewed, desired with a reason, halted, and for whom."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.nodes.desired_state.rules.rollout import RolloutState
from hub.nodes.desired_state.wording import FIRST
from tests.hub.helpers.nodes.settings import LONGER, report
from tests.hub.helpers.nodes.web_configuration import Pages
from tests.hub.rigs.web_town import NODE
from tests.hub.rigs.web_visitor import Visitor, text_of


@pytest.fixture
def pages(db: Database, tmp_path: Path) -> Pages:
    return Pages(db, tmp_path)


def test_a_change_is_previewed_at_each_box_and_then_wanted_with_a_reason(pages: Pages) -> None:
    kim, form = pages.visitor(), {"clips.preroll_s": "8,5", "uploads.bring": "alerts"}
    assert NODE in text_of(kim.get("/configuration"))
    shown = kim.post(f"{pages.box}/preview", **form)
    assert "5 → 8.5" in text_of(shown)
    assert pages.status().version == 0
    assert kim.post(pages.box, **form).status_code == 422, "without a reason"
    assert kim.post(pages.box, **form, reason="gió").status_code == 303
    wanted = {"clips": {"preroll_s": 8.5}, "uploads": {"bring": "alerts"}}
    assert pages.status().wanted == wanted
    after = text_of(kim.get(pages.box))
    assert "gió" in after
    assert "chưa trả lời" in after
    assert kim.post(pages.box, **{"clips.preroll_s": ""}, reason="thôi").status_code == 303
    assert pages.status().wanted == {"uploads": {"bring": "alerts"}}, "what is not sent stays"


@pytest.mark.parametrize(
    "form",
    [
        {"clips.preroll_s": "nhiều"},
        {"clips.preroll_s": "600"},
        {"uploads.bring": "everything"},
        {"every_camera.continuous": "perhaps"},
        {"every_camera.alert_hours": "ban đêm"},
        {"clips.max_bytes": "2.5"},
        {"broker.further": "b2.example"},
        {"broker.further": "b2.example:8883, b3.example:70000"},
    ],
    ids=lambda form: next(iter(form.values())),
)
def test_what_cannot_be_wanted_is_said_and_what_was_typed_stays(
    pages: Pages, form: dict[str, str]
) -> None:
    kim = pages.visitor()
    for path in (f"{pages.box}/preview", pages.box):
        refused = kim.post(path, **form, reason="gió")
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
        assert "Input should" not in refused.text  # said in the reader's language
        [(key, value)] = form.items()
        assert f'value="{value}"' in refused.text or f'select name="{key}"' in refused.text
    assert pages.status().version == 0


def test_of_an_area_it_goes_out_in_stages_and_is_halted_by_hand(pages: Pages) -> None:
    kim = pages.visitor()
    assert kim.post(pages.place, **{"clips.preroll_s": "8"}, reason="gió").status_code == 303
    again = kim.post(pages.place, **{"clips.preroll_s": "9"}, reason="gió")
    assert again.status_code == 422
    assert "Đang triển khai thay đổi khác" in text_of(again)
    [going] = pages.rollouts()
    assert going.course is RolloutState.RUNNING
    halt = f"/configuration/rollouts/{going.rollout_id}/halt"
    assert halt in kim.get("/configuration").text
    assert kim.post(halt, reason="sai rồi").status_code == 303
    assert pages.status().wanted == {}
    assert "sai rồi" in text_of(kim.get("/configuration"))
    past = text_of(kim.get(pages.place))
    assert "đã dừng: sai rồi" in past
    assert "halted" not in past
    assert kim.post(halt, reason="nữa").status_code == 404


def test_two_who_change_the_same_box_keep_what_the_other_has_set(pages: Pages) -> None:
    kim = pages.visitor()

    def typed(page: str) -> dict[str, str]:
        inputs = re.findall(r'<input type="[a-z]+" name="([^"]+)"[^>]* value="([^"]*)"', page)
        return {name: value for name, value in inputs if name not in ("csrf", "reason")}

    for first in ("9", "10"):  # before any change, and after one
        opened = typed(kim.get(pages.box).text)
        others = {"clips.preroll_s": first, "clips.postroll_s": "7"}
        assert kim.post(pages.box, **others, reason="người khác").status_code == 303
        mine = opened | {"clips.alert_days": f"4{first}"}
        shown = kim.post(f"{pages.box}/preview", **mine)
        assert f"4{first}" in text_of(shown)
        again = typed(shown.text.partition('id="preview"')[2].partition("</section>")[0])
        assert kim.post(pages.box, **again, reason="tôi").status_code == 303
        assert pages.status().wanted["clips"] == {
            "preroll_s": float(first),
            "postroll_s": 7,
            "alert_days": int(f"4{first}"),
        }


def test_a_reason_with_a_sign_that_no_database_takes_halts_too(pages: Pages) -> None:
    kim = pages.visitor()
    assert kim.post(pages.place, **{"clips.preroll_s": "8"}, reason="gi\0ó").status_code == 303
    [going] = pages.rollouts()
    halt = f"/configuration/rollouts/{going.rollout_id}/halt"
    assert kim.post(halt, reason="sai\0").status_code == 303
    assert [one.why for one in pages.rollouts()] == ["sai\ufffd"]


def test_a_refusal_is_shown_with_its_reason_and_tried_again_from_the_page(pages: Pages) -> None:
    kim = pages.visitor()
    pages.want(pages.node, LONGER)
    [said] = pages.told()
    pages.hear(report(words=said, outcome="refused", why="no such camera"))
    shown = text_of(kim.get(pages.box))
    assert "đã từ chối" in shown
    assert "no such camera" in shown
    again = f"/configuration/nodes/{pages.node.scope_id}/again"
    assert kim.post(again).status_code == 303
    with pages.db.reading() as conn:
        assert "settings.again" in set(conn.scalars(select(audit.c.act)))
    assert pages.status().state is SettingsState.WAITING
    assert kim.post(again).status_code == 404


def test_who_looks_after_nothing_finds_no_such_page(pages: Pages) -> None:
    an = pages.visitor("an")
    for path in ("/configuration", pages.box, pages.place):
        assert an.get(path).status_code == 404
    assert an.post(f"{pages.box}/preview", **{"clips.preroll_s": "8"}).status_code == 404
    assert an.post(pages.box, **{"clips.preroll_s": "8"}, reason="x").status_code == 404
    top = f"/configuration/area/{pages.top.scope_id}"
    assert pages.visitor().get(top).status_code == 404, "above the keeper's own area"
    assert pages.visitor().get(pages.box.replace("node", "street")).status_code == 404
    assert pages.status().version == 0


def test_each_setting_says_its_value_now_what_decides_it_and_the_default(pages: Pages) -> None:
    kim = pages.visitor()
    assert kim.post(pages.place, **{"clips.alert_days": "60"}, reason="cả khu").status_code == 303
    page = text_of(kim.get(pages.place))
    assert "Hiện nay: 60 (đặt tại đây). Mặc định: 30." in page
    assert "Hiện nay: theo từng trạm hoặc camera. Mặc định: luôn luôn." in page
    box = text_of(kim.get(pages.box))
    assert "Hiện nay: 0.25 (mặc định). Mặc định: 0.25." in box
    heads = [
        FIRST.index(key)
        for key in re.findall(r'name="([a-z_]+[.][a-z_]+)"', box_form(kim, pages))[:5]
    ]
    assert sorted(heads) == [0, 1, 2, 3, 4]


def box_form(kim: Visitor, pages: Pages) -> str:
    """The form of the box's wanted settings."""
    found: str = kim.get(pages.box).text.partition('id="wanted"')[2]
    return found
