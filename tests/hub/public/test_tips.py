"""Tips: which are accepted, to which camera they belong, who is alerted, and who learns the
sender."""

import base64
import io
import itertools
import math
import re
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select, update

from hub.access.rules.grants import ALL, Right
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rules import AlertRule, RuleRecipients
from hub.base.audit.tables import audit
from hub.base.db.columns import new_id
from hub.base.moment import Moment
from hub.notify.phones import rows as phones_rows
from hub.notify.phones.rows import NewPhoneRow
from hub.notify.tables import notifications
from hub.public.tips import api_keys, forms
from hub.public.tips.feature import APPS
from hub.public.tips.kept_pictures import KEPT_S, MOST_BYTES, KeptPictures
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import (
    CODE_LETTERS,
    MOST_PICTURE_BYTES,
    WAKING_AN_HOUR,
    TipError,
    TipFault,
    TipTexts,
    camera_for,
    code_of,
    fault_of,
    read_point,
    tidy_code,
)
from hub.public.tips.sealing import Reporter, SealBox, UnsealError
from hub.public.tips.service import TipService
from hub.public.tips.tables import tip_keys as tip_keys_table
from hub.public.tips.tables import tip_pictures, tip_reporters, tips
from hub.public.tips.views import TipPicture
from hub.registry.neighbours import CameraSpot
from hub.registry.shapes import Point
from hub.registry.tables import cameras
from hub.web.images import draw_anew
from hub.web.pictures.maker import MAKER, Job
from hub.web.rate_limits import ALL_OUTSIDERS, APP_TIPS, OUTSIDERS, Limits
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.helpers.public.tips import Sender, code_in, photo
from tests.hub.rigs.features import rule_of
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Tips and households: A tip comes by a web form, also anonymously."),
    pytest.mark.promise("Tips and households: A tip becomes an alert and can start a case."),
]

NOW_US = 1_800_000_000_000_000
SAID = TipTexts("mất xe máy", "trước chợ", uuid4(), None, None, has_consent=True)


@pytest.fixture
def keeper(town: Town) -> Visitor:
    town.add_keeper_of_all("en")
    return Visitor(town.app()).sign_in("quan", PASSWORD)


@pytest.fixture
def sender(town: Town) -> Sender:
    return Sender(town)


def only(town: Town, column: object) -> object:
    with town.db.reading() as conn:
        return conn.scalars(select(column)).one()  # type: ignore[call-overload]


# What is taken, and where it belongs.


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (TipTexts("", "", uuid4(), None, None, has_consent=True), TipFault.WHAT),
        (TipTexts("x", "chợ", None, None, None, has_consent=True), TipFault.WHERE),
        (TipTexts("x", "", uuid4(), None, NOW_US + 601_000_000, has_consent=True), TipFault.AHEAD),
        (TipTexts("x", "", uuid4(), None, 0, has_consent=True), TipFault.OLD),
        (TipTexts("x", "", uuid4(), None, None, has_consent=False), TipFault.CONSENT),
        (SAID, None),
    ],
)
def test_a_tip_says_what_where_when_and_agrees(words: TipTexts, fault: TipFault | None) -> None:
    assert fault_of(words, now_utc_us=NOW_US) is fault


def test_it_goes_to_the_camera_nearest_to_its_point_or_to_one_of_its_area() -> None:
    town, quarter, other = uuid4(), uuid4(), uuid4()
    parents = {town: None, quarter: town, other: town}
    near = CameraSpot(uuid4(), other, 11.5350, 106.6210)
    far = CameraSpot(uuid4(), quarter, 11.6000, 106.7000)
    at = Point(11.5352, 106.6217)
    by_point = TipTexts("x", "", quarter, at, None, has_consent=True)
    by_area = TipTexts("x", "", quarter, None, None, has_consent=True)
    assert camera_for(by_point, [near, far], parents) is near
    assert camera_for(by_area, [near, far], parents) is far
    assert camera_for(by_area, [near], parents) is near  # above it there is one
    assert camera_for(by_area, [], parents) is TipFault.WHERE


def test_a_point_in_the_sea_is_told_so_unless_an_area_is_named_too() -> None:
    area, camera = uuid4(), CameraSpot(uuid4(), uuid4(), 11.5, 106.6)
    sea = Point(9.0, 110.0)
    assert (
        camera_for(TipTexts("x", "", None, sea, None, has_consent=True), [camera], {})
        is TipFault.FAR
    )
    here = CameraSpot(uuid4(), area)
    words = TipTexts("x", "", area, sea, None, has_consent=True)
    assert camera_for(words, [camera, here], {area: None}) is here


def test_an_area_that_is_none_of_ours_and_a_ring_of_areas_end() -> None:
    one, other = uuid4(), uuid4()
    camera = CameraSpot(uuid4(), uuid4())
    words = TipTexts("x", "", one, None, None, has_consent=True)
    assert camera_for(words, [camera], {}) is TipFault.WHERE
    assert camera_for(words, [camera], {one: other, other: one}) is TipFault.WHERE


