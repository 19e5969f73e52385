"""A household is registered, asked from a case, and sends its camera's footage from a phone."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from hub.access.rules.grants import ALL
from hub.public.households.tables import household_clips
from tests.browser.conftest import Hub, Meet, Officer
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.cases.cases import let
from tests.waiting import patience_ms

pytestmark = pytest.mark.promise(
    "Tips and households: A household is asked for a span by an expiring link."
)


def sending_ms() -> float:
    """A film is read by a process of low priority, on whatever machine this is."""
    return 2 * patience_ms()


@pytest.mark.media
@in_two_looks
def test_a_film_comes_from_a_phone_whose_line_breaks_and_whose_page_is_closed(
    hub: Hub, meet: Meet, tmp_path: Path, size: str, language: str, theme: str
) -> None:
    look = {"size": SIZES[size], "locale": LANGUAGES[language], "color_scheme": theme}
    name = f"{size}-{language}-{theme}"
    let(hub.town, "an", ALL)
    set_language(hub, "an", language)
    an = meet(None, **look)
    an.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    an.sign_in("an")
    own = _registered(an, name)
    link, case_page = _asked(an, name)
    film = _film(tmp_path)
    _broken_off(meet, look, link, film)
    _sent(meet, look, link, film, name)
    an.page.goto(case_page)
    expect(an.page.locator("[data-given] video")).to_be_visible()
    an.shot(f"{name}-household-case", full=True)
    assert fits(an.page)
    phone = meet(None, **look)
    phone.page.goto(own)
    phone.shot(f"{name}-household-own", full=True)
    assert fits(phone.page)
    phone.page.click("form button")
    expect(phone.page.locator("[role=status]")).to_be_visible()
    phone.page.goto(link)
    expect(phone.page.locator("#receipt")).to_be_visible()
    with hub.town.db.reading() as conn:
        row = conn.execute(select(household_clips)).one()
    assert row.came_bytes == film.stat().st_size
    assert an.complaints == [] and phone.complaints == []


def _registered(an: Officer, name: str) -> str:
    an.open("/households")
    page = an.page
    page.select_option("[name=area]", index=1)
    page.fill("[name=place]", "12 Lê Lợi, cửa hàng xe đạp")
    page.fill("[name=point]", "11.5352, 106.6217")
    page.fill("[name=view]", "Cổng chợ và vỉa hè phía đông")
    page.fill("[name=name]", "Bà Sáu")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    an.shot(f"{name}-households", full=True)
    assert fits(page)
    page.click("form[action='/households'] button")
    expect(page.locator("#made .qr")).to_be_visible()
    an.shot(f"{name}-household-made", full=True)
    assert fits(page)
    return page.locator("#made input").input_value()


def _asked(an: Officer, name: str) -> tuple[str, str]:
    an.open("/cases")
    page = an.page
    page.fill("[name=number]", "VA-21/2026")
    page.fill("[name=purpose]", "trộm xe máy")
    page.click("form[action='/cases'] button")
    case_page = page.url
    page.click("#asked a")
    page.fill("form[method=get] [name=point]", "11.5361, 106.6217")
    page.click("form[method=get] button")
    page.check("[name=household]")
    page.fill("[name=since]", "2026-11-24T02:10")
    page.fill("[name=until]", "2026-11-24T02:30")
    page.fill("[name=why]", "Tìm một chiếc xe máy bị mất gần chợ")
    an.shot(f"{name}-household-ask", full=True)
    assert fits(page)
    page.click("form[method=post] button")
    expect(page.locator("[data-asked] .qr")).to_be_visible()
    an.shot(f"{name}-household-asked", full=True)
    assert fits(page)
    return page.locator("[data-asked] input").input_value(), case_page


def _film(folder: Path) -> Path:
    path = folder / "VID_0210.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=6"]
    coding = ["-g", "10", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *coding, str(path)], check=True)
    return path


def _chosen(page: Page, film: Path) -> None:
    """In pieces small enough that there are several."""
    pieces = film.stat().st_size // 5
    page.eval_on_selector("#give", f"form => {{ form.dataset.chunk = {pieces}; }}")
    page.locator("[name=film]").set_input_files(str(film))
    page.check("[name=agree]")
    page.click("#give button")


def _broken_off(meet: Meet, look: dict[str, Any], link: str, film: Path) -> None:
    """Two pieces come, then the line is gone, and the page is closed."""
    phone = meet(None, **look)
    come = []

    def lose(route: Route) -> None:
        if route.request.method == "PATCH":
            come.append(1)
        if len(come) > 2:
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/upload**", lose)
    phone.page.goto(link)
    said = phone.page.locator("#give").get_attribute("data-waiting") or ""
    _chosen(phone.page, film)
    expect(phone.page.locator("#pieces-state")).to_have_text(said, timeout=sending_ms())
    phone.page.close()


def _sent(meet: Meet, look: dict[str, Any], link: str, film: Path, name: str) -> None:
    """The same film, chosen again, goes on where it broke off."""
    phone, offsets = meet(None, **look), []
    phone.page.on(
        "request",
        lambda asked: (
            offsets.append(asked.headers.get("upload-offset")) if asked.method == "PATCH" else None
        ),
    )
    phone.page.goto(link)
    phone.shot(f"{name}-household-coming", full=True)
    assert fits(phone.page)
    _chosen(phone.page, film)
    expect(phone.page.locator("#receipt")).to_be_visible(timeout=sending_ms())
    assert offsets and offsets[0] == str(2 * (film.stat().st_size // 5))
    phone.shot(f"{name}-household-receipt", full=True)
    assert fits(phone.page)
    assert phone.complaints == []
