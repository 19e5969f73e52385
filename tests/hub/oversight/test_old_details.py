"""Prose that older hubs stored as details of the log is in the reader's language."""

import re
from zoneinfo import ZoneInfo

import pytest

from hub.access.account_errors import AccountError, AccountFault
from hub.oversight.log.old_detail_wording import (
    conditions,
    old_detail_text,
    placings,
    shapes,
)
from hub.web.calendar import Calendar
from hub.web.i18n import words

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

NOW_UTC_US = 1_795_942_800_000_000
"""16:00:00 29/11/2026 in the town."""
SHA = "ab12" * 16
ID = "0197b1c4-5d3e-7000-8000-000000000001"


def told(act: str, detail: str, language: str = "vi") -> str:
    calendar = Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words(language), NOW_UTC_US)
    return old_detail_text(act, detail, calendar)


@pytest.mark.parametrize(
    ("act", "stored", "said"),
    [
        ("cases.open", "12 cases", "12 vụ việc"),
        ("media.store", f"310 bytes, sha256 {SHA}", f"310 byte, SHA-256 {SHA}"),
        ("person.role", "investigator", "cán bộ điều tra"),
        ("grant.add", "see,clips: trực đêm", "xem cảnh báo và ảnh, xem đoạn ghi hình: trực đêm"),
        (
            "search.find",
            "1795942800000000-1795946400000000: 3 clips",
            "từ 16:00:00 29/11/2026 đến 17:00:00 29/11/2026: 3 đoạn ghi hình",
        ),
        (
            "live.end",
            "40 s, 12 pictures; the page was left",
            "40 giây, 12 ảnh; người xem rời trang",
        ),
        ("rule.add", "Chợ: all tells nobody: lễ hội", "Chợ: bất cứ điều gì, không báo ai: lễ hội"),
        ("report.open", "week-2026-11-23: 4 alerts", "tuần từ 23/11/2026: 4 cảnh báo"),
        (
            "settings.halt",
            "5 nodes go back: of 6 nodes 2 refused it, 1 fell silent",
            "5 trạm quay về cài đặt cũ: trong 6 trạm, 2 trạm từ chối, 1 trạm mất liên lạc",
        ),
        ("settings.halt", "5 nodes go back: lỗi", "5 trạm quay về cài đặt cũ: lỗi"),
        ("months.drop", "sightings of 202511", "bảng sightings, tháng 11/2025"),
        ("camera.place", "bearing_deg 90.0", "hướng nhìn 90.0°"),
        ("alert.undo.refused", "too late", "trễ hạn"),
        ("enrolment.refused", "expired", "mã đã hết hạn"),
        ("session.refused", "login 'tam'", "tên đăng nhập 'tam'"),
    ],
)
def test_a_stored_detail_is_said_in_the_reader_s_language(act: str, stored: str, said: str) -> None:
    assert told(act, stored) == said


def test_an_english_reader_reads_what_is_stored_with_times_of_the_town() -> None:
    assert told("cases.open", "12 cases", "en") == "12 cases"
    stored = "1795942800000000-1795946400000000: 3 clips"
    assert told("search.find", stored, "en") == "16:00:00 29/11/2026-17:00:00 29/11/2026: 3 clips"


def test_what_a_person_typed_stays_as_it_is() -> None:
    assert told("hold.add", "case VA-1: 3 cases") == "vụ việc VA-1: 3 cases"
    assert told("person.close", "12 cases") == "12 cases"  # a reason has no shape there
    assert told("case.begin", "12 cases: it is closed") == "12 cases: it is closed"
    assert told("person.role", "chairman") == "chairman"  # a role of another version
    assert told("cases.open", "some cases") == "some cases"
    assert told("nothing.known", "12 cases") == "12 cases"
    assert told("cases.open", "") == ""


def test_a_refusal_says_what_its_page_said() -> None:
    assert told("case.begin.refused", "number_taken: VA-1") == "Đã có vụ việc mang số này. (VA-1)"
    closed = str(AccountError(AccountFault.CLOSED))
    assert told("person.close.refused", closed, "vi").startswith("Tài khoản này đã")
    assert told("person.close", closed) == closed  # done: a reason that somebody typed
    assert told("case.begin.refused", "of a newer hub") == "of a newer hub"


def test_a_search_by_description_is_told_condition_by_condition() -> None:
    asked = (
        "2026-11-29T09:00:00Z to 2026-11-29T10:00:00Z, upper clothing red, on a motorbike,"
        " 2 people, leaving e"
    )
    stored = f"'áo đỏ, xe máy': {asked}: 7 sightings"
    assert told("search.sightings", stored) == (
        "'áo đỏ, xe máy': từ 16:00:00 29/11/2026 đến 17:00:00 29/11/2026, áo đỏ, đi xe máy,"
        " 2 người, đi về phía đông: 7 lượt phát hiện"
    )


def test_every_shape_has_a_sentence_of_its_own_in_vietnamese() -> None:
    vi = words("vi").say
    pairs = [
        (one, theirs)
        for act, known in shapes(str).items()
        for one, theirs in zip(known, shapes(vi)[act], strict=True)
    ]
    for parts in (conditions, placings):
        pairs += zip(parts(str), parts(vi), strict=True)
    assert [one for one, theirs in pairs if one == theirs and _letters(one)] == []


def _letters(text: str) -> bool:
    return any(letter.isalpha() for letter in re.sub(r"%\(\w+\)s", "", text))
