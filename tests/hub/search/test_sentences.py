"""Sentences in Vietnamese and English: their meaning, and words that have none."""

import time
import unicodedata
from datetime import date
from typing import Final, get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.description import ColourName
from hub.search.chip_wording import WORDINGS, chip_words, colour_words, look_sentence
from hub.search.rules import unsearchable
from hub.search.rules.chips import (
    Compass,
    Days,
    Height,
    Hours,
    Leaving,
    Meaning,
    Moving,
    People,
    PlaceName,
    Recent,
    Riding,
    Sentence,
    Speed,
    Towards,
    Weekdays,
    Where,
    Worn,
)
from hub.search.rules.description import Look
from hub.search.rules.place_names import completed
from hub.search.rules.sentence import parsed
from hub.search.rules.spelling import offers
from hub.web.i18n import LANGUAGES, words

pytestmark = pytest.mark.promise("Search: A typed sentence becomes chips, in two languages.")

TODAY = date(2026, 11, 29)  # a Sunday
MARKET, SCHOOL, BRIDGE, GATE, TOWN = (
    PlaceName(uuid4(), name, is_camera=name.startswith("Cổng"))
    for name in ("Chợ Tân Khai", "Trường THCS Tân Khai", "Cầu Mới", "Cổng chợ cũ", "Tân Khai")
)
NAMES = (MARKET, SCHOOL, BRIDGE, GATE, TOWN)
RED, BLACK, WHITE, GREY = (frozenset({one}) for one in ("red", "black", "white", "grey"))
MOTORBIKE = Riding(frozenset({"motorbike"}))
UPPER_RED = Worn("upper", (RED,))
EVENING = Hours(20 * 60, 24 * 60)


def read(text: str) -> Sentence:
    return parsed(text, NAMES, today=TODAY)


def meanings(text: str) -> list[Meaning]:
    found = read(text)
    assert found.unknown == (), found.unknown
    return [chip.meaning for chip in found.chips]


@pytest.mark.parametrize(
    "text",
    [
        "hai người đi xe máy, một người áo đỏ, về phía chợ, thứ Ba 20–24 giờ",
        "hai nguoi di xe may, mot nguoi ao do, ve phia cho, thu ba 20-24 gio",
        "Hai người xe máy áo màu đỏ hướng chợ thứ 3 từ 20h đến 24h",
        "2 people on a motorbike, one in a red shirt, towards the market, Tuesdays 20:00-24:00",
    ],
)
def test_the_sentence_of_an_investigator_is_understood_whole(text: str) -> None:
    places = (MARKET, GATE)
    expected = [People(2, 2), MOTORBIKE, UPPER_RED, Towards(places), Weekdays(frozenset({1}))]
    assert meanings(text) == [*expected, EVENING]