@given(st.text(max_size=40))
def test_whatever_is_typed_as_a_point_is_one_on_the_earth_or_refused(text: str) -> None:
    try:
        point = read_point(text)
    except ValueError:
        return
    assert point is None or (
        abs(point.latitude_deg) <= 90
        and abs(point.longitude_deg) <= 180
        and not math.isnan(point.latitude_deg)
    )


@pytest.mark.parametrize("text", ["nan, 1", "91, 0", "0, 181", "inf, 0", "1", "1, 2, 3", "a, b"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_point(text)


@given(st.binary(min_size=8, max_size=8))
def test_a_code_is_read_again_however_it_was_written_down(secret: bytes) -> None:
    code = code_of(secret)
    assert tidy_code(code) == code
    assert tidy_code(code.lower().replace("-", " ")) == code
    assert tidy_code(code.replace("0", "O").replace("1", "l")) == code
    assert tidy_code(code[:-1]) is None
    assert set(code) <= {*CODE_LETTERS, "-"}


def test_what_is_sealed_opens_for_its_own_tip_and_purpose_alone() -> None:
    box, tip_id = SealBox(bytes(32)), uuid4()
    sealed = box.seal_reporter(Reporter("Lan", "0909"), tip_id=tip_id)
    assert b"Lan" not in sealed
    assert box.unseal_reporter(sealed, tip_id=tip_id) == Reporter("Lan", "0909")
    for wrong in (SealBox(b"1" * 32), box):
        with pytest.raises(UnsealError, match=r"the key tips\.key is not the one"):
            wrong.unseal_reporter(sealed, tip_id=uuid4())
    with pytest.raises(UnsealError, match=r"the key households\.key is not the one"):
        SealBox(b"1" * 32, "households.key").unseal_reporter(sealed, tip_id=tip_id)
    with pytest.raises(UnsealError):
        box.unseal(sealed, tip_id=tip_id, purpose="picture 1")
    with pytest.raises(UnsealError):
        box.unseal(b"", tip_id=tip_id, purpose="picture 1")


@given(st.text(max_size=60))
def test_no_made_up_form_is_one_of_ours(mark: str) -> None:
    assert SealBox(bytes(32)).form_age_s(mark, Moment(NOW_US)) is None


# From the form to the alert.


def test_a_tip_becomes_an_alert_of_its_place_and_whoever_is_told_there_hears_of_it(
    town: Town, sender: Sender
) -> None:
    now = town.clock.now()
    with town.db.writing() as conn:
        who = {row.login: row.id for row in conn.execute(select(people))}
        for login in ("an", "guest"):
            phone = NewPhoneRow("ntfy", f"https://ntfy.example/{login}", "{}", login)
            phones_rows.put_phone(conn, who[login], phone, now=now)
    sender.code()
    with town.db.reading() as conn:
        alert = conn.execute(select(alerts)).one()
        assert (alert.kind, alert.state, alert.quiet_reason) == ("tip", "open", None)
        assert alert.camera_id == conn.scalar(select(cameras.c.id))
        assert [row.person_id for row in conn.execute(select(notifications))] == [who["an"]]
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    assert "Tin báo của người dân" in text_of(an.get("/"))
    page = text_of(an.get(f"/alerts/{alert.id}"))
    assert "Có người phá khóa xe" in page
    assert "trước tiệm thuốc" in page
    assert "ẩn danh" in page
    guest = Visitor(sender.app).sign_in("guest", PASSWORD)
    assert guest.get(f"/alerts/{alert.id}").status_code == 404


def test_a_rule_of_the_town_says_who_hears_of_tips_as_of_all_else(
    town: Town, sender: Sender
) -> None:
    now = town.clock.now()
    rule = AlertRule(new_id(now), town.area_id, None, kind="tip", tells=RuleRecipients.NOBODY)
    with town.db.writing() as conn:
        routing_rows.add(
            conn, rule, time_zone="Asia/Ho_Chi_Minh", reason="thử", made_by=None, now=now
        )
    sender.code()
    assert only(town, alerts.c.quiet_reason) == "a rule tells nobody of it"


@pytest.mark.promise("Tips and households: A flood of tips has a bound.")
def test_beyond_so_many_in_an_hour_tips_are_in_the_inbox_and_wake_nobody(
    town: Town, sender: Sender
) -> None:
    hours = itertools.count(0, 3600)
    sender.app.state.limits.now_s = lambda: next(hours)
    for number in range(WAKING_AN_HOUR + 1):
        sender.code(what=f"tin {number}")
    with town.db.reading() as conn:
        quiet = [row.quiet_reason for row in conn.execute(select(alerts))]
    assert quiet.count(None) == WAKING_AN_HOUR
    assert len(quiet) == WAKING_AN_HOUR + 1


def test_the_sender_follows_by_the_code_and_reads_the_answer(town: Town, sender: Sender) -> None:
    code = sender.code()
    anybody = Visitor(sender.app)

    def follow(typed: str) -> str:
        headers = {**PAGE, **anybody.origin, "accept-language": "en"}
        return text_of(anybody.send("POST", "/tips/follow", data={"code": typed}, headers=headers))

    assert "Nobody has it in hand yet" in follow(code.lower())
    assert "There is no answer yet" in follow(code)
    assert "no report with that code" in follow("0000-0000-0000")
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    alert_id = only(town, alerts.c.id)
    assert an.post(f"/alerts/{alert_id}/take").status_code == 303
    words = "Đã tìm được xe, mời đến <b>công an</b> xã"
    assert an.post(f"/alerts/{alert_id}/tip/answer", answer=words).status_code == 303
    page = follow(code)
    assert "An officer has it in hand" in page
    assert "Đã tìm được xe, mời đến &lt;b&gt;công an" in page
    assert "Nguyễn Văn An" not in page
    guest = Visitor(sender.app).sign_in("guest", PASSWORD)
    assert guest.post(f"/alerts/{alert_id}/tip/answer", answer="x").status_code == 404


def test_sent_twice_over_a_bad_line_it_is_one_tip_with_one_code(town: Town, sender: Sender) -> None:
    mark = sender.mark()
    first = sender.code(mark=mark)
    assert sender.code(mark=mark) == first
    assert sender.code(mark=mark, what="chuyện khác") != first
    with town.db.reading() as conn:
        assert len(conn.execute(select(tips)).all()) == 2


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"what": "  "}, "Write what happened"),
        ({"area": ""}, "Choose the place nearest"),
        ({"area": str(uuid4())}, "Choose the place nearest"),
        ({"area": "'; DROP"}, "Choose the place nearest"),
        ({"point": "here"}, "A point is two numbers"),
        ({"area": "", "point": "9.0, 110.0"}, "far from here"),
        ({"day": "31/02/2026"}, "Write the day as"),
        ({"clock": "soon"}, "Write the day as"),
        ({"day": "2099-01-01", "clock": "10:00"}, "has not come yet"),
        ({"day": "2001-01-01"}, "more than a year ago"),
        ({"consent": ""}, "Tick that you agree"),
        ({"mark": ""}, "press Send again"),
        ({"mark": "1.x.0000"}, "press Send again"),
        ({"website": "http://spam.example"}, "press Send again"),
    ],
)
def test_what_cannot_be_taken_is_said_and_what_was_written_stays(
    town: Town, sender: Sender, fields: dict[str, Any], word: str
) -> None:
    answer = sender.send(**fields)
    assert answer.status_code == 422
    assert word in text_of(answer)
    assert "trước tiệm thuốc" in answer.text
    with town.db.reading() as conn:
        assert conn.execute(select(tips)).all() == []


