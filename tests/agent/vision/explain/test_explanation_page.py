"""The page of an explanation: a file that a technician can send."""

import base64
import re

import pytest

from agent.i18n import LANGUAGES, speaker
from agent.vision.explain.page import ExplanationPage
from agent.vision.explain.reasons import SENTENCES, Reason
from agent.vision.sightings.sightings import SightingSettings
from tests.agent.helpers.vision.explain.explanation_page import Seen, clock, page
from tests.agent.helpers.vision.explain.record import AT_BORDER, Street, unsure
from tests.agent.rigs.vision import after, person, tracked


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_but_itself(language: str) -> None:
    street = Street()
    street.shows(unsure(), for_s=2.5)
    seen = Seen(page(street.explained(), language))
    assert "script" not in seen.tags
    assert len(seen.sources) == seen.tags.count("img") == 3
    for source in seen.sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        assert base64.b64decode(data).startswith(b"\xff\xd8")


def test_it_says_in_vietnamese_what_spoke_for_a_person_and_what_held_them_back() -> None:
    street = Street()
    street.shows(unsure(), for_s=1)
    text = " ".join(Seen(page(street.explained())).words)
    assert "Vì sao có người mà không báo?" in text
    assert "Người hoặc vật số 1: không báo lần nào" in text
    assert "điểm cao nhất 0,60; cao nhất 48 px (20 % chiều cao hình)" in text
    assert re.search(r"10 khung hình: Chưa thấy bước đi.*0,65.*25 %.*0,40.*0,50.*35 %.*0,30", text)


def test_numbers_of_the_rules_are_those_in_use() -> None:
    street = Street()
    street.shows(unsure(), for_s=1)
    settings = SightingSettings(still_score=0.61, near_score=0.42, near_came=0.7, evidence=3.5)
    made = ExplanationPage(street.explained(), language="en", clock=clock, settings=settings)
    text = " ".join(Seen(made.html("cong-chinh")).words)
    assert re.search(r"from 0\.61 on; at 25 % .* from 0\.42 on.* motion in 70 %", text)
    assert "add up to 3.50 within" in text


def test_a_late_person_has_both_times() -> None:
    street = Street()
    street.shows(unsure(), for_s=3)
    street.shows(unsure(score=0.9), for_s=0.5)
    text = " ".join(Seen(page(street.explained(), "en")).words)
    assert "Person 1: reported after 3.2 s" in text
    assert "Wholly in view from 0.0 on, reported at 3.2." in text


def test_a_late_person_whom_the_border_always_cut_has_the_first_find_instead() -> None:
    street = Street()
    street.shows(tracked(AT_BORDER, score=0.3, travelled=2.0), for_s=3)
    street.shows(tracked(AT_BORDER, score=0.9), for_s=1)
    text = " ".join(Seen(page(street.explained(), "en")).words)
    assert "if the border always cut them: 1. Reported in time: 0." in text
    assert "Person 1: reported after 3.2 s" in text
    assert "the picture's border cut it all the time" in text
    assert "First found at 0.0, reported at 3.2." in text


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_a_place_with_weak_finds_is_told_with_its_score_and_the_one_that_is_needed() -> None:
    street = Street()
    street.finds(person(0.5, score=0.34))
    text = page(street.explained(), "en")
    assert "Nobody was found" not in text
    assert "Never reported: 0." in text
    assert "found in 1 of 1 frames" in text
    assert "too low to begin a track: that takes 0.40" in text
    assert text.count("<img ") == 1
    vi = page(street.explained())
    assert "Điểm quá thấp để bắt đầu theo dõi: lúc đó cần 0,40." in vi


def test_a_page_about_a_shorter_time_says_nothing_of_before() -> None:
    street = Street(span_s=3600.0)
    street.shows(unsure(), for_s=30)
    street.shows(unsure(score=0.9), for_s=0.5)
    for _ in range(20):
        street.finds(person(0.2, score=0.3))
    found = street.record.explanation(after(32.5), span_s=2.5)
    text = " ".join(Seen(page(found, "en")).words)
    assert "From 30.0 to 30.4; found in 2 of 2 frames" in text
    assert "Wholly in view from" not in text
    found = street.record.explanation(after(32.5), span_s=1.0)
    text = " ".join(Seen(page(found, "en")).words)
    assert "From 31.5 to 32.4; found in 10 of 10 frames" in text


def test_whoever_was_recorded_without_an_alert_is_told_apart() -> None:
    street = Street()
    street.shows(unsure(2, 0.8), for_s=3)
    street.shows(unsure(2, 0.8, score=0.9), for_s=1, wakes=False)
    street.shows(tracked(AT_BORDER, score=0.9), for_s=1, wakes=False)
    text = " ".join(Seen(page(street.explained(), "en")).words)
    assert "Reported in time: 0." in text
    assert "In time, but outside the alert hours, so without an alert: 1." in text
    assert "It was outside the alert hours: recorded, without an alert." in text


@pytest.mark.parametrize(
    ("language", "nobody", "in_time"),
    [
        ("vi", "Không tìm thấy người nào trong hình.", "Báo kịp: 1."),
        ("en", "Nobody was found in any picture.", "Reported in time: 1."),
    ],
)
def test_a_page_about_nobody_says_so(language: str, nobody: str, in_time: str) -> None:
    street = Street()
    street.shows(for_s=1)
    assert nobody in page(street.explained(), language)
    street.shows(unsure(), for_s=0.1)
    assert nobody not in page(street.explained(), language)
    told = Street()
    told.shows(unsure(score=0.9), for_s=1)
    assert in_time in page(told.explained(), language)


def test_what_was_dropped_is_said() -> None:
    street = Street(most_crops=2, most_bytes=60_000)
    for number in range(1, 41):
        street.shows(unsure(number), for_s=0.3)
    found = street.explained()
    text = " ".join(Seen(page(found, "en")).words)
    assert f"{found.tracks_dropped} people or things, {found.crops_dropped} pictures" in text
    assert found.tracks_dropped > 0 < found.crops_dropped


def test_warnings_and_names_are_text_and_never_markup() -> None:
    street = Street()
    street.shows(unsure())
    text = page(street.explained(), "en", "<b>broken</b>")
    assert "&lt;b&gt;broken&lt;/b&gt;" in text
    assert "<b>" not in text


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_in_both_languages(reason: Reason) -> None:
    template = SENTENCES[reason]
    assert speaker("en")(template) == template
    assert speaker("vi")(template) not in ("", template)