def test_last_tuesday_is_a_day_and_a_tuesday_is_a_weekday() -> None:
    text = (
        "Two on a motorbike, one in a red shirt, towards the market, last Tuesday between 20 and 24"
    )
    tuesday = date(2026, 11, 24)
    assert meanings(text)[-2:] == [Days(tuesday, tuesday), EVENING]
    assert meanings("thứ Ba vừa rồi") == [Days(tuesday, tuesday)]
    assert meanings("on Tuesday") == [Weekdays(frozenset({1}))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("áo đỏ quần đen", [UPPER_RED, Worn("lower", (BLACK,))]),
        ("ao do quan den", [UPPER_RED, Worn("lower", (BLACK,))]),
        ("red shirt and black trousers", [UPPER_RED, Worn("lower", (BLACK,))]),
        ("áo xanh", [Worn("upper", (frozenset({"green", "blue"}),))]),
        ("áo xanh lá cây", [Worn("upper", (frozenset({"green"}),))]),
        ("quần jean xanh dương", [Worn("lower", (frozenset({"blue"}),))]),
        ("áo trắng hoặc xám", [Worn("upper", (WHITE | GREY,))]),
        ("a black and white jacket", [Worn("upper", (BLACK, WHITE))]),
        ("người mặc đồ đen", [Worn("clothes", (BLACK,))]),
        ("somebody in black", [Worn("clothes", (BLACK,))]),
        ("xe máy trắng", [Riding(frozenset({"motorbike"}), (WHITE,))]),
        ("a grey bike", [Riding(frozenset({"motorbike", "bicycle"}), (GREY,))]),
        ("xe đỏ", [Riding(frozenset(), (RED,))]),
        ("đi xe đạp", [Riding(frozenset({"bicycle"}))]),
        ("đi xe", [Moving(rode=True)]),
        ("đi bộ", [Moving(rode=False)]),
        ("on foot", [Moving(rode=False)]),
        ("chạy nhanh", [Speed("fast")]),
        ("ít nhất 3 người", [People(3, 1000)]),
        ("3 người trở lên", [People(3, 1000)]),
        ("more than 2 people", [People(3, 1000)]),
        ("không dưới 3 người", [People(3, 1000)]),
        ("two or more on a motorbike", [People(2, 1000), MOTORBIKE]),
        ("at least one person", [People(1, 1000)]),
        ("fewer than 3 people", [People(1, 2)]),
        ("dưới 3 người", [People(1, 2)]),
        ("at most two on a motorbike", [People(1, 2), MOTORBIKE]),
        ("không quá 4 người", [People(1, 4)]),
        ("3 người trở xuống", [People(1, 3)]),
        ("2-3 người", [People(2, 3)]),
        ("hai ba nguoi", [People(2, 3)]),
        ("từ 2 đến 4 người", [People(2, 4)]),
        ("between 2 and 4 people", [People(2, 4)]),
        ("4 đến 2 người", [People(2, 4)]),
        ("one or two people", [People(1, 2)]),
        ("từ 3 người", [People(3, 1000)]),
        ("khoảng 3 người", [People(3, 3)]),
        ("khoảng 2-3 người", [People(2, 3)]),
        ("một mình", [People(1, 1)]),
        ("một người áo đỏ", [UPPER_RED]),
        ("nam nguoi", [People(5, 5)]),
        ("cao 1m7", [Height(170)]),
        ("cao khoảng 165cm", [Height(165)]),
        ("1.8 m tall", [Height(180)]),
        ("đi sang trái", [Leaving("left")]),
        ("towards the camera", [Leaving("towards")]),
        ("về hướng bắc", [Compass("n")]),
        ("to the south-east", [Compass("se")]),
        ("gần Trường THCS", [Where((SCHOOL,), is_near=True)]),
        ("gan truong thcs", [Where((SCHOOL,), is_near=True)]),
        ("near the school", [Where((SCHOOL,), is_near=True)]),
        ("at Tan Khai market", [Where((MARKET,), is_near=False)]),
        ("ở Tân Khai", [Where((TOWN,), is_near=False)]),
        ("Cầu Mới", [Where((BRIDGE,), is_near=False)]),
        ("camera cổng chợ", [Where((GATE,), is_near=False)]),
    ],
)
def test_a_part_of_a_description_or_a_place(text: str, expected: list[Meaning]) -> None:
    assert meanings(text) == expected


def apart(text: str) -> str:
    """The same text as some keyboards send it: each mark after its letter."""
    return unicodedata.normalize("NFD", text)


def test_marks_apart_from_their_letters_are_read_as_one() -> None:
    text = "áo đỏ, xe máy, gần Trường THCS, hôm qua"
    assert apart(text) != text
    assert meanings(apart(text)) == meanings(text)
    old = PlaceName(uuid4(), apart("Chợ Bến Cầu"))
    [chip] = parsed("gần chợ Bến Cầu", [old], today=TODAY).chips
    assert chip.meaning == Where((old,), is_near=True)
    assert completed(apart("gần chợ Bế"), [old]) == [f"gần {old.name}"]