def test_a_form_filled_in_at_once_or_a_day_old_is_sent_again(sender: Sender) -> None:
    for age_s in (0, 25 * 3600, -60):
        assert "press Send again" in text_of(sender.send(mark=sender.mark(age_s=age_s)))


def mark_in(answer: httpx.Response) -> str:
    found = re.search(r'name="mark" value="([^"]+)"', answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("age_s", "fields"), [(60, {"area": ""}), (60, {"consent": ""}), (25 * 3600, {})]
)
def test_a_refusal_that_is_corrected_at_once_is_not_too_fast(
    sender: Sender, age_s: float, fields: dict[str, Any]
) -> None:
    refused = sender.send(mark=sender.mark(age_s=age_s), **fields)
    assert refused.status_code == 422
    sender.code(mark=mark_in(refused))


def test_who_was_too_fast_once_waits_no_longer_than_from_the_first_form(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever a busy machine takes to send it.
    monkeypatch.setattr("hub.public.tips.public_service.FORM_YOUNGEST_S", 600)
    mark = sender.mark(age_s=0)
    assert mark_in(sender.send(mark=mark)) == mark
    made_up = sender.send(mark="1.x.0000")
    assert "press Send again" in text_of(sender.send(mark=mark_in(made_up)))


def test_days_and_times_are_read_as_people_write_them(town: Town) -> None:
    calendar = town.app().state.site.calendar("vi")
    noon = forms.moment_of("01/11/2026", "", calendar)
    assert noon == forms.moment_of("2026-11-01", "12:00", calendar)
    assert noon == forms.moment_of("1.11.2026", "12h", calendar)
    assert forms.moment_of("", "", calendar) is None
    later = calendar.local(calendar.now_utc_us + 3_600_000_000)
    yesterday = forms.moment_of("", f"{later:%H:%M}", calendar)
    assert yesterday is not None
    assert yesterday < calendar.now_utc_us
    with pytest.raises(TipError):
        forms.moment_of("tomorrow", "", calendar)


# Floods.


@pytest.mark.promise("Tips and households: A flood of tips has a bound.")
def test_a_flood_is_bounded_by_its_address_and_all_together() -> None:
    assert rule_of("POST", "/tips") is OUTSIDERS
    assert OUTSIDERS.by == "address"
    assert OUTSIDERS.also is ALL_OUTSIDERS
    limits = Limits(lambda: 0.0)
    taken = sum(limits.wait_s(ALL_OUTSIDERS, "") == 0 for _ in range(ALL_OUTSIDERS.most + 50))
    assert taken == ALL_OUTSIDERS.most
    assert limits.counts["all tips"] == 50


def test_an_address_that_sends_without_end_waits_and_the_page_says_so(sender: Sender) -> None:
    sender.app.state.limits.now_s = lambda: 0.0
    answers = [sender.send(website="x").status_code for _ in range(OUTSIDERS.most + 3)]
    assert answers == [422] * OUTSIDERS.most + [429] * 3


@pytest.mark.promise("Tips and households: A flood of tips has a bound.")
def test_when_too_many_wait_no_more_are_taken_and_that_is_counted(
    town: Town, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.public.tips.public_service.MOST_WAITING", 1)
    sender.code()
    answer = sender.send(what="noch eins")
    assert answer.status_code == 503
    assert "call 113" in text_of(answer)
    assert town.services.use(PublicTipService).counts == {"taken": 1, "busy": 1}
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(state="resolved"))
    sender.code(what="noch eins")


def test_when_there_is_no_room_for_pictures_a_tip_is_taken_without(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.public.tips.public_service.MOST_ORIGINAL_BYTES", 10)
    answer = sender.send(pictures=[("x.jpg", photo())])
    assert answer.status_code == 503
    assert "send it without them" in text_of(answer)
    sender.code()


# Pictures.


@pytest.mark.promise("Tips and households: A picture of a tip is drawn anew before it is shown.")
def test_a_picture_is_drawn_anew_and_nothing_in_it_is_shown_but_what_one_sees(
    town: Town, sender: Sender
) -> None:
    content = photo()
    code_in(sender.send(pictures=[("../../x.jpg", content)]))
    picture_id, alert_id = only(town, tip_pictures.c.id), only(town, alerts.c.id)
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    assert f"/tips/pictures/{picture_id}" in an.get(f"/alerts/{alert_id}").text
    shown = an.get(f"/tips/pictures/{picture_id}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert b"script" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.size == (640, 480)
        assert not image.getexif()
        assert "comment" not in image.info
    stored = only(town, tip_pictures.c.original)
    assert isinstance(stored, bytes)
    assert content[:100] not in stored
    assert b"Exif" not in stored
    assert an.get(f"/tips/pictures/{picture_id}/original").status_code == 404
    guest = Visitor(sender.app).sign_in("guest", PASSWORD)
    assert guest.get(f"/tips/pictures/{picture_id}").status_code == 404


@pytest.mark.parametrize(
    ("pictures", "word"),
    [
        ([("x.svg", b"<svg onload='alert(1)' xmlns='http://www.w3.org/2000/svg'/>")], "no picture"),
        ([("x.jpg", b"\xff\xd8\xff" + b"0" * 90)], "no picture"),
        ([("x.jpg", b"")], "no picture"),
        ([("x.jpg", b"0" * (MOST_PICTURE_BYTES + 1))], "too large"),
        ([(f"{n}.jpg", photo()) for n in range(4)], "at most 3"),
    ],
)
def test_what_is_no_picture_or_too_much_is_said(
    town: Town, sender: Sender, pictures: list[tuple[str, bytes]], word: str
) -> None:
    answer = sender.send(pictures=pictures)
    assert answer.status_code == 422
    assert word in text_of(answer)
    with town.db.reading() as conn:
        assert conn.execute(select(tips)).all() == []


@pytest.mark.parametrize(("age_s", "wrong"), [(60, {"point": "here"}), (25 * 3600, {})])
def test_a_refused_form_keeps_its_pictures_until_it_is_sent(
    town: Town, sender: Sender, age_s: float, wrong: dict[str, Any]
) -> None:
    chosen = [("x.jpg", photo()), ("y.jpg", photo())]
    refused = sender.send(mark=sender.mark(age_s=age_s), pictures=chosen, **wrong)
    assert refused.status_code == 422
    assert "2 pictures that you chose are still here" in text_of(refused)
    mark = mark_in(refused)
    # Another form has none of them, nor has one that is not ours.
    assert "still here" not in text_of(sender.send(point="here"))
    code = sender.code(mark=mark)
    assert sender.code(mark=mark) == code, "sent twice over a bad line"
    with town.db.reading() as conn:
        assert len(conn.execute(select(tip_pictures)).all()) == 2


@pytest.mark.parametrize("was_refused", [False, True])
def test_another_report_from_the_form_that_was_sent_has_none_of_its_pictures(
    town: Town, sender: Sender, was_refused: bool
) -> None:
    mark, chosen = sender.mark(), [("x.jpg", photo())]
    if was_refused:
        mark, chosen = mark_in(sender.send(mark=mark, pictures=chosen, point="?")), []
    code = sender.code(mark=mark, pictures=chosen)
    refused = sender.send(mark=mark, what="Có người đổ rác", consent="")
    assert "still here" not in text_of(refused)
    other = sender.code(mark=mark_in(refused), what="Có người đổ rác")
    assert other != code
    assert sender.code(mark=mark) == code, "the first one again, over a bad line"
    with town.db.reading() as conn:
        assert len(conn.execute(select(tips)).all()) == 2
        assert len(conn.execute(select(tip_pictures)).all()) == 1


def test_kept_pictures_are_replaced_by_others_or_left_out(town: Town, sender: Sender) -> None:
    first = mark_in(sender.send(pictures=[("x.jpg", photo()), ("y.jpg", photo())], point="?"))
    sender.code(mark=first, pictures=[("z.jpg", photo(with_place=False))])
    second = mark_in(sender.send(pictures=[("x.jpg", photo())], point="?"))
    sender.code(mark=second, without="yes")
    with town.db.reading() as conn:
        assert len(conn.execute(select(tip_pictures)).all()) == 1


def test_pictures_of_a_form_that_is_not_ours_are_not_kept(town: Town, sender: Sender) -> None:
    refused = sender.send(pictures=[("x.jpg", photo())], mark="1.x.0000")
    assert "still here" not in text_of(refused)
    assert town.services.use(PublicTipService).kept_pictures("1.x.0000", ()) == ()


def kept_in(answer: httpx.Response) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', answer.text)
    return found[1] if found else ""


@pytest.mark.promise("Roles: No picture of a tip is lost unsaid whichever process answers.")
def test_pictures_that_another_process_keeps_are_chosen_again(town: Town, sender: Sender) -> None:
    here = sender
    town.keep_in(town.blobs)
    there = Sender(town)
    refused = here.send(pictures=[("x.jpg", photo())], point="?")
    form: dict[str, Any] = {"mark": mark_in(refused), "kept": kept_in(refused)}
    again = there.send(**form)
    assert again.status_code == 422
    assert "choose them again" in text_of(again)
    assert "still here" not in text_of(again)
    with town.db.reading() as conn:
        assert conn.execute(select(tips)).all() == []
    # Another picture, which is kept there: the first process may not take its own for it.
    chosen = [("y.jpg", photo(with_place=False))]
    other = there.send(mark=mark_in(again), pictures=chosen, point="?")
    form = {"mark": mark_in(other), "kept": kept_in(other)}
    again = here.send(**form)
    assert "choose them again" in text_of(again)
    assert "still here" not in text_of(again)
    there.code(**form)
    here.code(**form, without="yes", what="Không có ảnh")
    with town.db.reading() as conn:
        assert len(conn.execute(select(tips)).all()) == 2
        assert len(conn.execute(select(tip_pictures)).all()) == 1


@pytest.mark.promise("Roles: No picture of a tip is lost unsaid whichever process answers.")
def test_a_tip_whose_answer_was_lost_is_not_refused_by_another_process(
    town: Town, sender: Sender
) -> None:
    refused = sender.send(pictures=[("x.jpg", photo())], point="?")
    form: dict[str, Any] = {"mark": mark_in(refused), "kept": kept_in(refused)}
    code = sender.code(**form)
    town.keep_in(town.blobs)
    there = Sender(town)
    assert there.code(**form) == code
    for other in ({"what": "Một việc khác"}, {"kept": "0" * 16}, {"point": "?"}):
        assert "choose them again" in text_of(there.send(**form | other))
    with town.db.reading() as conn:
        assert len(conn.execute(select(tips)).all()) == 1


def some_picture(size_bytes: int) -> TipPicture:
    return TipPicture(b"", 1, 1, bytes(size_bytes))


def test_kept_pictures_go_after_a_while_and_the_oldest_first_when_there_are_many() -> None:
    now_s = [0.0]
    kept = KeptPictures(lambda: now_s[0])
    kept.keep("a", (some_picture(MOST_BYTES // 2),))
    now_s[0] = 10.0
    kept.keep("b", (some_picture(MOST_BYTES // 2),))
    assert (len(kept.of("a", ())), len(kept.of("b", ()))) == (1, 1)
    kept.keep("c", (some_picture(1),))
    assert (kept.of("a", ()), len(kept.of("b", ())), len(kept)) == ((), 1, 2)
    kept.keep("d", (some_picture(MOST_BYTES + 1),))
    assert len(kept) == 0
    kept.keep("e", (some_picture(1),))
    kept.drop("e")
    kept.keep("f", (some_picture(1),))
    now_s[0] += KEPT_S
    assert (kept.of("e", ()), kept.of("f", ()), len(kept)) == ((), (), 0)


@pytest.mark.parametrize("side_px", [4_500, 30_000])  # the first only as what is decoded whole
def test_a_picture_of_more_pixels_than_memory_is_refused_unread(
    sender: Sender, side_px: int
) -> None:
    out = io.BytesIO()
    Image.new("1", (side_px, side_px)).save(out, "PNG")
    assert "too large" in text_of(sender.send(pictures=[("x.png", out.getvalue())]))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_large_picture_is_drawn_small_and_the_way_it_was_held(form: str) -> None:
    image, exif, out = Image.new("RGB", (4000, 2000), "teal"), Image.Exif(), io.BytesIO()
    image.paste("white", (0, 0, 2000, 2000))
    exif[0x0112] = 6  # held upright: its left is the top
    image.save(out, form, exif=exif)
    drawn = draw_anew(out.getvalue())
    assert (drawn.width, drawn.height) == (800, 1600)
    with Image.open(io.BytesIO(drawn.content)) as shown:
        top, bottom = shown.getpixel((400, 100)), shown.getpixel((400, 1500))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert min(top) > 200 > max(bottom)


def test_a_fourth_picture_at_once_is_refused_and_holds_no_thread_of_the_pages(
    sender: Sender,
) -> None:
    go_on = threading.Event()

    def held() -> bytes:
        go_on.wait(patience_s())
        return photo()

    drawn = [MAKER.ask(Job("redrawn", "public", held)) for _ in range(3)]
    try:
        refused = sender.send(pictures=[("x.jpg", photo())])
    finally:
        go_on.set()
    assert (refused.status_code, "call 113" in text_of(refused)) == (503, True)
    assert [one.result(patience_s()).width for one in drawn] == [640] * 3
    assert sender.send(pictures=[("x.jpg", photo())]).status_code == 200


# Who sent it.


@pytest.mark.promise(
    "Tips and households: The identity of a reporter is encrypted, and each look is logged."
)
def test_who_sent_it_is_sealed_apart_and_seen_with_its_own_right_and_each_look_logged(
    town: Town, sender: Sender, keeper: Visitor
) -> None:
    sender.code(name="Nguyễn Thị Lan", contact="0909 111 222")
    alert_id = only(town, alerts.c.id)
    sealed = only(town, tip_reporters.c.sealed)
    assert isinstance(sealed, bytes)
    assert b"0909" not in sealed
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    page = an.get(f"/alerts/{alert_id}")
    assert "0909" not in page.text
    assert "/tip/reporter" not in page.text
    asked = {"reason": "HS 12"}
    assert an.post(f"/alerts/{alert_id}/tip/reporter", **asked).status_code == 404
    assert "/tip/reporter" in keeper.get(f"/alerts/{alert_id}").text
    assert keeper.post(f"/alerts/{alert_id}/tip/reporter", reason=" ").status_code == 404
    told = keeper.post(f"/alerts/{alert_id}/tip/reporter", **asked)
    assert "0909 111 222" in told.text
    assert "Nguyễn Thị Lan" in told.text
    with town.db.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.act.like("tip.reporter%"))).all()
        assert [(row.act, detail_of(row)) for row in rows] == [
            ("tip.reporter.refused", "HS 12"),
            ("tip.reporter.refused", " "),
            ("tip.reporter", "HS 12"),
        ]
        log = " ".join(f"{row.data} {row.came_from}" for row in conn.execute(select(audit)))
    assert "0909" not in log


@pytest.mark.promise(
    "Tips and households: The identity of a reporter is encrypted, and each look is logged."
)
def test_an_anonymous_tip_leaves_no_trace_of_its_sender(
    town: Town, sender: Sender, keeper: Visitor
) -> None:
    sender.code()
    with town.db.reading() as conn:
        line = conn.execute(select(audit).where(audit.c.act == "tip.take_in")).one()
        assert (line.person_id, line.came_from) == (None, "")
        assert conn.execute(select(tip_reporters)).all() == []
    told = keeper.post(f"/alerts/{only(town, alerts.c.id)}/tip/reporter", reason="HS 12")
    assert "They did not say" in text_of(told)


def test_with_another_key_the_page_says_so_and_shows_nothing(
    town: Town, sender: Sender, keeper: Visitor
) -> None:
    sender.code(name="Lan")
    town.services.use(TipService)._box = SealBox(b"2" * 32)
    answer = keeper.post(f"/alerts/{only(town, alerts.c.id)}/tip/reporter", reason="HS 12")
    assert answer.status_code == 503


def test_the_right_to_know_senders_is_granted_and_fenced_as_every_other() -> None:
    assert Right.REPORTERS in ALL
    assert Right(sum(Right)) == ALL


# What was near, and the case.


def test_the_page_shows_what_cameras_saw_near_it_about_that_time_within_ones_grants(
    town: Town, sender: Sender
) -> None:
    seen = town.somebody()
    data = b"clip" * 5000
    town.clip(seen, data)
    town.bring(data)
    sender.code()
    with town.db.reading() as conn:
        alert_id = conn.scalar(select(alerts.c.id).where(alerts.c.kind == "tip"))
        label = conn.scalar(select(cameras.c.label))
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    page = an.get(f"/alerts/{alert_id}").text
    assert f'href="/alerts/{seen.alert_id}"' in page
    assert 'href="/media/' in page
    assert str(label) in page
    chi = Visitor(sender.app).sign_in("chi", PASSWORD)  # sees, plays no clips
    page = chi.get(f"/alerts/{alert_id}").text
    assert f'href="/alerts/{seen.alert_id}"' in page
    assert 'href="/media/' not in page


def test_the_footage_of_a_tip_just_after_midnight_begins_on_the_evening_before(
    town: Town, sender: Sender
) -> None:
    town.allow("an", Right.SEARCH | Right.CLIPS)
    day = sender.app.state.site.calendar("en").local(town.clock.now().utc_us) - timedelta(days=3)
    sender.code(day=f"{day:%Y-%m-%d}", clock="00:10")
    page = Visitor(sender.app).sign_in("an", PASSWORD).get(f"/alerts/{only(town, alerts.c.id)}")
    before = day - timedelta(days=1)
    assert f"day={before:%Y-%m-%d}&amp;since=23%3A40&amp;until=00%3A40" in page.text


@pytest.mark.promise("Tips and households: A picture of a tip is drawn anew before it is shown.")
def test_a_tip_starts_a_case_whose_members_have_the_pictures_as_they_came(
    town: Town, sender: Sender, keeper: Visitor
) -> None:
    content = photo()
    code_in(sender.send(pictures=[("x.jpg", content)]))
    picture_id, alert_id = only(town, tip_pictures.c.id), only(town, alerts.c.id)
    into = f"/alerts/{alert_id}/tip/case"
    wrong = keeper.post(into, number="", purpose="trộm xe")
    assert wrong.status_code == 422
    assert "needs a number" in text_of(wrong)
    started = keeper.post(into, number="HS 7", purpose="trộm xe")
    assert started.status_code == 303
    page = keeper.get(started.headers["location"])
    assert "Có người phá khóa xe" in page.text
    original = keeper.get(f"/tips/pictures/{picture_id}/original")
    assert original.content == content
    assert original.headers["content-type"] == "application/octet-stream"
    assert "attachment" in original.headers["content-disposition"]
    binh = Visitor(sender.app).sign_in("binh", PASSWORD)
    assert binh.get(f"/tips/pictures/{picture_id}/original").status_code == 404
    assert binh.post(into, case=started.headers["location"].rpartition("/")[2]).status_code == 404
    assert binh.post(into, number="HS 8", purpose="x").status_code == 404  # opens no cases
    with town.db.reading() as conn:
        acts = set(conn.scalars(select(audit.c.act)))
        seen = conn.execute(select(audit).where(audit.c.act == "tip.original")).one()
    assert {"case.tip", "tip.case", "tip.original", "tip.original.refused"} <= acts
    assert (seen.object_kind, seen.object_id) == ("tip_picture", picture_id)


def test_who_is_not_in_its_case_reads_the_tip_but_not_the_number_and_takes_it_nowhere(
    town: Town, sender: Sender, keeper: Visitor
) -> None:
    sender.code()
    alert_id = only(town, alerts.c.id)
    into = f"/alerts/{alert_id}/tip/case"
    case = keeper.post(into, number="HS 7", purpose="trộm xe").headers["location"]
    assert "HS 7" in keeper.get(f"/alerts/{alert_id}").text
    town.allow("an", ALL, area_id=town.top)
    an = Visitor(sender.app).sign_in("an", PASSWORD)
    own = an.post("/cases", number="HS 9", purpose="x").headers["location"].rpartition("/")[2]
    page = an.get(f"/alerts/{alert_id}").text
    assert "Có người phá khóa xe" in page
    assert "HS 7" not in page
    assert f'action="{into}"' not in page
    assert an.post(into, case=own).status_code == 404
    assert an.post(into, number="HS 10", purpose="x").status_code == 404
    assert "HS 10" not in an.get("/cases").text
    assert "Có người phá khóa xe" in keeper.get(case).text


def test_a_hub_that_takes_no_tips_has_no_such_page(town: Town) -> None:
    town.resources.tip_box = None
    town.make_services()
    anybody = Visitor(town.app())
    for path in ("/tips", "/tips/follow"):
        assert anybody.get(path).status_code == 404
    assert "/tips" not in anybody.get("/watched").text


def test_the_phone_may_be_asked_where_it_is_on_the_form_alone(sender: Sender) -> None:
    anybody = sender.visitor
    assert "geolocation=(self)" in anybody.get("/tips").headers["permissions-policy"]
    assert "geolocation=()" in anybody.get("/watched").headers["permissions-policy"]


# Apps that people use already.


def told(**fields: object) -> dict[str, object]:
    return {
        "id": "vneid-1",
        "what": "Mất xe",
        "latitude_deg": 11.5352,
        "longitude_deg": 106.6217,
        "has_consent": True,
        **fields,
    }


def app_key(town: Town, name: str = "VNeID") -> str:
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=11.535, longitude_deg=106.62))
        return api_keys.add_key(conn, name, town.clock.now())


def bring(app: Visitor, key: str, **fields: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return app.send("POST", "/api/tips", json=told(**fields), headers=headers)


@pytest.mark.promise("Tips and households: A tip comes by an endpoint with a key.")
def test_an_app_brings_a_tip_by_its_key_and_the_same_id_is_the_same_tip(town: Town) -> None:
    key, app = app_key(town), Visitor(town.app())
    first = bring(app, key, pictures=[base64.b64encode(photo()).decode()], name="Lan")
    assert first.status_code == 201, first.text
    again = bring(app, key, what="other words")
    assert (again.status_code, again.json()) == (201, first.json())
    assert bring(app, key, id="vneid-2").json() != first.json()
    with town.db.reading() as conn:
        rows = conn.execute(select(tips)).all()
        assert len(rows) == 2
        assert {row.source for row in rows} == {"VNeID"}
        assert len(conn.execute(select(tip_pictures)).all()) == 1
        assert len(conn.execute(select(alerts)).all()) == 2
    other = app_key(town, "Zalo")
    assert bring(app, other).json() != first.json()  # its own ids are another's


@pytest.mark.promise("Tips and households: A tip comes by an endpoint with a key.")
def test_a_wrong_or_a_revoked_key_brings_nothing(town: Town) -> None:
    key, app = app_key(town), Visitor(town.app())
    assert bring(app, "wrong").status_code == 401
    with town.db.writing() as conn:
        assert key not in str(conn.execute(select(tip_keys_table)).all())
        api_keys.revoke_key(conn, "VNeID", town.clock.now())
        with pytest.raises(api_keys.TipKeyError, match="no app called VNeID"):
            api_keys.revoke_key(conn, "VNeID", town.clock.now())
        with pytest.raises(api_keys.TipKeyError, match="choose another name"):
            api_keys.add_key(conn, "VNeID", town.clock.now())
        acts = conn.scalars(select(audit.c.act).where(audit.c.act.like("tip_key%"))).all()
    assert acts == ["tip_key.add", "tip_key.revoke"]
    assert bring(app, key).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status_code"),
    [
        ({"has_consent": False}, 422),
        ({"what": " "}, 422),
        ({"latitude_deg": 9.0, "longitude_deg": 110.0}, 422),
        ({"happened": "2099-01-01T00:00:00+07:00"}, 422),
        ({"happened": "0001-01-01T00:00:00+07:00"}, 422),
        ({"pictures": ["%%%"]}, 422),
        ({"pictures": ["PHN2Zy8+"]}, 422),
        ({"pictures": [""] * 4}, 422),
        ({"unknown": 1}, 422),
    ],
)
def test_what_an_app_sends_wrong_is_said_and_not_kept(
    town: Town, fields: dict[str, object], status_code: int
) -> None:
    key, app = app_key(town), Visitor(town.app())
    assert bring(app, key, **fields).status_code == status_code
    with town.db.reading() as conn:
        assert conn.execute(select(tips)).all() == []


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"id":'])
def test_what_comes_without_a_key_is_not_looked_at(town: Town, content: bytes) -> None:
    app, key = Visitor(town.app()), app_key(town)
    for said, status_code in (("wrong", 401), (key, 422)):
        headers = {"Authorization": f"Bearer {said}", "Content-Type": "application/json"}
        answer = app.send("POST", "/api/tips", content=content, headers=headers)
        assert answer.status_code == status_code


@pytest.mark.promise("Tips and households: A tip comes by an endpoint with a key.")
def test_an_app_that_sends_without_end_waits(town: Town) -> None:
    key, site = app_key(town), town.app()
    limits = site.state.limits
    limits.now_s = lambda: 0.0
    while limits.wait_s(APP_TIPS, "VNeID") == 0:
        pass
    assert bring(Visitor(site), key).status_code == 429
    assert rule_of("POST", "/api/tips") is APPS
