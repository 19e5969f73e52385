"""A table of boxes becomes a sheet of codes in a real browser: printed, copied, watched live."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from agent.cli.qr import QrReader
from agent.wire.enrolment import EnrolmentCode
from hub.nodes import presence
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, set_language
from tests.hub.rigs.box_table import box_table
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise("Installing: One table enrols many boxes, each code once.")

AREA = "Ngã tư Chợ Cũ"
CONNECTED = {"vi": "1 trên 12 trạm đã kết nối", "en": "1 of 12 boxes have connected"}


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_a_keeper_pastes_a_table_prints_its_codes_and_sees_a_box_connect(
    hub: Hub, meet: Meet, tmp_path: Path, size: str, language: str
) -> None:
    set_language(hub, "kim", language)
    keeper = meet(
        "kim",
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme="light",
        permissions=["clipboard-read", "clipboard-write"],
        device_scale_factor=3,  # paper is finer than a screen
    )
    page = keeper.page
    keeper.open("/enrolments")
    open_link(page, "a[href='/enrolments/table']")
    page.fill("textarea[name=text]:visible", f"node,area\nNgã tư,{AREA}\n")
    page.click("#hand-in button")
    expect(page.locator("#wrong li")).to_have_count(1)
    assert fits(page)
    page.fill("textarea[name=text]:visible", box_table(AREA, 12, 30).replace(",", "\t"))
    page.click("#hand-in button")
    expect(page.locator("#plan tbody tr")).to_have_count(12)
    assert fits(page)
    keeper.shot(f"{size}-{language}-sheet-plan", full=True)
    page.dblclick("#plan form button")  # a double tap
    cards = page.locator(".codes .code")
    expect(cards).to_have_count(12)
    assert fits(page)
    keeper.shot(f"{size}-{language}-sheet", full=True)
    code = EnrolmentCode.parse(cards.first.locator("code").inner_text())
    page.emulate_media(media="print")
    expect(page.locator(".places")).to_be_hidden()
    expect(page.locator("#withdraw")).to_be_hidden()
    picture = cards.first.locator("svg.qr").screenshot()
    seen = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert EnrolmentCode.parse(QrReader().read(np.asarray(seen, np.uint8))) == code
    keeper.shot(f"{size}-{language}-sheet-print", full=True)
    page.emulate_media(media="screen")
    button = cards.first.locator("[data-copy]").first
    words = button.inner_text()
    button.dblclick()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert EnrolmentCode.parse(copied) == code
    expect(button).not_to_have_text(words)
    expect(button).to_have_text(words)
    connect(hub, code, tmp_path / "enroller")
    expect(page.locator("#progress")).to_have_text(CONNECTED[language])
    expect(cards.first.locator("[data-state]")).to_have_attribute("data-state", "connected")
    page.click("#withdraw summary")
    page.click("#withdraw button")
    expect(page.locator("[data-state=withdrawn]")).to_have_count(11)
    assert fits(page)
    keeper.shot(f"{size}-{language}-sheet-withdrawn", full=True)
    ours = [one for one in keeper.complaints if "422" not in one]  # the wrong table's answer
    assert ours == []


def connect(hub: Hub, code: EnrolmentCode, folder: Path) -> None:
    """The first box uses its code, and connects."""
    town = hub.town
    folder.mkdir()
    EnrolHub(town.db, folder).redeem(code.token, Box())
    with town.db.writing() as conn:
        presence.note_birth(conn, NodeVoice("nga-tu-000").birth(), now=town.clock.now())
    town.change_signal.ring()