def test_names_with_numbers_and_signs_are_read_as_they_are_typed() -> None:
    road, street, gate, corner = (
        PlaceName(uuid4(), name) for name in ("Ngã tư QL13", "Đường 30/4", "Cổng B2", "Phố Cũ-Mới")
    )
    names = (road, street, gate, corner)

    def first(text: str) -> Meaning:
        [chip] = parsed(text, names, today=TODAY).chips
        assert (chip.start, chip.end) == (0, len(text))
        return chip.meaning

    assert first("gần QL13") == first("gần ngã tư QL13") == Where((road,), is_near=True)
    assert first("cổng b2") == Where((gate,), is_near=False)
    assert first("đường 30/4") == Where((street,), is_near=False)
    assert first("gần cũ-mới") == Where((corner,), is_near=True)
    assert first("về phía đường 30/4") == Towards((street,))
    assert first("phố cũ-mới") == first("phố cũ mới") == Where((corner,), is_near=False)
    assert completed("gần QL1", names) == ["gần Ngã tư QL13"]
    assert completed("đường 30/", names) == ["Đường 30/4"]
    found = parsed("phố cũ mới - 20h", names, today=TODAY)
    assert found.chips[0].end == len("phố cũ mới")


def day(month: int, of_month: int, year: int = 2026) -> date:
    return date(year, month, of_month)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hôm nay", [Days(TODAY, TODAY)]),
        ("hom qua", [Days(day(11, 28), day(11, 28))]),
        ("yesterday", [Days(day(11, 28), day(11, 28))]),
        ("tuần trước", [Days(day(11, 16), day(11, 22))]),
        ("this week", [Days(day(11, 23), TODAY)]),
        ("tháng trước", [Days(day(10, 1), day(10, 31))]),
        ("tháng 12", [Days(day(12, 1, 2025), day(12, 31, 2025))]),
        ("đêm qua", [Days(day(11, 28), day(11, 28), Hours(1080, 360))]),
        ("this morning", [Days(TODAY, TODAY, Hours(300, 660))]),
        ("7 ngày qua", [Recent(168)]),
        ("the last 3 hours", [Recent(3)]),
        ("trong khoảng 2 giờ qua", [Recent(2)]),
        ("khoảng 3 ngày qua", [Recent(72)]),
        ("khoảng 8", [Hours(480, 540)]),
        ("lúc 8 ngày 25/11", [Hours(480, 540), Days(day(11, 25), day(11, 25))]),
        ("25/11", [Days(day(11, 25), day(11, 25))]),
        ("ngày 1/12", [Days(day(12, 1, 2025), day(12, 1, 2025))]),
        ("2026-11-25", [Days(day(11, 25), day(11, 25))]),
        ("25 tháng 11 năm 2025", [Days(day(11, 25, 2025), day(11, 25, 2025))]),
        (
            "từ 20h ngày 25/11 đến 2h ngày 26/11",
            [Days(day(11, 25), day(11, 25), Hours(1200, 120))],
        ),
        ("từ 20h hôm qua đến 2h sáng nay", [Days(day(11, 28), day(11, 28), Hours(1200, 120))]),
        ("9 pm yesterday to 11 pm yesterday", [Days(day(11, 28), day(11, 28), Hours(1260, 1380))]),
        ("từ 25 đến 27/11", [Days(day(11, 25), day(11, 27))]),
        ("2-3/11", [Days(day(11, 2), day(11, 3))]),
        ("25-27/11/2025", [Days(day(11, 25, 2025), day(11, 27, 2025))]),
        ("2-3-2025", [Days(day(3, 2, 2025), day(3, 2, 2025))]),
        ("tháng 2/2025", [Days(day(2, 1, 2025), day(2, 28, 2025))]),
        ("thang 2 nam 2024", [Days(day(2, 1, 2024), day(2, 29, 2024))]),
        ("25 November 2025", [Days(day(11, 25, 2025), day(11, 25, 2025))]),
        ("từ 20 đến 24 ngày 25/11", [EVENING, Days(day(11, 25), day(11, 25))]),
        ("29/2", [Days(day(2, 29, 2024), day(2, 29, 2024))]),
        ("25 November", [Days(day(11, 25), day(11, 25))]),
        ("từ 20/11 đến 25/11", [Days(day(11, 20), day(11, 25))]),
        ("Monday to Friday", [Weekdays(frozenset(range(5)))]),
        ("chủ nhật", [Weekdays(frozenset({6}))]),
        ("cuối tuần", [Weekdays(frozenset({5, 6}))]),
        ("thứ tư tuần trước", [Weekdays(frozenset({2})), Days(day(11, 16), day(11, 22))]),
        ("20-24h", [EVENING]),
        ("from 8 to 11 pm", [Hours(1200, 1380)]),
        ("8 đến 11 giờ tối", [Hours(1200, 1380)]),
        ("22 giờ đến 2 giờ sáng", [Hours(1320, 120)]),
        ("20h30", [Hours(1230, 1290)]),
        ("sau 22 giờ", [Hours(1320, 1440)]),
        ("before 6:00", [Hours(0, 360)]),
        ("2 giờ đêm", [Hours(120, 180)]),
        ("11 giờ đêm", [Hours(1380, 1440)]),
        ("12 giờ đêm", [Hours(0, 60)]),
        ("12h30 đêm", [Hours(30, 90)]),
        ("12 giờ tối", [Hours(0, 60)]),
        ("12 am", [Hours(0, 60)]),
        ("12 pm", [Hours(720, 780)]),
        ("11h30 trưa", [Hours(690, 750)]),
        ("1 giờ trưa", [Hours(780, 840)]),
        ("lúc 24h", [Hours(0, 60)]),
        ("sau 24h", [Hours(0, 1440)]),
        ("10 đến 12 giờ đêm", [Hours(1320, 0)]),
        ("10 đến 2 giờ đêm", [Hours(1320, 120)]),
        ("1 đến 2 giờ đêm", [Hours(60, 120)]),
        ("từ 22h đến 2h đêm", [Hours(1320, 120)]),
        ("11 to 2 pm", [Hours(660, 840)]),
        ("11 giờ khuya", [Hours(1380, 1440)]),
        ("rạng sáng", [Hours(0, 360)]),
        ("7 giờ sáng nay", [Hours(420, 480), Days(TODAY, TODAY, Hours(300, 660))]),
        (
            "2 giờ đêm qua",
            [Hours(120, 180), Days(day(11, 28), day(11, 28), Hours(1080, 360))],
        ),
        ("3 giờ rạng sáng", [Hours(180, 240)]),
        ("ban đêm", [Hours(1080, 360)]),
    ],
)
def test_a_time(text: str, expected: list[Meaning]) -> None:
    assert meanings(text) == expected


