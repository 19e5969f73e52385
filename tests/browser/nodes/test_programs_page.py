"""The page of programs in a real browser: a bundle is sent in pieces, by the form, and refused."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Route, expect

from hub.nodes.desired_state import release_rows
from tests.agent.rigs.bundles import bundle
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language

HOME = "/configuration/programs"


def here(hub: Hub) -> list[str]:
    with hub.town.db.reading() as conn:
        return [one.release.name for one in release_rows.bundles(conn)]


def losing_the_second(pieces: list[str | None]) -> Callable[[Route], None]:
    """A line that breaks once; notes where each piece began."""

    def pass_on(route: Route) -> None:
        if route.request.method == "PATCH":
            pieces.append(route.request.headers.get("upload-offset"))
            if len(pieces) == 2:
                route.abort()
                return
        route.continue_()

    return pass_on


@in_two_looks
def test_a_bundle_is_sent_in_pieces_over_a_line_that_breaks_and_shown(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    folder = hub.town.folder
    good = bundle(folder, number=60, name="1.1", ballast=b"wheel" * 20_000)
    other = bundle(folder, number=61, keys="others")
    older = bundle(folder, number=59, name="1.0", ballast=b"older" * 900)
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    page, name = keeper.sign_in("kim").page, f"{size}-{language}-{theme}"
    keeper.open(HOME)
    keeper.shot(f"{name}-programs-empty", full=True)
    assert fits(page)
    pieces: list[str | None] = []

    page.route(f"**{HOME}/upload/**", losing_the_second(pieces))
    page.eval_on_selector("form[data-upload]", "form => { form.dataset.chunk = 30000; }")
    page.locator("[name=bundle]").set_input_files(str(good))
    page.click("#add button")
    expect(page.locator("#bundles")).to_contain_text("1.1")
    assert pieces[:3] == ["0", "30000", "30000"], "it goes on where the line broke"
    assert here(hub) == ["1.1"]
    expect(page.locator("#bundles")).to_contain_text("Phạm Kim")
    keeper.shot(f"{name}-programs-added", full=True)
    assert fits(page)
    page.unroute(f"**{HOME}/upload/**")
    keeper.complaints.clear()  # of the line that broke
    for wrong, title in ((other, "unsigned"), (older, "older")):
        page.locator("[name=bundle]").set_input_files(str(wrong))
        with page.expect_navigation():
            page.click("#add button")
        expect(page.locator("[role=alert]")).to_be_visible()
        keeper.shot(f"{name}-programs-{title}", full=True)
        assert fits(page)
        assert here(hub) == ["1.1"]
        assert page.url.endswith("/take")
    page.check("[name=may_be_older]")
    page.locator("[name=bundle]").set_input_files(str(older))
    page.click("#add button")
    expect(page.locator("#bundles")).to_contain_text("1.0")
    assert here(hub) == ["1.1", "1.0"]
    assert [one for one in keeper.complaints if "422" not in one] == []


def test_a_session_that_ended_leads_to_the_sign_in_and_is_no_lost_line(
    hub: Hub, meet: Meet
) -> None:
    good = bundle(hub.town.folder, number=60, name="1.1")
    page = meet("kim").page
    page.goto(f"{hub.url}{HOME}")
    page.locator("[name=bundle]").set_input_files(str(good))
    [token] = [one["value"] for one in page.context.cookies() if one["name"] == "matthan"]
    hub.town.accounts.sign_out(token.partition(".")[0], came_from="")
    page.click("#add button")
    page.wait_for_url("**/login?next=/configuration/programs")


def test_without_script_the_form_itself_brings_it(hub: Hub, meet: Meet) -> None:
    good = bundle(hub.town.folder, number=60, name="1.1", ballast=b"wheel" * 200_000)
    wrong = Path(hub.town.folder / "photo.tar")
    wrong.write_bytes(b"no tar" * 100_000)
    keeper = meet("kim", java_script_enabled=False)
    page = keeper.page
    keeper.open(HOME)
    page.locator("[name=bundle]").set_input_files(str(wrong))
    page.click("#add button")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert here(hub) == []
    page.locator("[name=bundle]").set_input_files(str(good))
    page.click("#add button")
    expect(page.locator("#bundles")).to_contain_text("1.1")
    assert here(hub) == ["1.1"]
    assert fits(page)
