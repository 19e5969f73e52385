"""Every setting, and every value that a setting can have, has a name in both languages."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agent.wire.settings import CameraSettings, GroupSettings
from hub.nodes.desired_state.rules.layers import LayerChange
from hub.nodes.desired_state.wording import change_lines, choice_text, fields, key_text
from hub.web.i18n import words

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

PROGRAMS = ("programs.bundle", "programs.may_be_older")


def parts(annotation: Any) -> list[Any]:
    """All types within an annotation, and the values of its literals."""
    inner = get_args(annotation)
    return [annotation, *(part for one in inner for part in parts(one))]


def keys() -> dict[str, list[str]]:
    """Every key that a change can name, with the values it can have, if these are words."""
    found = {key: list[str]() for key in PROGRAMS}
    for section, field in GroupSettings.model_fields.items():
        [shape] = [one for one in get_args(field.annotation) if one is not type(None)]
        assert issubclass(shape, BaseModel)
        for name, setting in shape.model_fields.items():
            found[f"{section}.{name}"] = [
                one for one in parts(setting.annotation) if isinstance(one, str)
            ]
    for name in CameraSettings.model_fields:
        found[f"cameras.cong-bac.{name}"] = []
    return found


def test_every_setting_has_a_name_in_both_languages() -> None:
    vi, en = words("vi"), words("en")
    assert "uploads.bring" in keys() and "cameras.cong-bac.zone" in keys()
    for key in keys():
        last = key.rpartition(".")[2]
        assert key_text(key, vi) != key_text(key, en), key
        assert not any(last == word for word in key_text(key, vi).split()), key


def test_every_value_has_a_name_in_both_languages() -> None:
    vi, en = words("vi"), words("en")
    named = {key: values for key, values in keys().items() if values}
    assert set(named) == {"uploads.bring", "detector.dense"}
    for key, values in named.items():
        for value in values:
            assert choice_text(key, value, vi) not in (value, choice_text(key, value, en))
    offered = {one.key: one.choices for one in fields({}, {}, vi) if one.choices}
    assert [value for value, _ in offered["uploads.bring"]] == named["uploads.bring"]
    assert all(text == choice_text("uploads.bring", v, vi) for v, text in offered["uploads.bring"])


def test_a_change_is_told_in_words() -> None:
    changed = [
        LayerChange("uploads.bring", "all", "asked"),
        LayerChange("every_camera.continuous", None, True),
        LayerChange("cameras.cong-bac.zone", None, ({"name": "san"},)),
        LayerChange("clips.preroll_s", 5.0, 8.0),
    ]
    assert change_lines(changed, words("vi")) == [
        "Những gì trạm tự gửi về: mọi hình ghi → chỉ hình được yêu cầu",
        "Ghi liên tục: như tại trạm → có",
        "Camera cong-bac: Vùng: như tại trạm → san",
        "Số giây ghi hình trước khi có người: 5 → 8",
    ]
