"""Every act of the log has a Vietnamese and an English text, on every page and paper."""

from pathlib import Path

import pytest

from hub.app.evidence import act_text

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

ACTS = (Path(__file__).parents[2] / "contracts" / "acts.txt").read_text().split()
"""Every act id, held complete by `tests/contracts`."""


@pytest.mark.parametrize("ending", ["", ".refused", ".again", ".held"])
def test_every_act_has_a_text_of_its_own_in_both_languages(ending: str) -> None:
    told = {act: (act_text(act + ending, "vi"), act_text(act + ending, "en")) for act in ACTS}
    # An id has dots or underscores inside a word; no sentence has.
    nameless = [act for act, texts in told.items() if any(act in text for text in texts)]
    assert nameless == []
    assert [act for act, (vi, en) in told.items() if vi == en] == []
    assert len(told) > 170
    assert [vi for vi, _ in told.values() if vi.startswith("đã ")] == []  # one form for all


def test_an_act_that_is_not_known_is_shown_by_its_id() -> None:
    assert act_text("hub.dreamt", "vi") == "hub.dreamt"
    assert act_text("alert.take.held", "en") == "acknowledged an alert – somebody else was first"
