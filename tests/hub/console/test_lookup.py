"""Search of everything: what a typed text matches, who finds what, and the log line."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.access.rules.roles import USUAL, Role
from hub.app.features import FEATURES
from hub.console.lookup.rules import LEAST_CHARS, MOST_OF_A_KIND, Entry, Kind, found
from hub.registry.tables import areas
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

NAMES = ("Chợ Cũ 1", "Cổng chợ", "Trường Chu Văn An", "Đường Nguyễn Huệ")
CAMERAS = [Entry(Kind.CAMERA, name, "Tân Khai", f"/cameras/{name}") for name in NAMES]


def names(asked: str) -> list[str]:
    return [entry.name for one in found(CAMERAS, asked) for entry in one.entries]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("cho", ["Chợ Cũ 1", "Cổng chợ"]),
        ("CHỢ", ["Chợ Cũ 1", "Cổng chợ"]),
        ("duong hue", ["Đường Nguyễn Huệ"]),
        ("hue đường", ["Đường Nguyễn Huệ"]),
        ("tan khai cong", ["Cổng chợ"]),
        ("guyen", []),  # the middle of a word
        ("c", []),
        ("  ", []),
        ("%_", []),
    ],
)
def test_accents_case_and_order_of_words_do_not_matter(asked: str, expected: list[str]) -> None:
    assert names(asked) == expected


def test_a_kind_shows_its_best_and_counts_the_rest() -> None:
    many = [Entry(Kind.CAMERA, f"Chợ {n:02}", "", f"/{n}") for n in range(20)]
    one, other = found([*many, Entry(Kind.PAGE, "Chợ", "", "/p")], "cho")
    assert (one.kind, len(one.entries), one.more) == (Kind.CAMERA, MOST_OF_A_KIND, 12)
    assert (other.kind, other.more) == (Kind.PAGE, 0)


@given(st.sampled_from(NAMES), st.data())
def test_the_beginning_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    text = name[: data.draw(st.integers(LEAST_CHARS, len(name)))]
    assert name in names(text)


@given(st.text(max_size=200))
def test_no_text_breaks_it(asked: str) -> None:
    assert set(names(asked)) <= set(NAMES)


def look(visitor: Visitor, asked: str) -> str:
    answer = visitor.send("GET", "/search", params={"q": asked}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    (main,) = re.findall(r"<main.*</main>", answer.text, re.DOTALL)
    return str(main)


@pytest.mark.promise("Rights: The search of everything names only what its reader may open.")
def test_who_finds_what(town: Town) -> None:
    town.add_keeper_of_all()
    app = town.app()
    quan, an, guest = (Visitor(app).sign_in(one, PASSWORD) for one in ("quan", "an", "guest"))
    assert quan.post("/cases", number="VA-12/2026", purpose="trộm xe").status_code == 303
    assert re.search(r'href="/cameras/[0-9a-f-]+"', look(an, "nga tu"))
    assert "/map?find=" in look(an, "nga tu cho cu")
    assert "href=" not in look(guest, "nga tu")
    assert re.search(r'href="/grants/people/[0-9a-f-]+"', look(quan, "nguyen van"))
    assert "href=" not in look(an, "nguyen van")
    assert re.search(r'href="/cases/[0-9a-f-]+"', look(quan, "va-12"))
    assert "href=" not in look(an, "va-12")
    assert 'href="/grants"' in look(quan, "nguoi va quyen")
    assert "href=" not in look(an, "nguoi va quyen")
    assert 'href="/settings#logout"' in look(an, "dang xuat")


def test_a_search_leaves_its_words_in_the_log_and_an_empty_one_nothing(town: Town) -> None:
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    look(an, "")
    look(an, "x")
    assert "lookup.find" not in town.acts()
    look(an, "ngã tư")
    with town.db.reading() as conn:
        [line] = details_of(conn, "lookup.find")
    assert re.fullmatch(r"ngã tư: \d+ found", line)


def test_what_is_typed_is_text_and_no_part_of_the_page(town: Town) -> None:
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "<b>" not in look(an, "<b>x</b>")
    assert look(an, "ngã\0tư")
    assert an.get(f"/search?q={'a' * 101}").status_code == 422
    assert an.get("/search/found?q=zzz").text.strip().startswith("<p")
    assert "Không có gì tên như vậy" in text_of(an.get("/search?q=zzz"))


@pytest.mark.parametrize("role", [Role.KEEPER, Role.LEADER, Role.OFFICER, Role.TECHNICIAN])
def test_each_thing_to_do_leads_to_a_page_that_opens(town: Town, role: Role) -> None:
    area_id = town.top if role == Role.KEEPER else None
    town.add_person(role, role.title(), role, USUAL.get(role, Right(0)), area_id=area_id)
    app = town.app()
    visitor, site = Visitor(app).sign_in(role, PASSWORD), app.state.site
    shortcuts = {one.address for feature in FEATURES for one in feature.shortcuts}
    labels = {one.label(site.calendar("vi").words) for one in site.shortcuts}
    offered = {
        address
        for label in labels
        for address in re.findall(r'href="([^"]*)"', look(visitor, label))
        if address in shortcuts
    }
    assert "/settings#logout" in offered
    for address in offered:
        assert visitor.get(address.partition("#")[0]).status_code == 200, address


def test_a_place_with_a_long_name_opens_on_the_map(town: Town) -> None:
    name = "Khu dân cư " + "rất dài " * 22
    with town.db.writing() as conn:
        conn.execute(update(areas).where(areas.c.id == town.area_id).values(name=name.strip()))
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    [address] = re.findall(r'href="(/map[^"]*)"', look(an, "khu dan cu"))
    shown = an.get(unescape(address))
    assert shown.status_code == 200
    assert name.strip() in shown.text