@pytest.mark.parametrize(
    ("text", "unknown", "number"),
    [
        ("áo đỏ đội mũ bảo hiểm", ("đội mũ bảo hiểm",), 1),
        ("gần bưu điện, áo vàng", ("gần bưu điện",), 1),
        ("Nguyễn Văn Ba", ("Nguyễn Văn Ba",), 0),
        ("two men, black shirt", ("men",), 2),
        ("nam thanh niên áo đỏ", ("nam thanh niên",), 1),
        ("biển số 93", ("biển số 93",), 0),
        ("khoảng 20 tuổi, áo đỏ", ("20 tuổi",), 1),
        ("khoảng 18-20 tuổi", ("18", "20 tuổi"), 0),
        ("khoảng 18-25 tuổi", ("18", "25 tuổi"), 0),
        ("around 3 people", ("around",), 1),
        ("from 18 to 20 years old", ("18 to 20 years old",), 0),
        ("khoảng 2 tiếng", ("2 tiếng",), 0),
        ("2 người, 3 người", ("3 người",), 1),
        ("áo đến", ("áo đến",), 0),  # "đến" is not "đen"
        ("không mặc áo đỏ, xe máy", ("không mặc áo đỏ",), 1),
        ("not a red shirt", ("not a red shirt",), 0),
        ("áo không đỏ", ("áo không đỏ",), 0),
        ("không có cảnh báo", ("không có cảnh báo",), 0),
        ("hôm qua trừ ban đêm", ("trừ ban đêm",), 1),
        ("không đội mũ, áo đỏ", ("không đội mũ",), 1),
        ("over 1.7 m tall", ("over 1.7 m tall",), 0),
        ("cao hơn 1m7", ("cao hơn 1m7",), 0),
        ("fewer than 1 person", ("fewer than 1 person",), 0),
        ("more than 1000 people", ("more than 1000 people",), 0),
        ("31/2", ("31", "2"), 0),
        ("31/12/9999", ("31", "12", "9999"), 0),  # no calendar has the day after
        ("🚗 <script>", ("script",), 0),
    ],
)
def test_what_is_not_understood_is_said(text: str, unknown: tuple[str, ...], number: int) -> None:
    found = read(text)
    assert tuple(one.text for one in found.unknown) == unknown
    assert len(found.chips) == number


