"""Sentences of a page about an alert, and what the page leaves out."""

from dataclasses import replace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agent.wire.messages import Tampering
from hub.alerting.alerts import wording as alerts_wording
from hub.alerting.alerts.views import HistoryRow, NextCall, ToldRow
from hub.alerting.notifications import wording as notifications_wording
from hub.console.footage_wording import footage
from hub.console.views import AlertPage
from hub.footage.views import GrowingRow, MediaRow
from hub.web.calendar import Calendar
from hub.web.i18n import words
from tests.hub.rigs.alert_rows import NOW_UTC_US, alert_row, asker

VI = words("vi")
EN = words("en")


def calendar() -> Calendar:
    return Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), EN, NOW_UTC_US)


def told(**changed: Any) -> ToldRow:
    row = ToldRow(
        person_name="An",
        channel="webpush",
        phone_label="Android",
        moment="opened",
        state="accepted",
        reason="",
        owed_utc_us=NOW_UTC_US,
        answered_utc_us=NOW_UTC_US,
        shown_utc_us=None,
        opened_utc_us=None,
    )
    return replace(row, **changed)


def page(*media: MediaRow, may_play: bool = True, **row: Any) -> AlertPage:
    return AlertPage(
        row=alert_row(**row),
        allowed=(),
        may_play=may_play,
        sightings=[],
        media=list(media),
        history=[],
        told=[],
    )


@pytest.mark.parametrize(
    ("changed", "sentence", "is_bad"),
    [
        ({}, "sent at 00:12:00, not yet shown on the phone", True),
        ({"shown_utc_us": NOW_UTC_US}, "shown on the phone at 00:12:00", False),
        ({"opened_utc_us": NOW_UTC_US}, "opened at 00:12:00", False),
        ({"state": "queued"}, "not sent yet, still trying", True),
        ({"state": "dropped"}, "not sent: no longer needed", False),
        ({"state": "dead"}, "could not be sent to this phone", True),
        ({"channel": "ntfy"}, "sent at 00:12:00; this channel never says if it was shown", False),
    ],
)
def test_what_one_phone_did(changed: dict[str, Any], sentence: str, is_bad: bool) -> None:
    (line,) = notifications_wording.phone_lines([told(**changed)], calendar())
    assert (line.sentence, line.is_bad) == (sentence, is_bad)


def test_phone_that_showed_the_first_word_counts_as_told_though_a_later_one_is_on_its_way() -> None:
    rows = [told(shown_utc_us=NOW_UTC_US), told(moment="grown", owed_utc_us=NOW_UTC_US + 1)]
    (line,) = notifications_wording.phone_lines(rows, calendar())
    assert line.sentence == "shown on the phone at 00:12:00"


def test_who_may_not_have_seen_it_comes_first() -> None:
    rows = [told(shown_utc_us=NOW_UTC_US), told(person_name="Binh", state="dead")]
    assert [line.person for line in notifications_wording.phone_lines(rows, calendar())] == [
        "Binh",
        "An",
    ]


def test_history_leaves_out_what_tells_nobody_anything() -> None:
    rows = [
        HistoryRow("raised", None, 1, "somebody was seen and no alert ran"),
        HistoryRow("grown", None, 2, "1 → 2"),
        HistoryRow("grown", None, 3, "2 → 3: another sighting"),
        HistoryRow("picture", None, 4, ""),
        HistoryRow("grown", None, 5, "another sighting"),
        HistoryRow("picture", None, 6, ""),
        HistoryRow("grown", None, 7, "3 → 4"),
        HistoryRow("taken", "An", 8, ""),
        HistoryRow("resolved", "An", 9, "two pupils"),
    ]
    steps = [
        (step.sentence, step.note, step.at_utc_us) for step in alerts_wording.history(rows, EN)
    ]
    assert steps == [
        ("Alert raised", "", 1),
        ("More was seen", "1 → 3 people", 3),
        ("Picture received", "", 4),
        ("More was seen", "3 → 4 people", 7),
        ("Acknowledged · An", "", 8),
        ("Resolved · An", "two pupils", 9),
    ]


