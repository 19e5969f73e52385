"""Explanations of missed people: from the page of the box to the file, on a phone and a desk."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from agent.vision.explain.page import ExplanationPage
from hub.nodes.explanations.asked import AskedExplanations
from hub.registry.tables import nodes
from tests.agent.helpers.vision.explain.record import Street, crowd, unsure
from tests.agent.rigs.vision import after
from tests.browser.conftest import DESK, PHONE, Hub, Meet
from tests.browser.everything import KEEPER, with_keeper_of_all
from tests.hub.rigs.web_town import NODE

pytestmark = pytest.mark.promise(
    "Fleet: Whoever may see a camera learns why it reported nobody in its last hour."
)


def made_by_the_box(language: str) -> bytes:
    street = Street()
    street.shows(*crowd(3), for_s=3)
    street.shows(unsure(1, 0.3, score=0.9), unsure(9, 0.8, is_seen=False), for_s=1)
    page = ExplanationPage(
        street.explained(),
        language=language,
        clock=lambda at: f"14:03:{22 + at.seconds_since(after(0)):04.1f}",
    )
    return page.html("Cổng chợ").encode()


def fits(width: int, page: Page) -> bool:
    return int(page.evaluate("document.documentElement.scrollWidth")) <= width


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_keeper_asks_the_box_and_opens_its_page(
    hub: Hub, meet: Meet, size: dict[str, int]
) -> None:
    with_keeper_of_all(hub)
    with hub.town.db.reading() as conn:
        node_id = conn.scalars(select(nodes.c.id)).first()
    keeper, name = meet(KEEPER, size=size), f"explanation-{size['width']}"
    keeper.open(f"/nodes/{node_id}")
    keeper.page.locator("#explanation").scroll_into_view_if_needed()
    keeper.shot(f"{name}-node")
    keeper.page.locator("#explanation a").click()
    keeper.shot(f"{name}-before", full=True)
    keeper.page.locator("main form button").click()
    expect(keeper.page.locator("main [role=status]")).to_be_visible()
    keeper.shot(f"{name}-waiting", full=True)
    # A slow page has the same asked again.
    [(node, command_id, language)] = {
        (node, command_id, said.language) for node, command_id, said in hub.town.asked_nodes
    }
    assert (node, language) == (NODE, "vi")
    hub.town.services.use(AskedExplanations).put(node, command_id, made_by_the_box("vi"))
    expect(keeper.page.locator("main a[download]")).to_be_visible()  # by itself
    keeper.shot(f"{name}-here", full=True)
    assert fits(size["width"], keeper.page)
    assert keeper.complaints == []
    keeper.page.locator("main .is-main").click()
    expect(keeper.page.locator("h1")).to_have_text("Vì sao có người mà không báo?")
    assert keeper.page.locator("img").count() > 0
    for picture in keeper.page.locator("img").all():
        assert picture.evaluate("one => one.naturalWidth") > 0
    keeper.page.locator("summary").first.click()
    expect(keeper.page.locator("details table").first).to_be_visible()
    keeper.shot(f"{name}-page", full=True)
    assert fits(size["width"], keeper.page)
    mine = "document's frame is sandboxed"  # the scripts of this test alone: the page has none
    assert [one for one in keeper.complaints if mine not in one] == []