MEANT: Final = pytest.mark.promise(
    "Search: What is not searched for is said beside the results, with the nearest known words."
)


@MEANT
@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("áo dỏ", "áo đỏ"),
        ("aó đỏ", "áo"),
        ("ao dò", "ao đỏ"),
        ("áo đem", "áo đen"),  # "áo đêm" is as near, and leaves "áo" without a meaning
        ("áo dỏ quần trằng", "áo đỏ quần trắng"),
        ("quân đen", "quần"),
        ("xe dỏ", "xe đỏ"),
        ("shrit red", "shirt"),
        ("rad shirt", "red shirt"),
        ("a motobike", "motorbike"),
        ("gần chọ Tân Khai", "gần chợ"),
        ("gần cầu Mớii", "mới"),
        ("ngừoi áo đỏ", "người"),
        ("hom qau", "qua"),
        ("áo xqzw", ""),
        ("xe tải", ""),
        ("two men", ""),  # "mon" is near, and a day
        ("biển số 93", ""),
    ],
)
def test_the_nearest_known_words_are_offered(text: str, offered: str) -> None:
    found = read(text)
    [part] = found.unknown
    [offer] = offers(found, NAMES, today=TODAY)
    assert offer.casefold() == offered.casefold()
    if offer:
        better = read(f"{text[: part.start]}{offer}{text[part.end :]}")
        assert not better.unknown
        assert len(better.chips) >= len(found.chips)


@MEANT
@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("xe tải", ("vehicle",)),
        ("xe tai trang", ("vehicle",)),
        ("a red truck", ("vehicle",)),
        ("oto", ("vehicle",)),
        ("xe máy đỗ", ("vehicle",)),
        ("biển số 93H1", ("plate",)),
        ("khuôn mặt", ("who",)),
        ("cụ già", ("who",)),
        ("two men", ("who",)),
        ("Nguyễn Văn Ba", ("who", "place")),
        ("đội mũ bảo hiểm", ("carried",)),
        ("deo khau trang", ("carried",)),
        ("a helmet", ("carried",)),
        ("con cho", ("animal",)),
        ("chó", ("animal",)),  # not "chợ", which is a place here
        ("đánh nhau", ("deed",)),
        ("áo khoác", ("garment",)),
        ("áo kẻ sọc", ("garment",)),
        ("xe", ("vehicle",)),
        ("gần bưu điện", ("place",)),
        ("ngã tư", ("place",)),
        ("không mặc áo đỏ", ("denied",)),
        ("2 người, 3 người", ("again",)),
        ("qwerty", ()),
        ("mu", ()),  # "mũ", and much else
    ],
)
def test_what_cannot_be_searched_for_has_its_reason(text: str, reasons: tuple[str, ...]) -> None:
    [part] = read(text).unknown
    assert part.reasons == reasons


@MEANT
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mũ đỏ, áo đen", [Worn("upper", (BLACK,))]),
        ("đội mũ đỏ áo đen", [Worn("upper", (BLACK,))]),
        ("a red hat and a black jacket", [Worn("upper", (BLACK,))]),
        ("xe tải trắng", []),
        ("white van", []),
        ("áo đỏ đi xe tải", [UPPER_RED]),
    ],
)
def test_the_colour_of_what_is_not_searched_for_is_no_colour_of_clothes(
    text: str, expected: list[Meaning]
) -> None:
    found = read(text)
    assert [chip.meaning for chip in found.chips] == expected
    assert found.unknown


@pytest.mark.parametrize(
    "text",
    [
        "có người áo đỏ ở gần Tân Khai tối qua",
        "tìm giúp tôi đối tượng mặc áo đen xuất hiện tối hôm qua",
        "co nguoi nao mac ao do o cho",
        "show me any person there in red please",
        "tất cả những ai đi xe máy",
        "một người mặc áo dài trắng bỏ chạy trưa qua",
        "kho",  # the whole name of a camera
    ],
)
def test_words_that_say_nothing_are_not_called_unknown(text: str) -> None:
    names = [*NAMES, PlaceName(uuid4(), "Kho", is_camera=True)]
    assert parsed(text, names, today=TODAY).unknown == ()