@pytest.mark.promise("Node state and clocks: Events carry their clock error, and pages show it.")
@pytest.mark.parametrize(
    ("error_ms", "source", "doubt"),
    [
        (20, "ntp", None),
        (999, "ntp", None),
        (1_000, "rtc", "Clock uncertain by ± 1 second"),
        (40_000, "rtc", "Clock uncertain by ± 40 seconds"),
        (None, "ntp", "Clock of the camera box unconfirmed: times may be wrong"),
        (20, "none", "Clock of the camera box unconfirmed: times may be wrong"),
    ],
)
def test_clock_is_doubted_only_when_it_may_mislead(
    error_ms: int | None, source: str, doubt: str | None
) -> None:
    row = alert_row(error_ms=error_ms, clock_source=source)
    assert alerts_wording.clock_doubt(row, EN) == doubt


def test_officer_who_has_it_is_told_what_to_press_and_others_that_they_need_not() -> None:
    an, binh = asker("An"), asker("Binh")
    taken = page(state="taken", taken_by=an.person_id, taken_by_name="An", taken_utc_us=NOW_UTC_US)
    assert alerts_wording.next_step(taken.row, an, calendar()).startswith(
        "You have it since 00:12:00"
    )
    assert "You need do nothing" in alerts_wording.next_step(taken.row, binh, calendar())


def clip(**changed: Any) -> MediaRow:
    began = NOW_UTC_US - 120_000_000
    row = MediaRow(uuid4(), "clip", "h264", 768, 576, 9, began - 6_000_000, 20_000, True)
    return replace(row, **changed)


def test_clip_is_marked_where_they_come_and_where_they_were_last_seen() -> None:
    (film,) = footage(page(clip()), calendar()).clips
    assert (film.appear_s, film.leave_s, film.length_s) == (6.0, 15.0, 20.0)
    assert (film.has_preroll, film.preroll_s) == (True, 6)
    assert film.share(film.appear_s) == 300.0


def test_marks_stay_within_a_clip_that_is_a_later_part() -> None:
    began = NOW_UTC_US - 120_000_000
    (film,) = footage(page(clip(first_frame_utc_us=began + 5_000_000)), calendar()).clips
    assert (film.appear_s, film.leave_s) == (0.0, 4.0)
    assert not film.has_preroll


def test_clip_of_no_length_divides_by_nothing() -> None:
    (film,) = footage(page(clip(duration_ms=0)), calendar()).clips
    assert film.share(film.appear_s) == 0.0


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("person", "The picture is on its way from the camera box"),
        ("camera_lost", "No picture: the camera gives none"),
        ("tamper_turned", "No picture: it would show nothing"),
    ],
)
def test_missing_picture_says_why(kind: str, sentence: str) -> None:
    assert alerts_wording.picture_missing(alert_row(kind=kind), EN) == sentence


@pytest.mark.promise(
    "Tampering: Each kind of tampering has its own advice, and no scene reports a false one."
)
@pytest.mark.parametrize("what", list(Tampering))
def test_a_view_taken_away_has_a_headline_and_advice_of_its_own_until_it_is_over(
    what: Tampering,
) -> None:
    row = alert_row(kind=f"tamper_{what.value}", people=0)
    headlines = {
        alerts_wording.headline(alert_row(kind=f"tamper_{one.value}"), VI) for one in Tampering
    }
    assert len(headlines) == len(Tampering)
    assert alerts_wording.headline(row, VI) in headlines
    assert alerts_wording.advice(row, VI)
    over = replace(row, over_utc_us=row.confirmed_utc_us + 60_000_000)
    assert alerts_wording.headline(over, VI) == f"{alerts_wording.headline(row, VI)} · đã hết"
    assert alerts_wording.advice(over, VI) is None
    assert alerts_wording.advice(alert_row(), VI) is None


def test_a_crowd_is_about_so_many_in_both_languages() -> None:
    row = alert_row(kind="crowd", people=45)
    assert alerts_wording.headline(row, VI) == "Đám đông, khoảng 45 người"
    assert alerts_wording.headline(row, EN) == "Crowd, about 45 people"


def test_a_node_without_video_has_a_headline_and_advice_until_it_is_over() -> None:
    row = alert_row(kind="node_unrecorded")
    assert alerts_wording.headline(row, VI) == "Trạm camera không ghi hình"
    assert "ổ đĩa" in (alerts_wording.advice(row, VI) or "")
    assert alerts_wording.advice(alert_row(kind="node_unrecorded", closed_utc_us=1), VI) is None


