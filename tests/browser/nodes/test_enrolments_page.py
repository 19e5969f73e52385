"""The page that enrols camera boxes, in a real browser."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from agent.cli.qr import QrReader
from agent.wire.enrolment import EnrolmentCode
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_three_looks, set_language

pytestmark = pytest.mark.promise("Installing: An enrolment gives a QR code that a camera can read.")


@in_three_looks
def test_a_keeper_makes_a_code_that_a_camera_reads_off_the_screen(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    keeper.open("/nodes")
    open_link(keeper.page, "a[href='/enrolments']")
    keeper.page.fill("input[name=node]", "nga-tu-07")
    keeper.page.fill("textarea[name=cameras]", "cong=rtsp://10.0.0.9/main")
    keeper.page.click("form[action='/enrolments'] button")
    expect(keeper.page.locator("#made")).to_be_visible()
    typed = keeper.page.locator("#enrol-command").input_value().split()[-1]
    picture = keeper.page.locator("#made svg.qr").screenshot()
    seen = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert EnrolmentCode.parse(QrReader().read(np.asarray(seen, np.uint8))) == EnrolmentCode.parse(
        typed
    )
    assert fits(keeper.page)
    keeper.shot(f"{size}-{language}-{theme}-enrolments-full", full=True)
    assert keeper.complaints == []
