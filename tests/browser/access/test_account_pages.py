"""Sign-in pages on a phone and a desk: invitation, account, re-authentication."""

from typing import Any

import pytest
from playwright.sync_api import expect

from hub.access.grants import people_rows
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.access.account_pages import proofs_grow_old
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks
from tests.hub.rigs.web_town import PASSWORD


@pytest.fixture
def with_keeper(hub: Hub) -> Hub:
    """The town has a keeper, Quân, who lets people in."""
    with hub.town.db.writing() as conn:
        people_rows.add_person(
            conn,
            login="quan",
            name="Hồ Quân",
            language="vi",
            role="keeper",
            password=PASSWORD,
            passwords=hub.town.passwords,
            now=hub.town.clock.now(),
        )
    return hub


@pytest.mark.promise("Sign-in: An invitation works once.")
@in_two_looks
def test_an_invited_person_comes_in_without_script(
    with_keeper: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    hub = with_keeper
    options: dict[str, Any] = {"locale": LANGUAGES[language], "size": SIZES[size]}
    name = f"{size}-{language}-{theme}"

    def look(who: Any, title: str) -> None:
        who.shot(f"{name}-{title}", full=True)
        assert fits(who.page), title

    keeper = meet("quan", color_scheme=theme, **options)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    proofs_grow_old(hub)
    keeper.open("/more")
    open_link(keeper.page, "a[href='/invitations']")
    keeper.page.fill("[name=login]", "dung")
    keeper.page.fill("[name=name]", "Võ Thị Dung")
    keeper.page.click("form[action='/invitations'] button")
    look(keeper, "proof")
    keeper.page.fill("[name=proof_password]", PASSWORD)
    keeper.page.click("#proof-form button")
    link = keeper.page.locator("#invitation-link").input_value()
    expect(keeper.page.locator(".qr")).to_be_visible()
    look(keeper, "invitations")

    dung = meet(None, java_script_enabled=False, color_scheme=theme, **options)
    dung.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    dung.page.goto(link)
    look(dung, "invited")
    dung.page.fill("[name=new]", "cây bàng 1986")
    dung.page.fill("[name=again]", "cây bàng 1986")
    dung.page.click("form.rows button")
    expect(dung.page.locator("main [role=status]")).to_contain_text("dung")
    look(dung, "account")
    dung.page.goto(link)
    expect(dung.page.locator("[role=alert]")).to_be_visible()
    look(dung, "used-up")
    assert keeper.complaints == [
        "Failed to load resource: the server responded with a status of 403 (Forbidden)"
    ]