def under_way(**changed: Any) -> GrowingRow:
    row = GrowingRow(
        clip_id=uuid4(),
        codec="h264",
        width=768,
        height=576,
        first_frame_utc_us=NOW_UTC_US,
        is_dropped=False,
        grew_utc_us=NOW_UTC_US,
    )
    return replace(row, **changed)


@pytest.mark.parametrize(
    ("row", "seconds_later", "is_node_here", "sentence"),
    [
        (under_way(), 5, True, "Being recorded: it plays on as it comes."),
        (under_way(), 40, True, "The camera box fell silent: this is what it had brought."),
        (under_way(), 5, False, "The camera box fell silent: this is what it had brought."),
        (
            under_way(is_dropped=True),
            5,
            True,
            "The camera box could not finish this clip: this is what it had brought.",
        ),
    ],
)
def test_beginning_of_a_clip_says_what_became_of_it(
    row: GrowingRow, seconds_later: int, is_node_here: bool, sentence: str
) -> None:
    asked = NOW_UTC_US + seconds_later * 1_000_000
    opened = replace(page(), growing=(row,), seen_utc_us=asked, is_node_here=is_node_here)
    film = footage(opened, calendar())
    assert [one.sentence for one in film.growing] == [sentence]
    assert film.waiting is None


def test_clip_given_up_for_one_that_begins_sooner_is_not_shown() -> None:
    sooner = under_way(first_frame_utc_us=NOW_UTC_US - 3_000_000)
    given_up, later = under_way(is_dropped=True), under_way(first_frame_utc_us=NOW_UTC_US + 1)
    for rows, shown in (
        ((sooner, given_up), [sooner]),
        ((given_up, later), [given_up, later]),
    ):
        opened = replace(page(), growing=rows, seen_utc_us=NOW_UTC_US)
        assert [one.row for one in footage(opened, calendar()).growing] == shown


def test_clip_of_which_nothing_came_yet_is_waited_for_in_words() -> None:
    opened = replace(page(), growing=(under_way(grew_utc_us=None),), seen_utc_us=NOW_UTC_US)
    film = footage(opened, calendar())
    assert (film.growing, film.waiting is None) == ((), False)
    silent = footage(replace(opened, is_node_here=False), calendar())
    assert silent.waiting == "The camera box is not heard; its clip comes when it is back."


@pytest.mark.promise("Rules and duty: An alert says who is next, when and why.")
@pytest.mark.parametrize(
    ("next_call", "sentence"),
    [
        (
            NextCall("Đội 2", NOW_UTC_US + 150_000_000, is_again=False),
            "Tiếp theo: Đội 2 lúc 00:14:30, vì chưa ai nhận.",
        ),
        (
            NextCall("Đội 2", NOW_UTC_US + 150_000_000, is_again=True),
            "Tiếp theo: báo lại Đội 2 lúc 00:14:30, vì chưa ai nhận.",
        ),
        (
            NextCall("", NOW_UTC_US, is_again=False),
            "Tiếp theo: tất cả người được quyền nhận cảnh báo lúc 00:12:00, vì chưa ai nhận.",
        ),
        (
            NextCall("", None, is_again=False),
            "Đã báo hết những người cần báo; vẫn chưa ai tiếp nhận.",
        ),
    ],
)
def test_an_open_alert_says_who_is_next_when_and_why(next_call: NextCall, sentence: str) -> None:
    here = replace(calendar(), words=VI)
    open_page = page(state="open", next_call=next_call)
    assert alerts_wording.next_call(open_page.row, here) == sentence
    assert alerts_wording.next_step(open_page.row, asker(), here).startswith(sentence)


def test_without_a_plan_nobody_is_said_to_be_next() -> None:
    assert alerts_wording.next_call(page(state="open").row, calendar()) == ""


def test_each_call_of_a_plan_is_a_step_of_the_history() -> None:
    rows = [HistoryRow("called", None, NOW_UTC_US, detail) for detail in ("Anh An", "")]
    steps = [step.sentence for step in alerts_wording.history(rows, VI)]
    assert steps == ["Đã báo: Anh An", "Đã báo: tất cả người được quyền nhận cảnh báo"]
