"""Asking for the sound of a clip and hearing it, in a real browser."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.rigs.web_town import Seen

pytestmark = pytest.mark.promise("Clips: A person who may play clips can ask for their sound.")


def spoken(path: Path) -> bytes:
    make = "ffmpeg -v error -f lavfi -i sine=440:sample_rate=8000:duration=14 -c:a aac"
    subprocess.run([*make.split(), str(path)], check=True)
    return path.read_bytes()


@pytest.mark.media
@in_two_looks
def test_sound_is_asked_for_with_a_reason_and_heard_beside_its_clip(
    hub: Hub, meet: Meet, whole: Seen, tmp_path: Path, size: str, language: str, theme: str
) -> None:
    hub.town.listens("tiệm bị trộm hai lần")
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open(f"/alerts/{whole.alert_id}")
    officer.page.click(".clip details summary")
    officer.page.fill(".clip [name=reason]", "vụ 12/2026")
    officer.shot(f"{size}-{language}-{theme}-sound-asking", full=True)
    assert fits(officer.page)
    officer.page.click(".clip form[action$='/sound'] button")
    expect(officer.page.locator(".clip")).to_contain_text("vụ 12/2026")
    hub.town.sound(whole, spoken(tmp_path / "sound.m4a"))
    sound = officer.page.locator(".clip audio")
    expect(sound).to_have_count(1)
    sound.evaluate("audio => { audio.play() }")
    officer.page.wait_for_function("() => document.querySelector('audio').currentTime > 0.5")
    officer.shot(f"{size}-{language}-{theme}-sound-heard", full=True)
    assert fits(officer.page)
    assert officer.complaints == []