def test_each_word_without_a_search_is_without_a_meaning() -> None:
    for reason, said in unsearchable.SAID.items():
        for phrase in said.split(", "):
            found = read(phrase)
            assert (found.chips, len(found.unknown)) == ((), 1), phrase
            assert reason in found.unknown[0].reasons, phrase


@given(st.text(alphabet="aáàảâăeêiouưdđxztmnc ", max_size=60))
def test_an_offer_is_understood_better_than_what_was_typed(text: str) -> None:
    found = read(text)
    for part, offer in zip(found.unknown, offers(found, NAMES, today=TODAY), strict=True):
        if offer:
            better = read(f"{found.text[: part.start]}{offer}{found.text[part.end :]}")
            assert len(better.chips) >= len(found.chips)


def test_a_long_sentence_of_errors_in_a_large_province_is_read_quickly() -> None:
    names = [PlaceName(uuid4(), f"Ngã tư {n} đường Lê Lợi {n:x}") for n in range(3000)]
    found = parsed("áo dỏ xnah qùan trawngs ddẻn " * 12, names, today=TODAY)
    started = time.process_time()
    offers(found, names, today=TODAY)
    assert time.process_time() - started < 5


def test_a_chip_is_taken_off_the_sentence() -> None:
    text = "áo đỏ, xe máy, gần chợ, hôm qua"
    found = read(text)
    for chip in found.chips:
        rest = [one.meaning for one in found.chips if one is not chip]
        assert meanings(found.without(chip)) == rest


@given(st.text(max_size=400))
def test_any_text_is_parsed_and_each_chip_lies_in_it(text: str) -> None:
    found = read(text)
    ends = [0, *(place for chip in found.chips for place in (chip.start, chip.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(found.text)
    assert all(found.text[one.start : one.end] == one.text for one in found.unknown)


COLOUR_PAIRS = st.lists(st.sampled_from(get_args(ColourName)), max_size=2, unique=True).map(tuple)
LOOKS = st.builds(
    Look,
    upper=COLOUR_PAIRS,
    lower=COLOUR_PAIRS,
    transport=st.sampled_from(["foot", "bicycle", "motorbike", None]),
    transport_colours=COLOUR_PAIRS,
    people=st.integers(1, 20) | st.none(),
    height_cm=st.integers(50, 250) | st.none(),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_colour_of_the_wire_has_a_name_that_is_read_as_it(language: str) -> None:
    names = colour_words(words(language))
    assert names.keys() == set(get_args(ColourName))
    for colour, name in names.items():
        assert meanings(name) == [Worn("clothes", (frozenset({colour}),))]


@given(look=LOOKS, language=st.sampled_from(LANGUAGES))
def test_a_description_is_written_as_it_is_read(look: Look, language: str) -> None:
    speech = words(language)
    text = look_sentence(look, speech)
    found = meanings(text)
    assert ", ".join(chip_words(one, speech) for one in found) == text
    upper = [one for one in found if isinstance(one, Worn) and one.part == "upper"]
    assert [one.colours[0] for one in upper] == ([frozenset(look.upper)] if look.upper else [])


@given(
    bounds=st.tuples(st.integers(1, 1000), st.integers(1, 1000)).map(sorted),
    language=st.sampled_from(LANGUAGES),
)
def test_a_number_of_people_is_written_as_it_is_read(bounds: list[int], language: str) -> None:
    people = People(*bounds)
    assert meanings(chip_words(people, words(language))) == [people]


@pytest.mark.parametrize("kind", get_args(Meaning))
def test_each_kind_of_chip_has_words(kind: type[Meaning]) -> None:
    assert kind in WORDINGS


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("áo đỏ gần tru", ["áo đỏ gần Trường THCS Tân Khai"]),
        ("ve phia cho tan", ["ve phia Chợ Tân Khai"]),
        ("tan k", ["Tân Khai", "Chợ Tân Khai", "Trường THCS Tân Khai"]),
        ("x", []),
        ("", []),
    ],
)
def test_the_last_words_are_completed_to_names(typed: str, expected: list[str]) -> None:
    assert completed(typed, NAMES) == expected
