"""The table of camera boxes of a whole town: search, filters, order, one box in detail."""

import re

import pytest

from hub.nodes.health.listing import ROWS
from tests.hub.rigs.many_boxes import add_boxes
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: No camera box in trouble is shown as working.")

BOXES = 20
CAMERAS = 58


class Keeper:
    """Quân, who looks after the whole town, and its quarters."""

    def __init__(self, town: Town, boxes: int = BOXES) -> None:
        self.quarters = add_boxes(town, boxes, seen_cameras=CAMERAS)
        town.add_keeper_of_all()
        self.visitor = Visitor(town.app()).sign_in("quan", PASSWORD)

    def page(self, query: str = "") -> str:
        answer = self.visitor.get(f"/nodes{query}")
        assert answer.status_code == 200
        return answer.text

    def names(self, query: str = "") -> list[str]:
        """Boxes of the table, in its order."""
        return re.findall(r'data-node="([^"]+)"', self.page(query))


@pytest.fixture
def keeper(town: Town) -> Keeper:
    return Keeper(town)


def test_the_worst_stand_first_and_each_state_is_counted(keeper: Keeper) -> None:
    names = keeper.names()
    assert len(names) == BOXES + 1  # and the town's first one
    assert names[:4] == ["box-000", "box-010", "box-001", "box-011"]
    said = text_of(keeper.visitor.get("/nodes"))
    assert "2 không có tín hiệu" in said
    assert "2 mất tín hiệu camera" in said
    assert "1 chưa từng có tin" in said
    assert keeper.names("?state=lost") == ["box-001", "box-011"]
    assert keeper.names("?state=trouble") == names[:5]


def test_a_search_finds_by_name_place_and_camera_without_diacritics(keeper: Keeper) -> None:
    assert keeper.names("?find=nga+tu+12") == ["box-011"]
    assert keeper.names("?find=BOX-007") == ["box-007"]
    assert keeper.names("?find=camera+57") == ["box-019"]
    assert set(keeper.names("?find=khu+pho+2")) == {"box-001", "box-006", "box-011", "box-016"}
    assert keeper.names("?find=khong+co") == []
    assert "Không có" in text_of(keeper.visitor.get("/nodes?find=khong+co"))


def test_an_area_has_the_boxes_below_it(keeper: Keeper) -> None:
    names = keeper.names(f"?area={keeper.quarters[2]}&order=name")
    assert names == ["box-002", "box-007", "box-012", "box-017"]
    assert f'<option value="{keeper.quarters[2]}" selected>' in keeper.page(
        f"?area={keeper.quarters[2]}"
    )


def test_each_column_sorts_both_ways_and_says_so(keeper: Keeper) -> None:
    assert keeper.names("?order=-name")[0] == "tram-01"
    assert 'aria-sort="descending"' in keeper.page("?order=-name")
    versions = keeper.names("?order=version&state=well")
    assert versions.index("box-003") < versions.index("box-004") < versions.index("box-002")
    for column in ("state", "place", "heard", "disk", "clock"):
        assert len(keeper.names(f"?order={column}")) == BOXES + 1
        assert sorted(keeper.names(f"?order=-{column}")) == sorted(keeper.names())
    assert keeper.names("?order=heard")[-1] == "box-019", "never heard of: last both ways"
    assert keeper.names("?order=-heard")[-1] == "box-019"


def test_the_chosen_box_is_shown_in_detail_and_links_keep_the_filters(keeper: Keeper) -> None:
    page = keeper.page("?state=lost&order=name")
    link = re.search(r'href="([^"]*box=[^"]*)#box-box-011"', page)
    assert link is not None
    chosen = keeper.visitor.get(link[1].replace("&amp;", "&")).text
    detail = chosen[chosen.index('id="box"') :]
    assert "box-011" in detail and "/aim" in detail
    assert "has-chosen" in chosen and "has-chosen" not in page
    assert 'href="/nodes?state=lost&amp;order=name#box-box-011"' in detail


@pytest.mark.parametrize(
    "query",
    ["?area=x", "?box=x", "?order=x", "?page=x", "?page=0", "?page=99999999999", "?state=x"],
)
def test_what_an_address_says_wrongly_is_as_if_it_were_not_there(
    keeper: Keeper, query: str
) -> None:
    assert keeper.names(query) == keeper.names()


def test_more_boxes_than_a_page_has_are_on_the_next(town: Town) -> None:
    keeper = Keeper(town, ROWS + 9)
    assert len(keeper.names("?order=name")) == ROWS
    assert len(keeper.names("?order=name&page=2")) == 10
    assert "order=name&amp;page=2" in keeper.page("?order=name")
    assert keeper.names("?order=name&page=99999") == keeper.names("?order=name&page=2")
    links = re.findall(r'href="([^"]*box=[^"]*)#', keeper.page("?order=name&page=2"))
    assert links and all(link.endswith("&amp;page=2") for link in links), "its page stays"


def test_a_state_that_no_box_is_in_stays_the_chosen_one(keeper: Keeper) -> None:
    page = keeper.page("?state=silent")
    assert '<option value="silent" selected>' in page
    assert re.search(r'href="/nodes" aria-current="true"', page), "it leads back to all"
